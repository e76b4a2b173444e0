"""What was answered under which idempotency key: stored with the entry, in its database transaction."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from service.domain.transactions import Transaction
from service.storage.rowsets import BulkInsert
from service.storage.tables import idempotency

_INSERT = BulkInsert(idempotency, ("digest", "fingerprint", "transaction_id", "refusal"))


class Remembered(NamedTuple):
    """An outcome as it was answered: the entry, or the refusal's JSON text. `fingerprint` tells what was asked."""

    digest: UUID
    fingerprint: UUID
    transaction: Transaction | None = None
    refusal: str | None = None


def insert(connection: sa.Connection, outcomes: Sequence[Remembered]) -> None:
    """Stores outcomes.

    Raises sqlalchemy.exc.IntegrityError when another process answered one of these keys in the meantime.
    """
    _INSERT.run(
        connection,
        [
            (o.digest, o.fingerprint, None if o.transaction is None else o.transaction.transaction_id, o.refusal)
            for o in outcomes
        ],
    )
