"""Requests that come again under their idempotency key, where what they did is no transaction.

What was answered is remembered in the transaction that did it, sealed as other answers are. No name and no number is
in it: those are read again, and can't have changed.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from service.domain.errors import IdempotencyKeyReused, Refusal
from service.domain.idempotency import answer_message
from service.ledger import Ledger
from service.storage import idempotency, residents
from service.storage.engine import Connection
from service.storage.idempotency import Remembered


@dataclass(slots=True)
class Attempt:
    """A request under an idempotency key: the digest that names it, the fingerprint of what it means.

    `told` is what was answered to an earlier request with the key; None while there was none.
    """

    digest: bytes
    fingerprint: bytes
    told: dict[str, Any] | None = None


def look_back(connection: Connection, ledger: Ledger, attempt: Attempt | None) -> dict[str, Any] | None:
    """What was answered before, which `attempt` then says too. Raises IdempotencyKeyReused for another request.

    Takes the lock of registrations: of requests with one key at the same time, the second sees what the first did.
    """
    residents.lock_registrations(connection)
    before = None if attempt is None else idempotency.find_text(connection, attempt.digest)
    if attempt is None or before is None:
        return None
    seal, text = before
    message = answer_message(attempt.digest, attempt.fingerprint, text.encode())
    if not ledger.vault.signets.answers.fits(seal, message):
        raise IdempotencyKeyReused("This key was used for another request; send a new key for a new request.")
    attempt.told = orjson.loads(text)["told"]
    return attempt.told


def remember(connection: Connection, ledger: Ledger, attempt: Attempt | None, **told: object) -> None:
    """Remembers what is answered; without a key there is nothing to remember it by."""
    if attempt is None:
        return
    text = orjson.dumps({"told": told, "fingerprint": attempt.fingerprint.hex()}).decode()
    message = answer_message(attempt.digest, attempt.fingerprint, text.encode())
    seal = ledger.vault.signets.answers.seal(message)
    idempotency.insert(connection, [Remembered(attempt.digest, seal, refusal=text)])


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
