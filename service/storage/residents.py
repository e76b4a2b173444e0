"""Stores and reads residents, groups, dated statuses and memberships."""

import datetime
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.domain.residents import Eligibility, StatusChange
from service.storage.keys import Recorder, recorder_of
from service.storage.resident_cache import dated_columns, eligibility_of
from service.storage.tables import api_key, market_group, resident, resident_group, resident_status

_REGISTRATION_LOCK = 0x48555348  # "HUSH", so that another user of advisory locks is unlikely to pick it.


@dataclass(frozen=True, slots=True)
class ResidentRow:
    """A stored resident: eligibility, cipher texts (only service.vault decrypts them), and the time of registration."""

    eligibility: Eligibility
    number_encrypted: bytes
    name_encrypted: bytes
    created_at: datetime.datetime
    recorded_by: Recorder | None = None
    """The key that registered the resident; None in rows from before it was recorded."""


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of residents; `members` is the number of its members on the day that the caller asked for."""

    ordinal: int
    name: str
    kind: str
    created_at: datetime.datetime
    members: int
    recorded_by: Recorder | None = None


@dataclass(frozen=True, slots=True)
class ResidentFilters:
    """Filters for the list of residents; status and group are those on one day."""

    day: datetime.date
    status: str | None = None
    settlement: str | None = None
    group: int | None = None


def lock_registrations(connection: sa.Connection) -> None:
    """Waits until no other transaction records anything about residents, on PostgreSQL (SQLite has one writer).

    So facts become visible in the order of their ids, and a reader that knows all facts up to an id has missed none. A
    transaction must take this lock before any other lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_REGISTRATION_LOCK)))


def next_ordinal(connection: sa.Connection) -> int:
    """Takes the lock of registrations, and returns the next ordinal; ordinals have no gaps."""
    lock_registrations(connection)
    ordinal: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(resident.c.ordinal), 0) + 1)).scalar_one()
    return ordinal


def insert(connection: sa.Connection, rows: Sequence[ResidentRow], digests: Sequence[bytes]) -> None:
    """Adds residents, without memberships. Raises sqlalchemy.exc.IntegrityError when a digest is registered."""
    connection.execute(
        sa.insert(resident),
        [
            {
                "ordinal": row.eligibility.ordinal,
                "number_digest": digest,
                "number_encrypted": row.number_encrypted,
                "name_encrypted": row.name_encrypted,
                "registered_on": row.eligibility.registered_on,
                "valid_until": row.eligibility.valid_until,
                "settlement": row.eligibility.settlement,
                "created_at": row.created_at,
                "recorded_by": None if row.recorded_by is None else row.recorded_by.id,
            }
            for row, digest in zip(rows, digests, strict=True)
        ],
    )


def find_ordinal(connection: sa.Connection, digests: Collection[bytes]) -> int | None:
    """The first resident, or None, whose citizen number has one of these keyed digests, one for each index key."""
    return connection.execute(
        sa.select(resident.c.ordinal)
        .where(resident.c.number_digest.in_(list(digests)))
        .order_by(resident.c.ordinal)
        .limit(1)
    ).scalar_one_or_none()


def find_names(connection: sa.Connection, digests: Collection[bytes]) -> Sequence[tuple[bytes, int, bytes]]:
    """Digest, ordinal and encrypted name of the residents whose citizen numbers have these keyed digests."""
    wanted = sa.select(resident.c.number_digest, resident.c.ordinal, resident.c.name_encrypted)
    found = connection.execute(wanted.where(resident.c.number_digest.in_(list(digests))))
    return [(bytes(digest), ordinal, bytes(name)) for digest, ordinal, name in found]


