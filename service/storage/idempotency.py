"""What was answered under which idempotency key: stored with the entry, in its database transaction."""

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from service.domain.transactions import Transaction
from service.storage.columns import Uuid
from service.storage.journal import transaction_of
from service.storage.rowsets import BulkInsert, row_set, rows_parameter
from service.storage.tables import idempotency, journal

_INSERT = BulkInsert(idempotency, ("digest", "fingerprint", "transaction_id", "refusal"))


@dataclass(frozen=True, slots=True)
class Remembered:
    """An outcome as it was answered: the entry, or the refusal's JSON text. `fingerprint` tells what was asked."""

    digest: UUID
    fingerprint: UUID
    transaction: Transaction | None = None
    refusal: str | None = None


def find(connection: sa.Connection, digests: Collection[UUID]) -> dict[UUID, Remembered]:
    """The outcomes that are known for these digests, entries included, in one statement."""
    rows = connection.execute(
        _finding_statement(connection.dialect.name), {"digests": rows_parameter({"digest": d} for d in digests)}
    )
    return {
        row.digest: Remembered(
            row.digest, row.fingerprint, None if row.seq is None else transaction_of(row), row.refusal
        )
        for row in rows
    }


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


@functools.cache
def _finding_statement(dialect: str) -> sa.Select[Any]:
    digests = row_set(dialect, "digests", {"digest": Uuid})
    return (
        sa.select(idempotency.c.digest, idempotency.c.fingerprint, idempotency.c.refusal, journal)
        .select_from(digests)
        .join(idempotency, idempotency.c.digest == digests.c.digest)
        .outerjoin(journal, journal.c.transaction_id == idempotency.c.transaction_id)
    )
