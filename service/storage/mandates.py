"""Stores mandates and their withdrawals, and finds the mandates under which a representative declares."""

import datetime
import functools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.domain.mandates import Mandate, MandatedPair
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import mandate, mandate_withdrawal


@dataclass(frozen=True, slots=True)
class MandateFilters:
    """The filters of the list of mandates; `day` keeps those that hold on a day."""

    representative: int | None = None
    resident: int | None = None
    day: datetime.date | None = None


def insert(
    connection: sa.Connection,
    pairs: Collection[MandatedPair],
    valid_from: datetime.date,
    valid_until: datetime.date,
    recorded_at: datetime.datetime,
    recorded_by: int,
) -> Sequence[int]:
    """Adds a mandate for each pair, all with one term, under the next numbers, and returns the numbers in order.

    The caller holds the lock of registrations.
    """
    if not pairs:
        return []
    first: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(mandate.c.id), 0) + 1)).scalar_one()
    term = {"valid_from": valid_from, "valid_until": valid_until}
    recorded = {"recorded_at": recorded_at, "recorded_by": recorded_by}
    rows = [{"id": number, **pair._asdict(), **term, **recorded} for number, pair in enumerate(pairs, first)]
    connection.execute(sa.insert(mandate), rows)
    return [first + place for place in range(len(rows))]


def insert_withdrawal(
    connection: sa.Connection,
    number: int,
    effective_on: datetime.date,
    reason: str,
    recorded_at: datetime.datetime,
    recorded_by: int,
) -> int:
    """Adds the withdrawal of a mandate, and returns its id.

    The caller holds the lock of registrations, and has looked for an earlier withdrawal.
    """
    added = sa.insert(mandate_withdrawal).values(
        mandate=number, effective_on=effective_on, reason=reason, recorded_at=recorded_at, recorded_by=recorded_by
    )
    withdrawal_id: int = connection.execute(added.returning(mandate_withdrawal.c.id)).scalar_one()
    return withdrawal_id


def find(connection: sa.Connection, numbers: Collection[int]) -> dict[int, Mandate]:
    """Those of these mandates that exist, by their numbers."""
    chosen = row_set(connection.dialect.name, "chosen", {"number": sa.BigInteger})
    wanted = _mandates().join(chosen, chosen.c.number == mandate.c.id)
    rows = connection.execute(wanted, {"chosen": rows_parameter({"number": number} for number in numbers)})
    return {one.number: one for one in map(_mandate_of, rows)}


def find_of_pairs(connection: sa.Connection, pairs: Collection[MandatedPair]) -> dict[MandatedPair, list[Mandate]]:
    """All mandates of these pairs, the oldest first, in one statement."""
    found: dict[MandatedPair, list[Mandate]] = {pair: [] for pair in pairs}
    rows = connection.execute(
        _of_pairs(connection.dialect.name), {"pairs": rows_parameter(pair._asdict() for pair in pairs)}
    )
    for one in map(_mandate_of, rows):
        found[MandatedPair(one.representative, one.resident)].append(one)
    return found


def list_page(connection: sa.Connection, filters: MandateFilters, before: int | None, limit: int) -> Sequence[Mandate]:
    """Up to `limit` mandates with a number below `before`, newest first."""
    wanted = _mandates().order_by(mandate.c.id.desc()).limit(limit).where(*_conditions(filters))
    if before is not None:
        wanted = wanted.where(mandate.c.id < before)
    return [_mandate_of(row) for row in connection.execute(wanted)]


def _conditions(filters: MandateFilters) -> Iterable[sa.ColumnElement[bool]]:
    if filters.representative is not None:
        yield mandate.c.representative == filters.representative
    if filters.resident is not None:
        yield mandate.c.resident == filters.resident
    if filters.day is not None:
        ended_on = mandate_withdrawal.c.effective_on
        yield mandate.c.valid_from <= filters.day
        yield mandate.c.valid_until >= filters.day
        yield ended_on.is_(None) | (ended_on > filters.day)


@functools.cache
def _of_pairs(dialect: str) -> sa.Select[Any]:
    pairs = row_set(dialect, "pairs", {"representative": sa.Integer, "resident": sa.Integer})
    is_its_pair = (mandate.c.representative == pairs.c.representative) & (mandate.c.resident == pairs.c.resident)
    return _mandates().join(pairs, is_its_pair).order_by(mandate.c.id)


def _mandates() -> sa.Select[Any]:
    withdrawn = mandate_withdrawal.c.effective_on.label("withdrawn_from")
    return sa.select(mandate, withdrawn).select_from(
        mandate.outerjoin(mandate_withdrawal, mandate_withdrawal.c.mandate == mandate.c.id)
    )


def _mandate_of(row: Any) -> Mandate:
    return Mandate(
        number=row.id,
        representative=row.representative,
        resident=row.resident,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        withdrawn_from=row.withdrawn_from,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
    )
