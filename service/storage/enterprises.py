"""Stores enterprises and their dated statuses."""

import datetime
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, cast

import sqlalchemy as sa

from service.domain.enterprises import ENTERPRISE_KINDS, Enterprise, EnterpriseKind, NewEnterprise, name_form
from service.domain.residents import Status, StatusChange
from service.storage.tables import enterprise, enterprise_status

ROWS_AT_ONCE = 500


class EnterpriseFilters(NamedTuple):
    """The filters of the list of enterprises; the status is that on `day`, `name` is a part of the name."""

    day: datetime.date
    kind: EnterpriseKind | None = None
    status: str | None = None
    name: str | None = None


class DatedStatus(NamedTuple):
    """A status of an enterprise as it was recorded last, with its reason."""

    change: StatusChange
    reason: str


def next_number(connection: sa.Connection) -> int:
    """The next number; numbers have no gaps. The caller holds the lock of registrations."""
    number: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(enterprise.c.id), 0) + 1)).scalar_one()
    return number


def insert(
    connection: sa.Connection, number: int, stated: NewEnterprise, recorded_at: datetime.datetime, recorded_by: int
) -> None:
    """Adds an enterprise. The caller holds the lock of registrations, and has looked for its credit code."""
    connection.execute(
        sa.insert(enterprise).values(
            id=number,
            name=stated.name,
            credit_code=stated.credit_code,
            processor="processor" in stated.kinds,
            trader="trader" in stated.kinds,
            valid_from=stated.valid_from,
            valid_until=stated.valid_until,
            recorded_at=recorded_at,
            recorded_by=recorded_by,
        )
    )


def insert_status(
    connection: sa.Connection,
    number: int,
    status: DatedStatus,
    recorded_at: datetime.datetime,
    recorded_by: int,
) -> int:
    """Adds a dated status, and returns its id. The caller holds the lock of registrations."""
    added = sa.insert(enterprise_status).values(
        enterprise=number,
        effective_on=status.change.effective_on,
        status=status.change.status,
        reason=status.reason,
        recorded_at=recorded_at,
        recorded_by=recorded_by,
    )
    status_id: int = connection.execute(added.returning(enterprise_status.c.id)).scalar_one()
    return status_id


def find_by_code(connection: sa.Connection, credit_code: str) -> int | None:
    """The number of the enterprise with this credit code; None when there is none."""
    wanted = sa.select(enterprise.c.id).where(enterprise.c.credit_code == credit_code)
    return connection.execute(wanted).scalar_one_or_none()


def find(connection: sa.Connection, numbers: Collection[int]) -> dict[int, Enterprise]:
    """Those of these enterprises that exist, by their numbers."""
    wanted = sa.select(enterprise).where(enterprise.c.id.in_(list(numbers)))
    return {one.number: one for one in _with_statuses(connection, wanted)}


def newest_status(connection: sa.Connection, number: int) -> DatedStatus | None:
    """The status of an enterprise that was recorded last; None without one."""
    own = enterprise_status.c
    wanted = sa.select(own.effective_on, own.status, own.reason).where(own.enterprise == number)
    row = connection.execute(wanted.order_by(own.id.desc()).limit(1)).one_or_none()
    return None if row is None else DatedStatus(StatusChange(row.effective_on, row.status), row.reason)


def list_page(connection: sa.Connection, filters: EnterpriseFilters, after: int, limit: int) -> Sequence[Enterprise]:
    """Up to `limit` enterprises with a number above `after`, in order.

    The domain decides which status an enterprise has, and what is a part of its name. A market has some hundreds of
    enterprises, so these are compared here, some at a time.
    """
    found: list[Enterprise] = []
    for one in _read_after(connection, filters.kind, after):
        if _fits(one, filters):
            found.append(one)
        if len(found) == limit:
            break
    return found


def _read_after(connection: sa.Connection, kind: EnterpriseKind | None, after: int) -> Iterator[Enterprise]:
    wanted = sa.select(enterprise).order_by(enterprise.c.id).limit(ROWS_AT_ONCE)
    if kind is not None:
        wanted = wanted.where(enterprise.c[kind])
    while rows := _with_statuses(connection, wanted.where(enterprise.c.id > after)):
        yield from rows
        after = rows[-1].number


def _fits(one: Enterprise, filters: EnterpriseFilters) -> bool:
    if filters.name is not None and name_form(filters.name) not in name_form(one.name):
        return False
    return filters.status is None or one.shown_on(filters.day) == filters.status


def _with_statuses(connection: sa.Connection, wanted: sa.Select[Any]) -> list[Enterprise]:
    rows = connection.execute(wanted).all()
    statuses: dict[int, list[StatusChange]] = {row.id: [] for row in rows}
    own = enterprise_status.c
    dated = sa.select(own.enterprise, own.effective_on, own.status).where(own.enterprise.in_(list(statuses)))
    for number, day, status in connection.execute(dated.order_by(own.effective_on, own.id)) if rows else ():
        statuses[number].append(StatusChange(day, cast(Status, status)))
    return [
        Enterprise(
            number=row.id,
            name=row.name,
            credit_code=row.credit_code,
            kinds=tuple(kind for kind in ENTERPRISE_KINDS if getattr(row, kind)),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
            statuses=statuses[row.id],
        )
        for row in rows
    ]
