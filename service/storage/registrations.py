"""Loads the registrations of residents for reports: each process loads all of them once, and later the changed ones."""

import datetime
import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from service.domain.groups import group_id
from service.domain.registry import Person
from service.storage.ledger_state import Registrations
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import resident, resident_group, resident_status

NOTHING: Registrations = (0, 0, 0)

_Memberships = dict[int, tuple[tuple[datetime.date, str | None], ...]]


def load_changed(connection: sa.Connection, after: Registrations) -> Iterator[tuple[int, Person]]:
    """Yields the residents about whom something was recorded after this state, as they are now.

    After NOTHING it yields all residents.
    """
    ordinals = None if after == NOTHING else _changed(connection, after)
    if ordinals is not None and not ordinals:
        return
    cancelled = _cancelled(connection, ordinals)
    memberships = _memberships(connection, ordinals)
    wanted = sa.select(
        resident.c.ordinal, resident.c.registered_on, resident.c.valid_until, resident.c.settlement
    ).order_by(resident.c.ordinal)
    for ordinal, registered_on, valid_until, settlement in _of(connection, wanted, resident.c.ordinal, ordinals):
        yield (
            ordinal,
            Person(registered_on, valid_until, cancelled.get(ordinal), settlement, memberships.get(ordinal, ())),
        )


def _changed(connection: sa.Connection, after: Registrations) -> set[int]:
    wanted = sa.union(
        sa.select(resident.c.ordinal).where(resident.c.ordinal > after[0]),
        sa.select(resident_status.c.resident).where(resident_status.c.id > after[1]),
        sa.select(resident_group.c.resident).where(resident_group.c.id > after[2]),
    )
    return set(connection.execute(wanted).scalars())


def _cancelled(connection: sa.Connection, ordinals: Collection[int] | None) -> dict[int, datetime.date]:
    wanted = (
        sa.select(resident_status.c.resident, sa.func.min(resident_status.c.effective_on))
        .where(resident_status.c.status == "cancelled")
        .group_by(resident_status.c.resident)
    )
    return dict(_of(connection, wanted, resident_status.c.resident, ordinals))


def _memberships(connection: sa.Connection, ordinals: Collection[int] | None) -> _Memberships:
    column = resident_group.c
    wanted = sa.select(column.resident, column.effective_on, column.market_group).order_by(
        column.resident, column.effective_on, column.id
    )
    rows = _of(connection, wanted, column.resident, ordinals)
    return {
        # When two memberships begin on one day, the one that was recorded later counts.
        ordinal: tuple({day: None if group is None else group_id(group) for _, day, group in own}.items())
        for ordinal, own in itertools.groupby(rows, key=lambda row: row[0])
    }


def _of(
    connection: sa.Connection, wanted: sa.Select[Any], column: sa.Column[int], ordinals: Collection[int] | None
) -> Iterable[Any]:
    if ordinals is None:
        return connection.execute(wanted).all()
    chosen = row_set(connection.dialect.name, "ordinals", {"ordinal": sa.Integer})
    wanted = wanted.where(column.in_(sa.select(chosen.c.ordinal)))
    return connection.execute(wanted, {"ordinals": rows_parameter({"ordinal": ordinal} for ordinal in ordinals)}).all()