def first_and_last(connection: sa.Connection) -> Sequence[tuple[int, bytes, bytes, bytes]]:
    """Ordinal, digest, encrypted number and name of the first and of the last resident; empty without residents."""
    ends = (sa.select(end(resident.c.ordinal)).scalar_subquery() for end in (sa.func.min, sa.func.max))
    wanted = sa.select(
        resident.c.ordinal, resident.c.number_digest, resident.c.number_encrypted, resident.c.name_encrypted
    ).where(resident.c.ordinal.in_(list(ends)))
    return [(row[0], bytes(row[1]), bytes(row[2]), bytes(row[3])) for row in connection.execute(wanted)]


def find_row(connection: sa.Connection, ordinal: int) -> ResidentRow | None:
    """The stored resident with this ordinal; None when there is none."""
    row = connection.execute(
        _rows_statement(connection.dialect.name).where(resident.c.ordinal == ordinal)
    ).one_or_none()
    return None if row is None else _resident_of(row)


def find_rows(connection: sa.Connection, ordinals: Collection[int]) -> dict[int, ResidentRow]:
    """Those of these residents who exist, by their ordinals."""
    wanted = _rows_statement(connection.dialect.name).where(resident.c.ordinal.in_(list(ordinals)))
    return {row.ordinal: _resident_of(row) for row in connection.execute(wanted)}


def list_rows(connection: sa.Connection, filters: ResidentFilters, after: int, limit: int) -> Sequence[ResidentRow]:
    """Up to `limit` residents with an ordinal above `after`, in order."""
    wanted = _rows_statement(connection.dialect.name).where(resident.c.ordinal > after)
    for condition in _conditions(filters):
        wanted = wanted.where(condition)
    return [_resident_of(row) for row in connection.execute(wanted.order_by(resident.c.ordinal).limit(limit))]


def _conditions(filters: ResidentFilters) -> Iterable[sa.ColumnElement[bool]]:
    if filters.settlement is not None:
        yield resident.c.settlement == filters.settlement
    if filters.group is not None:
        yield _newest(resident_group, resident_group.c.market_group, filters.day) == filters.group
    if filters.status is None:
        return
    expired = resident.c.valid_until.is_not(None) & (resident.c.valid_until < filters.day)
    recorded = sa.func.coalesce(_status_on(filters.day), "active")
    # "expired" is not recorded anywhere: it is an active resident whose validity has ended.
    yield recorded == ("active" if filters.status == "expired" else filters.status)
    if filters.status in {"active", "expired"}:
        yield expired if filters.status == "expired" else ~expired


def _status_on(day: datetime.date) -> sa.ScalarSelect[Any]:
    """The recorded status on a day, as Eligibility.status_on returns it: a cancellation goes before newer statuses."""
    is_cancellation = resident_status.c.status == "cancelled"
    return _newest(resident_status, resident_status.c.status, day, is_cancellation.desc())


