"""Looks at a ledger after a power cut: is everything there that was acknowledged before, once, and does it verify?"""

import contextlib
import pathlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping

import structlog
from flask.testing import FlaskClient

from service.app import create_app
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.verifying import Wrong, verify
from tests.recounting import read_journal
from tests.torture.asking import Log, Request
from tests.torture.checking import (
    LIST,
    Findings,
    _mark_of,
    _told_of,
    compare_transfers,
    compare_with_list,
    contracts_in,
)
from tests.torture.disks.places import disk_of, engine_in, give_to_postgresql

RETRIED = 4
"""How many requests that were acknowledged, and how many whose answer the cut took, are sent again."""


@contextlib.contextmanager
def opened_image(engine: str, image: pathlib.Path, environment: Mapping[str, str]) -> Iterator[Ledger]:
    """The ledger in an image, with its engine as after the start of a machine."""
    if engine == "postgresql":
        # A machine that starts again has other processes; here the one that was recorded may still run.
        (disk_of(engine, image) / "postmaster.pid").unlink(missing_ok=True)
        disk_of(engine, image).chmod(0o700)
        give_to_postgresql(image)
    with engine_in(engine, image) as (url, _):
        ledger = open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url}))
        try:
            yield ledger
        finally:
            ledger.database.close()


def look_at_url(
    environment: Mapping[str, str], log: Log, chance: random.Random, headers: Mapping[str, str]
) -> Findings:
    """What is wrong with the ledger of these variables, which no other process has open."""
    ledger = open_ledger(read_settings(environment))
    try:
        return look(ledger, log, chance, headers)
    finally:
        ledger.database.close()


def answered_before(log: Log, at_s: float) -> Log:
    """What clients knew at a moment: an answer that came later is unknown."""
    known = Log()
    for request in log:
        is_known = not request.is_unknown and request.acknowledged_at < at_s
        known.add(
            request if is_known else Request(request.kind, request.path, request.body, request.key, request.marks)
        )
    return known


def look(ledger: Ledger, log: Log, chance: random.Random, headers: Mapping[str, str]) -> Findings:
    """Compares the ledger with what its clients know, value by value, and sends some requests again."""
    found = Findings(acknowledged=log.acknowledged)
    entries = read_journal(ledger)
    there, marks = Counter(str(entry.transaction_id) for entry in entries), Counter(map(_mark_of, entries))
    found.lost += [f"{each} is not in the journal" for each in _told_of(log) if each not in there]
    for counted in (there, marks):
        found.doubled += [f"{each} is in the journal {count} times" for each, count in counted.items() if count > 1]
    sent = {mark for request in log for mark in (*request.marks, request.key.removeprefix("k-"))}
    # The parts of a truck bear the truck's own mark, and the resident.
    found.wrong += [f"{mark} was never sent" for mark in marks if mark.partition("/")[0] not in sent]
    try:
        verify(ledger)
    except Wrong as wrong:
        found.wrong.append(f"hushi verify: {wrong}")
    compare_transfers(log, contracts_in(ledger), found, has_unknown=True)
    with structlog.testing.capture_logs():
        app = create_app(ledger)
        client = app.test_client()
        listed = client.get(LIST, headers=headers)
        compare_with_list(log, entries, listed.status_code, listed.data, found)
        _ask_again(client, log, set(marks), chance, found, headers)
        app.extensions["hushi"].committer.close()
    return found


def _ask_again(
    client: FlaskClient, log: Log, there: set[str], chance: random.Random, found: Findings, headers: Mapping[str, str]
) -> None:
    trades = [request for request in log if request.kind == "trade"]
    acknowledged = [request for request in trades if request.is_acknowledged]
    unanswered = [request for request in trades if request.is_unknown and request.marks[0] in there]
    for request in (*_some(acknowledged, chance), *_some(unanswered, chance)):
        keyed = {**headers, "Idempotency-Key": request.key}
        answer = client.post(request.path, json=request.body, headers=keyed)
        is_replay = answer.headers.get("Idempotency-Replayed") == "true"
        if answer.status_code != 201 or not is_replay or (request.is_acknowledged and answer.json != request.answer):
            found.wrong.append(f"{request.key} was asked again: {answer.status_code} {'' if is_replay else 'anew'}")


def _some(requests: list[Request], chance: random.Random) -> list[Request]:
    return chance.sample(requests, min(RETRIED, len(requests)))
