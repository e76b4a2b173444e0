"""Sums the live trades that the filters of a list let through, from the journal itself.

The database gives the live trades one by one, and this module counts the distinct residents of each day in bitmaps, as
cells do. In SQL each of the eight distinct counts would sort all trades once more.
"""

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from pyroaring import BitMap

from service.domain.entry_totals import EntryTotals, LiveSums, largest_first
from service.storage.columns import as_stored
from service.storage.entry_filters import IS_REVERSED, VERDICT, TransactionFilters, conditions
from service.storage.tables import journal

ROWS_AT_ONCE = 5000

_Group = tuple[int | None, str, str]
"""What the totals tell apart: who recorded a trade, its category and its verdict."""
_Collected = dict[_Group, "_Collecting"]


class _Collecting:
    """The trades of one group while they are read: sums, and the residents of each day."""

    def __init__(self) -> None:
        self.transactions = self.quantity_g = self.amount_fen = self.exempt_fen = 0
        self.days: defaultdict[int, list[int]] = defaultdict(list)


def totals_of(connection: sa.Connection, filters: TransactionFilters) -> EntryTotals:
    """The totals of the live trades, and the number of reversals that the same filters let through."""
    wanted = list(conditions(filters))
    groups = _collect(connection, wanted)
    reversals = sa.select(sa.func.count()).select_from(journal).where(journal.c.reverses.is_not(None), *wanted)
    return EntryTotals(
        total=_merged(groups.values()),
        by_recorder=largest_first(_grouped(groups, operator.itemgetter(0))),
        by_category=largest_first(_grouped(groups, operator.itemgetter(1))),
        by_verdict=largest_first(_grouped(groups, operator.itemgetter(2))),
        reversals=connection.execute(reversals).scalar_one(),
    )


def _collect(connection: sa.Connection, wanted: Iterable[sa.ColumnElement[bool]]) -> _Collected:
    column = journal.c
    measures = (column.resident, as_stored(column.day), column.quantity_g, column.amount_fen, column.exempt_fen)
    live = sa.select(column.recorded_by, column.category, VERDICT, *measures).where(
        column.reverses.is_(None), ~IS_REVERSED, *wanted
    )
    groups: _Collected = {}
    with connection.execute(live.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for recorder, category, verdict, resident, day, quantity_g, amount_fen, exempt_fen in rows:
            group = recorder, category, verdict
            found = groups.get(group)
            if found is None:
                found = groups[group] = _Collecting()
            found.transactions += 1
            found.quantity_g += quantity_g
            found.amount_fen += amount_fen
            found.exempt_fen += exempt_fen
            found.days[day].append(resident)
    return groups


def _grouped(groups: _Collected, key: Callable[[_Group], Any]) -> dict[Any, LiveSums]:
    parts: defaultdict[Any, list[_Collecting]] = defaultdict(list)
    for group, collected in groups.items():
        parts[key(group)].append(collected)
    return {name: _merged(some) for name, some in parts.items()}


def _merged(parts: Iterable[_Collecting]) -> LiveSums:
    """The sums of several groups. A resident who is in more than one of them is counted once."""
    parts = list(parts)
    days: defaultdict[int, BitMap] = defaultdict(BitMap)
    for part in parts:
        for day, residents in part.days.items():
            days[day].update(residents)
    return LiveSums(
        transactions=sum(part.transactions for part in parts),
        participations=sum(map(len, days.values())),
        residents=len(BitMap.union(*days.values())) if days else 0,
        quantity_g=sum(part.quantity_g for part in parts),
        amount_fen=sum(part.amount_fen for part in parts),
        exempt_fen=sum(part.exempt_fen for part in parts),
    )
