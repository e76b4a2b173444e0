"""The journal: inserting entries, finding the ones that a batch depends on, and paging through them."""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from service.domain.transactions import NO_METADATA, Transaction
from service.storage.columns import Uuid, day_number, day_of, instant_of, microseconds, raw_uuid
from service.storage.prepared import Prepared, uuid_of
from service.storage.rowsets import BulkInsert, row_set, rows_parameter
from service.storage.tables import journal

_COLUMNS = (
    "transaction_id", "resident", "day", "market_group", "quantity_g", "amount_fen", "exempt_fen", "exempt_quantity_g",
    "traded_at", "recorded_at", "category", "commodity", "origin", "direction", "trade_point", "rule_version",
    "hs_code", "list_group", "settlement", "consignment", "vehicle_plate", "seller", "reference",
    "refuse_over_allowance", "metadata", "reverses", "reason",
)  # fmt: skip
_INSERT = BulkInsert(journal, _COLUMNS)


@dataclass(frozen=True, slots=True)
class Related:
    """Entries of the journal that a batch depends on: by their own id, by the trade they reverse, by reference."""

    by_id: Mapping[UUID, Transaction]
    reversals: Mapping[UUID, Transaction]
    by_reference: Mapping[tuple[str, str], Transaction]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the journal, newest first; `next_seq` is where the following page begins, None at the end."""

    transactions: Sequence[Transaction]
    next_seq: int | None


@dataclass(frozen=True, slots=True)
class TransactionFilters:
    """What a statement page may be narrowed to; None leaves a column open, days are both included."""

    resident: int | None = None
    group: int | None = None
    category: str | None = None
    origin: str | None = None
    direction: str | None = None
    trade_point: str | None = None
    consignment: str | None = None
    from_day: datetime.date | None = None
    to_day: datetime.date | None = None


def insert(connection: sa.Connection, transactions: Sequence[Transaction]) -> None:
    """Adds entries in the order of their acceptance; they are the tail until they are folded.

    Raises sqlalchemy.exc.IntegrityError when another process took a reference or reversed a trade in the meantime.
    """
    raw_id = raw_uuid(connection.dialect.name)
    _INSERT.run(connection, [_row(transaction, raw_id) for transaction in transactions])


def _row(transaction: Transaction, raw_id: Callable[[UUID], object]) -> tuple[object, ...]:
    (
        transaction_id, resident, day, category, commodity, origin, hs_code, direction, trade_point, quantity_g,
        amount_fen, exempt_fen, exempt_quantity_g, list_group, rule_version, traded_at, recorded_at, group, settlement,
        consignment, vehicle_plate, seller, reference, refuses, metadata, reverses, reason,
    ) = transaction  # fmt: skip
    return (
        raw_id(transaction_id), resident, day_number(day), group, quantity_g, amount_fen, exempt_fen,
        exempt_quantity_g, microseconds(traded_at), microseconds(recorded_at), category, commodity, origin,
        direction, trade_point, rule_version, hs_code, list_group, settlement, consignment, vehicle_plate, seller,
        reference, True if refuses else None, orjson.dumps(metadata).decode() if metadata else None,
        None if reverses is None else raw_id(reverses), reason,
    )  # fmt: skip


def transaction_of(row: sa.Row[Any]) -> Transaction:
    """The entry of a row that was selected with the journal's columns."""
    return Transaction(
        transaction_id=row.transaction_id,
        resident=row.resident,
        day=row.day,
        category=row.category,
        commodity=row.commodity,
        origin=row.origin,
        hs_code=row.hs_code,
        direction=row.direction,
        trade_point=row.trade_point,
        quantity_g=row.quantity_g,
        amount_fen=row.amount_fen,
        exempt_fen=row.exempt_fen,
        exempt_quantity_g=row.exempt_quantity_g,
        list_group=row.list_group,
        rule_version=row.rule_version,
        traded_at=row.traded_at,
        recorded_at=row.recorded_at,
        group=row.market_group,
        settlement=row.settlement,
        consignment=row.consignment,
        vehicle_plate=row.vehicle_plate,
        seller=row.seller,
        reference=row.reference,
        refuse_over_allowance=bool(row.refuse_over_allowance),
        metadata=orjson.loads(row.metadata) if row.metadata else NO_METADATA,
        reverses=row.reverses,
        reason=row.reason,
    )


def entry_of(raw: Sequence[Any]) -> Transaction:
    """The entry of the driver's own values, in the order of the journal's columns."""
    (
        _, transaction_id, resident, day, group, quantity_g, amount_fen, exempt_fen, exempt_quantity_g, traded_at,
        recorded_at, category, commodity, origin, direction, trade_point, rule_version, hs_code, list_group, settlement,
        consignment, vehicle_plate, seller, reference, refuses, metadata, reverses, reason,
    ) = raw  # fmt: skip
    return Transaction(
        uuid_of(transaction_id), resident, day_of(day), category, commodity, origin, hs_code, direction, trade_point,
        quantity_g, amount_fen, exempt_fen, exempt_quantity_g, list_group, rule_version, instant_of(traded_at),
        instant_of(recorded_at), group, settlement, consignment, vehicle_plate, seller, reference, bool(refuses),
        orjson.loads(metadata) if metadata else NO_METADATA, None if reverses is None else uuid_of(reverses), reason,
    )  # fmt: skip


