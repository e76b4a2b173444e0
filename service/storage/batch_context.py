"""What a batch begins with, in one statement: the outcomes known for its keys, and the state it is judged in."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.storage import revisions
from service.storage.columns import Uuid
from service.storage.idempotency import Remembered
from service.storage.journal import entry_of
from service.storage.lineage import RegisterHead, head_columns, head_of
from service.storage.prepared import Prepared, digest_of
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import api_key, fact, idempotency, journal, resident_group, resident_status


class BatchContext(NamedTuple):
    """`known` are the outcomes by digest; `facts` grow whenever a status or a membership of a resident is recorded.

    `register` is the head of the register, `mac_at_known` what the register has at the number that was asked for.
    """

    known: Mapping[bytes, Remembered]
    revoked_keys: frozenset[int]
    facts: tuple[int, int]
    register: RegisterHead
    mac_at_known: bytes | None


def read(connection: sa.Connection, digests: Collection[bytes], known_fact: int = 0) -> BatchContext:
    """The context of a batch with these digests of idempotency keys; `known_fact` is a number in the register.

    Raises OtherRevision.
    """
    rows: Sequence[Any] = _STATEMENT.run(
        connection,
        digests=rows_parameter({"digest": digest.hex()} for digest in digests),
        known_fact=str(known_fact),
    ).all()
    revision, revoked, status, membership, no, mac, mac_at_known = rows[0][:7]
    revisions.refuse_other(revision)
    return BatchContext(
        known=dict(_remembered(row[7:]) for row in rows if row[7] is not None),
        revoked_keys=frozenset(map(int, revoked.split(","))) if revoked else _NONE,
        facts=(status or 0, membership or 0),
        register=head_of(no, mac),
        mac_at_known=None if mac_at_known is None else bytes(mac_at_known),
    )


def _remembered(row: Sequence[Any]) -> tuple[bytes, Remembered]:
    digest, mac, refusal = digest_of(row[0]), digest_of(row[1]), row[2]
    return digest, Remembered(digest, mac, None if row[3] is None else entry_of(row[3:]), refusal)


_NONE: frozenset[int] = frozenset()


def _statement(dialect: str) -> sa.Select[tuple[object, ...]]:
    revoked = sa.select(sa.func.string_agg(sa.cast(api_key.c.id, sa.Text), sa.literal_column("','"))).where(
        api_key.c.revoked_at.is_not(None)
    )
    newest = [sa.select(sa.func.max(facts.c.id)).scalar_subquery() for facts in (resident_status, resident_group)]
    known_fact = sa.cast(sa.bindparam("known_fact", type_=sa.Text), sa.Integer)
    at_known = sa.select(fact.c.mac).where(fact.c.no == known_fact).scalar_subquery()
    columns = [revisions.STORED, revoked.scalar_subquery(), *newest, *head_columns(), at_known]
    state = sa.select(*(column.label(f"s{place}") for place, column in enumerate(columns))).subquery("state")
    digests = row_set(dialect, "digests", {"digest": Uuid})
    known = (
        sa.select(idempotency.c.digest, idempotency.c.mac, idempotency.c.refusal, *journal.c)
        .select_from(digests)
        .join(idempotency, idempotency.c.digest == digests.c.digest)
        .outerjoin(journal, journal.c.transaction_id == idempotency.c.transaction_id)
        .subquery("known")
    )
    # There is always one row, with the state alone when no key is known.
    return sa.select(state, known).select_from(state.outerjoin(known, sa.true()))


_STATEMENT = Prepared(_statement)
