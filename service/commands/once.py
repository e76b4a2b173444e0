"""Requests that come again under their idempotency key, where what they did is no transaction.

What was answered is remembered in the transaction that did it, with a MAC as other answers have. No name and no number
is in it: those are read again, and can't have changed. Refusals by a business rule are remembered as well.
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
    """A request under an idempotency key: the digest that names it, the fingerprint of what it means, its own id.

    `told` is what was answered to an earlier request with the key; None while there was none.
    """

    digest: bytes
    fingerprint: bytes
    request_id: str
    told: dict[str, Any] | None = None


@contextlib.contextmanager
def writing_once(ledger: Ledger, attempt: Attempt | None) -> Iterator[tuple[Connection, dict[str, Any] | None]]:
    """A transaction, and what was answered before to a request with the same key; None for the first one.

    A refusal that is a final answer is remembered: whoever raises one inside has written nothing yet. Raises it, the
    refusal that an earlier request got, and IdempotencyKeyReused.
    """
    with ledger.database.writing() as connection:
        before, refusal = _look_back(connection, ledger, attempt)
        if refusal is None:
            try:
                yield connection, before
            except Refusal as raised:
                if not raised.remembered:
                    raise
                if attempt is not None:
                    text = refusal_text(raised, attempt.request_id, attempt.fingerprint)
                    _remember(connection, ledger, attempt, text)
                refusal = raised
    # Only now, as the transaction has to be committed: it remembers the refusal, and what that names is as durable.
    if refusal is not None:
        raise refusal


def _look_back(
    connection: Connection, ledger: Ledger, attempt: Attempt | None
) -> tuple[dict[str, Any] | None, Refusal | None]:
    """What was answered before, which `attempt` then says too, or how it was refused.

    Takes the lock of registrations: of requests with one key at the same time, the second sees what the first did.
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
    """Remembers what is answered; without a key there is nothing to remember it by."""
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
    """Lets a refusal that names what is recorded wait until that is as durable as a fresh commit.

    A refused transaction is rolled back, which waits for nothing. Raises DatabaseUnavailable and OutcomeUnknown.
    """
    try:
        yield
    except refusals:
        if not ledger.database.is_sqlite:
            ledger.database.commit_nothing()
        raise
