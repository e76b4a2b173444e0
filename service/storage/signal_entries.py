"""Finds the live trades behind signals: their sums, and the ids of the oldest of them, for all signals of a rule."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.signals import IDS_MAX, EntryScope, EntrySums
from service.storage.columns import DayType, InstantType, day_number, microseconds
from service.storage.rowsets import ColumnType, row_set, rows_parameter
from service.storage.signals import is_live_in
from service.storage.tables import journal

_IS_IMPORT = journal.c.direction == "import"


class EntryWay(NamedTuple):
    """How the trades of signals are found: the values of each signal, and how a trade of the journal fits them."""

    columns: Mapping[str, ColumnType]
    values: Callable[[EntryScope], Iterable[Mapping[str, object]]]
    fits: Callable[[Any], sa.ColumnElement[bool]]
    by_day: bool = False
    """Whether an index of days finds the trades; otherwise SQLite, which has no statistics, must not use it."""


def _of_consignment(scope: EntryScope) -> Iterable[Mapping[str, object]]:
    yield {"trade_point": min(scope.trade_points or ()), "consignment": scope.consignment}


def _of_plate(scope: EntryScope) -> Iterable[Mapping[str, object]]:
    day = day_number(scope.first_day)
    yield {"trade_point": min(scope.trade_points or ()), "plate": scope.vehicle_plate, "first": day}


def _of_key(scope: EntryScope) -> Iterable[Mapping[str, object]]:
    assert scope.recorded_from is not None
    assert scope.recorded_to is not None
    first, last = microseconds(scope.recorded_from), microseconds(scope.recorded_to)
    yield {"api_key": scope.api_key, "first": first, "last": last}


def _of_resident(scope: EntryScope) -> Iterable[Mapping[str, object]]:
    first, last = day_number(scope.first_day), day_number(scope.last_day)
    yield {"resident": scope.resident, "first": first, "last": last}


def _of_places(scope: EntryScope) -> Iterable[Mapping[str, object]]:
    return ({"place": place} for place in scope.places)


def _of_declarant(scope: EntryScope) -> Iterable[Mapping[str, object]]:
    return ({"declarant": scope.declarant, "resident": buyer} for buyer in scope.buyers)


BY_CONSIGNMENT = EntryWay(
    {"trade_point": sa.Text, "consignment": sa.Text},
    _of_consignment,
    lambda row: (journal.c.trade_point == row.trade_point) & (journal.c.consignment == row.consignment) & _IS_IMPORT,
)
BY_PLATE = EntryWay(
    {"trade_point": sa.Text, "plate": sa.Text, "first": DayType},
    _of_plate,
    lambda row: (
        (journal.c.trade_point == row.trade_point)
        & (journal.c.vehicle_plate == row.plate)
        & (journal.c.day == row.first)
        & journal.c.consignment.is_(None)
        & _IS_IMPORT
    ),
    by_day=True,
)
_KEY = EntryWay(
    {"api_key": sa.Integer, "first": InstantType, "last": InstantType},
    _of_key,
    lambda row: (journal.c.recorded_by == row.api_key) & journal.c.recorded_at.between(row.first, row.last),
)
_RESIDENT = EntryWay(
    {"resident": sa.Integer, "first": DayType, "last": DayType},
    _of_resident,
    lambda row: (journal.c.resident == row.resident) & journal.c.day.between(row.first, row.last) & _IS_IMPORT,
)
_PLACES = EntryWay({"place": sa.BigInteger}, _of_places, lambda row: journal.c.seq == row.place)
_DECLARANT = EntryWay(
    {"declarant": sa.Integer, "resident": sa.Integer},
    _of_declarant,
    lambda row: (journal.c.declarant == row.declarant) & (journal.c.resident == row.resident),
    by_day=True,
)


def find_entries(connection: sa.Connection, scopes: Sequence[EntryScope]) -> list[EntrySums]:
    """The trades behind signals, in the order of their scopes."""
    found: dict[int, EntrySums] = {}
    by_way: dict[int, list[int]] = {}
    ways = [_way_of(scope) for scope in scopes]
    for place, way in enumerate(ways):
        by_way.setdefault(id(way), []).append(place)
    for places in by_way.values():
        found |= _find(connection, ways[places[0]], {place: scopes[place] for place in places})
    return [found.get(place, EntrySums(0, 0, 0, ())) for place in range(len(scopes))]


def _way_of(scope: EntryScope) -> EntryWay:
    named = (
        (scope.places, _PLACES), (scope.consignment, BY_CONSIGNMENT), (scope.vehicle_plate, BY_PLATE),
        (scope.api_key, _KEY), (scope.declarant, _DECLARANT), (scope.resident, _RESIDENT),
    )  # fmt: skip
    return next(way for value, way in named if value)


class Behind(NamedTuple):
    """The rows of some scopes, how a live trade fits one, and the parameter with the rows' values."""

    rows: sa.FromClause
    condition: sa.ColumnElement[bool]
    parameters: Mapping[str, str]


def behind(connection: sa.Connection, way: EntryWay, scopes: Mapping[int, EntryScope]) -> Behind:
    """How the trades of some scopes are found; the column `no` of the rows is the number of the scope."""
    some = next(iter(scopes.values()))
    whole = EntryScope(
        min(scope.first_day for scope in scopes.values()),
        max(scope.last_day for scope in scopes.values()),
        # A consignment and a plate name their own trade point.
        None if some.consignment or some.vehicle_plate else some.trade_points,
    )
    columns: dict[str, ColumnType] = {"no": sa.Integer, **way.columns}
    rows = row_set(connection.dialect.name, "signals", columns)
    values = rows_parameter({"no": no, **one} for no, scope in scopes.items() for one in way.values(scope))
    return Behind(rows, sa.and_(way.fits(rows.c), *is_live_in(whole, by_day=way.by_day)), {"signals": values})


def _find(connection: sa.Connection, way: EntryWay, scopes: Mapping[int, EntryScope]) -> dict[int, EntrySums]:
    """The sums and ids by the number of the scope. Each of the two statements finds the trades of all scopes."""
    found = behind(connection, way, scopes)
    sums = (
        sa.select(
            found.rows.c.no,
            sa.func.count(),
            sa.func.count(journal.c.resident.distinct()),
            sa.func.sum(journal.c.amount_fen),
        )
        .select_from(found.rows.join(journal, found.condition))
        .group_by(found.rows.c.no)
    )
    ids = _oldest_ids(connection, found)
    return {
        no: EntrySums(transactions, residents, int(amount_fen), ids.get(no, ()))
        for no, transactions, residents, amount_fen in connection.execute(sums, found.parameters)
    }


def _oldest_ids(connection: sa.Connection, found: Behind) -> dict[int, list[object]]:
    no = found.rows.c.no
    rank = sa.func.row_number().over(partition_by=no, order_by=journal.c.seq).label("rank")
    ranked = (
        sa.select(no, journal.c.seq, rank).select_from(found.rows.join(journal, found.condition)).subquery("ranked")
    )
    wanted = (
        sa.select(ranked.c.no, journal.c.transaction_id)
        .join(journal, journal.c.seq == ranked.c.seq)
        .where(ranked.c.rank <= IDS_MAX)
        .order_by(ranked.c.no, ranked.c.seq)
    )
    ids: dict[int, list[object]] = {}
    for number, transaction_id in connection.execute(wanted, found.parameters):
        ids.setdefault(number, []).append(transaction_id)
    return ids
