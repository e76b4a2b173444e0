"""Answers requests that come again under their idempotency key, for requests that make no entry in the journal.

The database transaction of the first request also stores its answer, with a MAC like other answers. The stored answer
holds no name and no citizen number: these are read again, and can't have changed. Refusals by a business rule are
stored as well.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from service.commands.refused import refusal_of, refusal_text
from service.domain.errors import IdempotencyKeyReused, Refusal
from service.domain.idempotency import answer_message
from service.ledger import Ledger
from service.storage import idempotency, residents
from service.storage.engine import Connection
from service.storage.idempotency import Remembered


@dataclass(slots=True)
class Attempt:
    """A request under an idempotency key: the digest that names it, the fingerprint of its meaning, and its id.

    `told` is the answer to an earlier request with the key; None when there was no such request. A refusal that is not
    final is not remembered: an import may send the same again, when what was missing is there.
    """

    digest: bytes
    fingerprint: bytes
    request_id: str
    told: dict[str, Any] | None = None
    refusal_is_final: bool = True


@contextlib.contextmanager
def writing_once(ledger: Ledger, attempt: Attempt | None) -> Iterator[tuple[Connection, dict[str, Any] | None]]:
    """Opens a transaction, and gives its connection and the answer to an earlier request with the same key.

    The answer is None for the first request. A refusal that is raised inside and is a final answer is remembered, so
    the code inside must not have written anything before it raises one. Raises that refusal, the refusal that an
    earlier request got, and IdempotencyKeyReused.
    """
    with ledger.database.writing() as connection:
        before, refusal = _look_back(connection, ledger, attempt)
        if refusal is None:
            try:
                yield connection, before
            except Refusal as raised:
                if not raised.remembered or (attempt is not None and not attempt.refusal_is_final):
                    raise
                if attempt is not None:
                    text = refusal_text(raised, attempt.request_id, attempt.fingerprint)
                    _remember(connection, ledger, attempt, text)
                refusal = raised
    # The refusal is raised after the commit, because the transaction remembers the refusal. The commit also makes
    # durable what the refusal names.
    if refusal is not None:
        raise refusal


def _look_back(
    connection: Connection, ledger: Ledger, attempt: Attempt | None
) -> tuple[dict[str, Any] | None, Refusal | None]:
    """The answer to an earlier request, or its refusal; an answer is noted in `attempt` too.

    It takes the lock of registrations. So when two requests with one key come at the same time, the second sees what
    the first did.
    """
    residents.lock_registrations(connection)
    before = None if attempt is None else idempotency.find_text(connection, attempt.digest)
    if attempt is None or before is None:
        return None, None
    mac, text = before
    message = answer_message(attempt.digest, attempt.fingerprint, text.encode())
    if not ledger.vault.macs.answers.fits(mac, message):
        raise IdempotencyKeyReused("This key was used for another request; send a new key for a new request.")
    document = orjson.loads(text)
    if "told" not in document:
        return None, refusal_of(document)
    attempt.told = document["told"]
    return attempt.told, None


def remember(connection: Connection, ledger: Ledger, attempt: Attempt | None, **told: object) -> None:
    """Remembers the answer under the request's key. Without a key it does nothing."""
    if attempt is None:
        return
    _remember(
        connection, ledger, attempt, orjson.dumps({"told": told, "fingerprint": attempt.fingerprint.hex()}).decode()
    )


def _remember(connection: Connection, ledger: Ledger, attempt: Attempt, text: str) -> None:
    message = answer_message(attempt.digest, attempt.fingerprint, text.encode())
    mac = ledger.vault.macs.answers.mac_of(message)
    idempotency.insert(connection, [Remembered(attempt.digest, mac, refusal=text)])


@contextlib.contextmanager
def refusing_durably(ledger: Ledger, *refusals: type[Refusal]) -> Iterator[None]:
    """Delays a refusal that names recorded data until these data are as durable as after a commit.

    A refused transaction is rolled back, and a rollback waits for nothing. Raises DatabaseUnavailable and
    OutcomeUnknown.
    """
    try:
        yield
    except refusals:
        if not ledger.database.is_sqlite:
            ledger.database.commit_nothing()
        raise
