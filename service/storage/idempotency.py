"""What was answered under which idempotency key: stored with the entry, in its database transaction."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from service.domain.transactions import Transaction
from service.storage.columns import raw_digest, raw_uuid
from service.storage.rowsets import BulkInsert
from service.storage.tables import idempotency

_INSERT = BulkInsert(idempotency, ("digest", "fingerprint", "transaction_id", "refusal"))


class Remembered(NamedTuple):
    """An outcome as it was answered: the entry, or the refusal's JSON text. `fingerprint` tells what was asked."""

    digest: bytes
    fingerprint: bytes
    transaction: Transaction | None = None
    refusal: str | None = None


def is_answered(connection: sa.Connection, digest: bytes) -> bool:
    """Whether something was answered under a key."""
    asked = sa.select(idempotency.c.digest).where(idempotency.c.digest == UUID(bytes=digest))
    return connection.execute(asked).first() is not None


def insert(connection: sa.Connection, outcomes: Sequence[Remembered]) -> None:
    """Stores outcomes.

    Raises sqlalchemy.exc.IntegrityError when another process answered one of these keys in the meantime.
    """
    raw, raw_id = raw_digest(connection.dialect.name), raw_uuid(connection.dialect.name)
    _INSERT.run(
        connection,
        [
            (
                raw(o.digest),
                raw(o.fingerprint),
                None if o.transaction is None else raw_id(o.transaction.transaction_id),
                o.refusal,
            )
            for o in outcomes
        ],
    )
