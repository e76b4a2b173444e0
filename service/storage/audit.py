"""Writes and reads the audit: which keys revealed or changed data, added a rule file, or read signals."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service.domain.transactions import MARKET_TIME
from service.storage.keys import Recorder, recorder_of
from service.storage.tables import api_key, audit

PLACE_MAX = 2**63 - 1
_ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One record of the audit. `audit_id` grows in the order in which the records were written.

    A record about no resident has 0 in its column.
    """

    audit_id: int
    at: datetime.datetime
    action: str
    resident: int | None
    reason: str
    recorded_by: Recorder | None
    request_id: str


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Filters of the audit; the days are business days, both included."""

    resident: int | None = None
    action: str | None = None
    api_key: int | None = None
    from_day: datetime.date | None = None
    to_day: datetime.date | None = None


def insert(
    connection: sa.Connection,
    *,
    at: datetime.datetime,
    api_key: int,
    action: str,
    ordinal: int,
    reason: str,
    request_id: str,
) -> int:
    """Adds one record of the audit, and returns its id: which key did what to which resident, and why."""
    added = sa.insert(audit).values(
        at=at, api_key=api_key, action=action, resident=ordinal, reason=reason, request_id=request_id
    )
    audit_id: int = connection.execute(added.returning(audit.c.id)).scalar_one()
    return audit_id


def list_records(
    connection: sa.Connection, filters: AuditFilters, before: int | None, limit: int
) -> Sequence[AuditRecord]:
    """Up to `limit` records with an id below `before`, newest first."""
    wanted = sa.select(audit, api_key.c.name).join(api_key, api_key.c.id == audit.c.api_key, isouter=True)
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    for condition in _conditions(filters):
        wanted = wanted.where(condition)
    return [
        AuditRecord(
            row.id,
            row.at,
            row.action,
            row.resident or None,
            row.reason,
            recorder_of(row.api_key, row.name),
            row.request_id,
        )
        for row in connection.execute(wanted.order_by(audit.c.id.desc()).limit(limit))
    ]


def _conditions(filters: AuditFilters) -> Iterator[sa.ColumnElement[bool]]:
    if filters.resident is not None:
        yield audit.c.resident == filters.resident
    if filters.action is not None:
        yield audit.c.action == filters.action
    if filters.api_key is not None:
        yield audit.c.api_key == filters.api_key
    if filters.from_day is not None:
        yield audit.c.at >= _midnight(filters.from_day)
    # There is no day after the last day of the calendar, and no record can be on it.
    if filters.to_day is not None and filters.to_day < datetime.date.max:
        yield audit.c.at < _midnight(filters.to_day + _ONE_DAY)


def _midnight(day: datetime.date) -> datetime.datetime:
    """The instant at which a business day begins."""
    return datetime.datetime(day.year, day.month, day.day, tzinfo=MARKET_TIME)