def _newest(
    facts: sa.Table, column: sa.ColumnElement[Any], day: datetime.date, *first: sa.ColumnElement[Any]
) -> sa.ScalarSelect[Any]:
    """The value of a dated fact on a day, for the outer query's resident; facts are ordered by `first`, then by age."""
    return (
        sa.select(column)
        .where(facts.c.resident == resident.c.ordinal, facts.c.effective_on <= day)
        .order_by(*first, facts.c.effective_on.desc(), facts.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def add_status(
    connection: sa.Connection,
    ordinal: int,
    change: StatusChange,
    reason: str,
    recorded_at: datetime.datetime,
    recorded_by: int,
) -> int:
    """Adds a dated status and returns its id; `recorded_by` is the id of an API key."""
    added = sa.insert(resident_status).values(
        resident=ordinal,
        effective_on=change.effective_on,
        status=change.status,
        reason=reason,
        recorded_at=recorded_at,
        recorded_by=recorded_by,
    )
    status_id: int = connection.execute(added.returning(resident_status.c.id)).scalar_one()
    return status_id


def add_members(
    connection: sa.Connection,
    group: int,
    days: Mapping[int, datetime.date],
    recorded_at: datetime.datetime,
    recorded_by: int,
) -> Sequence[int]:
    """Adds memberships, each from the resident's day on, and returns their ids; `recorded_by` is an API key's id."""
    if not days:
        return []
    added = connection.execute(
        sa.insert(resident_group).returning(resident_group.c.id),
        [
            {
                "resident": ordinal,
                "effective_on": day,
                "market_group": group,
                "recorded_at": recorded_at,
                "recorded_by": recorded_by,
            }
            for ordinal, day in days.items()
        ],
    )
    return added.scalars().all()


def insert_group(
    connection: sa.Connection, name: str, kind: str, created_at: datetime.datetime, recorded_by: int
) -> int:
    """Adds a group and returns its ordinal; `recorded_by` is the id of an API key.

    The command has to check that no other group has the same name and kind. There is no constraint for it, because
    older ledgers have such groups.
    """
    lock_registrations(connection)
    ordinal: int = connection.execute(
        sa.select(sa.func.coalesce(sa.func.max(market_group.c.ordinal), 0) + 1)
    ).scalar_one()
    added = {"ordinal": ordinal, "name": name, "kind": kind, "created_at": created_at, "recorded_by": recorded_by}
    connection.execute(sa.insert(market_group).values(added))
    return ordinal


def find_group(connection: sa.Connection, ordinal: int, day: datetime.date) -> Group | None:
    """The group with this ordinal and the number of its members on a day; None when there is none."""
    row = connection.execute(_groups_statement(day).where(market_group.c.ordinal == ordinal)).one_or_none()
    return None if row is None else _group_of(row)


def list_groups(connection: sa.Connection, day: datetime.date, after: int, limit: int) -> Sequence[Group]:
    """Up to `limit` groups with an ordinal above `after`, in order."""
    wanted = _groups_statement(day).where(market_group.c.ordinal > after).order_by(market_group.c.ordinal).limit(limit)
    return [_group_of(row) for row in connection.execute(wanted)]


def group_names(connection: sa.Connection) -> dict[int, str]:
    """The names of all groups, by their ordinals."""
    named = connection.execute(sa.select(market_group.c.ordinal, market_group.c.name))
    return {row.ordinal: row.name for row in named}


def _groups_statement(day: datetime.date) -> sa.Select[Any]:
    newer = resident_group.alias("newer")
    superseded = (
        sa.select(newer.c.id)
        .where(
            newer.c.resident == resident_group.c.resident,
            newer.c.effective_on <= day,
            sa.tuple_(newer.c.effective_on, newer.c.id) > sa.tuple_(resident_group.c.effective_on, resident_group.c.id),
        )
        .exists()
    )
    members = (
        sa.select(sa.func.count())
        .select_from(resident_group)
        .where(
            resident_group.c.market_group == market_group.c.ordinal, resident_group.c.effective_on <= day, ~superseded
        )
        .scalar_subquery()
    )
    return sa.select(market_group, members.label("members"), _recorder_name(market_group))


def _group_of(row: sa.Row[Any]) -> Group:
    recorder = recorder_of(row.recorded_by, row.recorder_name)
    return Group(row.ordinal, row.name, row.kind, row.created_at, row.members, recorder)


def _recorder_name(rows: sa.Table) -> sa.Label[Any]:
    """The name of the key that recorded a row of this table."""
    name = sa.select(api_key.c.name).where(api_key.c.id == rows.c.recorded_by)
    return name.scalar_subquery().label("recorder_name")


@functools.cache
def _rows_statement(dialect: str) -> sa.Select[Any]:
    return sa.select(resident, _recorder_name(resident), *dated_columns(dialect))


def _resident_of(row: sa.Row[Any]) -> ResidentRow:
    eligibility = eligibility_of(
        row.ordinal, row.registered_on, row.valid_until, row.settlement, row.statuses, row.memberships
    )
    recorder = recorder_of(row.recorded_by, row.recorder_name)
    return ResidentRow(eligibility, row.number_encrypted, row.name_encrypted, row.created_at, recorder)