def find_related(
    connection: sa.Connection, transaction_ids: Iterable[UUID], references: Iterable[tuple[str, str]]
) -> Related:
    """The entries with these ids, the reversals of them, and the entries that bear these (trade point, reference)."""
    found = _RELATED.run(
        connection,
        ids=rows_parameter({"id": transaction_id} for transaction_id in transaction_ids),
        marks=rows_parameter({"trade_point": point, "reference": mark} for point, mark in references),
    )
    transactions = [entry_of(row) for row in found]
    return Related(
        by_id={t.transaction_id: t for t in transactions},
        reversals={t.reverses: t for t in transactions if t.reverses is not None},
        by_reference={(t.trade_point, t.reference): t for t in transactions if t.reference is not None},
    )


def _related(dialect: str) -> sa.Select[Any]:
    ids = row_set(dialect, "ids", {"id": Uuid})
    marks = row_set(dialect, "marks", {"trade_point": sa.Text, "reference": sa.Text})
    same_mark = (journal.c.trade_point == marks.c.trade_point) & (journal.c.reference == marks.c.reference)
    wanted = sa.union_all(
        sa.select(journal.c.seq).join(ids, journal.c.transaction_id == ids.c.id),
        sa.select(journal.c.seq).join(ids, journal.c.reverses == ids.c.id),
        # The partial index serves only where its condition is stated.
        sa.select(journal.c.seq).join(marks, same_mark).where(journal.c.reference.is_not(None)),
    ).subquery("wanted")
    # An entry may come twice, which changes nothing; looking for each one once would read the journal whole.
    return sa.select(journal).join(wanted, wanted.c.seq == journal.c.seq)


_RELATED = Prepared(_related)


def find_with_fate(connection: sa.Connection, transaction_id: UUID) -> tuple[Transaction, UUID | None, int] | None:
    """One entry, the id of its reversal if there is one, and its place."""
    reversal = journal.alias("reversal")
    row = connection.execute(
        sa.select(journal, reversal.c.transaction_id.label("reversed_by"))
        .outerjoin(reversal, reversal.c.reverses == journal.c.transaction_id)
        .where(journal.c.transaction_id == transaction_id)
    ).one_or_none()
    return None if row is None else (transaction_of(row), row.reversed_by, row.seq)


def list_page(connection: sa.Connection, filters: TransactionFilters, before_seq: int | None, limit: int) -> Page:
    """Up to `limit` entries older than `before_seq`, newest first. An entry keeps its place for ever."""
    wanted = sa.select(journal).order_by(journal.c.seq.desc()).limit(limit + 1)
    for condition in _conditions(filters):
        wanted = wanted.where(condition)
    if before_seq is not None:
        wanted = wanted.where(journal.c.seq < before_seq)
    rows = connection.execute(wanted).all()
    following = rows[limit - 1].seq if len(rows) > limit else None
    return Page([transaction_of(row) for row in rows[:limit]], following)


def _conditions(filters: TransactionFilters) -> Iterable[sa.ColumnElement[bool]]:
    columns = (
        (journal.c.resident, filters.resident),
        (journal.c.market_group, filters.group),
        (journal.c.category, filters.category),
        (journal.c.origin, filters.origin),
        (journal.c.direction, filters.direction),
        (journal.c.trade_point, filters.trade_point),
        (journal.c.consignment, filters.consignment),
    )
    yield from (column == value for column, value in columns if value is not None)
    if filters.from_day is not None:
        yield journal.c.day >= filters.from_day
    if filters.to_day is not None:
        yield journal.c.day <= filters.to_day


def newest_seq(connection: sa.Connection) -> int:
    """The highest place; zero when there is no entry."""
    found: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(journal.c.seq), 0))).scalar_one()
    return found


def find_seq(connection: sa.Connection, transaction_id: UUID) -> int | None:
    """The place of an entry in the journal, or None."""
    wanted = sa.select(journal.c.seq).where(journal.c.transaction_id == transaction_id)
    found: int | None = connection.execute(wanted).scalar_one_or_none()
    return found


def find_range(connection: sa.Connection, first_seq: int, last_seq: int) -> list[Transaction]:
    """The entries of a range of places, both included, in order."""
    wanted = sa.select(journal).where(journal.c.seq.between(first_seq, last_seq)).order_by(journal.c.seq)
    return [transaction_of(row) for row in connection.execute(wanted)]
