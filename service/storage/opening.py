"""What a batch begins with, in one statement: the outcomes known for its keys, and the state it is judged in."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.storage.columns import Uuid
from service.storage.idempotency import Remembered
from service.storage.journal import entry_of
from service.storage.prepared import Prepared, digest_of
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import api_key, idempotency, journal, resident_group, resident_status


class Opening(NamedTuple):
    """`known` are the outcomes by digest; `facts` grow whenever a status or a membership of a resident is recorded."""

    known: Mapping[bytes, Remembered]
    revoked_keys: frozenset[int]
    facts: tuple[int, int]


def read(connection: sa.Connection, digests: Collection[bytes]) -> Opening:
    """The opening of a batch with these digests of idempotency keys."""
    rows: Sequence[Any] = _STATEMENT.run(
        connection, digests=rows_parameter({"digest": digest.hex()} for digest in digests)
    ).all()
    revoked, status, membership = rows[0][:3]
    known = {}
    for row in rows:
        if row[3] is not None:
            digest, seal, refusal = digest_of(row[3]), digest_of(row[4]), row[5]
            transaction = None if row[6] is None else entry_of(row[6:])
            known[digest] = Remembered(digest, seal, transaction, refusal)
    return Opening(known, frozenset(map(int, revoked.split(","))) if revoked else _NONE, (status or 0, membership or 0))


_NONE: frozenset[int] = frozenset()


def _statement(dialect: str) -> sa.Select[tuple[object, ...]]:
    revoked = sa.select(sa.func.string_agg(sa.cast(api_key.c.id, sa.Text), sa.literal_column("','"))).where(
        api_key.c.revoked_at.is_not(None)
    )
    newest = [sa.select(sa.func.max(facts.c.id)).scalar_subquery() for facts in (resident_status, resident_group)]
    state = sa.select(revoked.scalar_subquery().label("revoked"), *newest).subquery("state")
    digests = row_set(dialect, "digests", {"digest": Uuid})
    known = (
        sa.select(idempotency.c.digest, idempotency.c.seal, idempotency.c.refusal, *journal.c)
        .select_from(digests)
        .join(idempotency, idempotency.c.digest == digests.c.digest)
        .outerjoin(journal, journal.c.transaction_id == idempotency.c.transaction_id)
        .subquery("known")
    )
    # There is always one row, with the state alone when no key is known.
    return sa.select(state, known).select_from(state.outerjoin(known, sa.true()))


_STATEMENT = Prepared(_statement)
