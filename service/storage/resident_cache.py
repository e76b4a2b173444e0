"""The resident cache: a process looks up once what decides whether a resident may trade."""

import datetime
from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

import orjson
import sqlalchemy as sa

from service.domain.residents import Eligibility, Membership, Status, StatusChange
from service.storage.columns import day_of
from service.storage.prepared import Prepared
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import resident, resident_group, resident_status

ELIGIBILITIES_KNOWN_MAX = 100_000


class ResidentCache:
    """The eligibilities that a process has looked up; it forgets them when a status or a membership is recorded."""

    def __init__(self) -> None:
        """Begins without residents."""
        # Both are in one value, so that no thread sees the eligibilities of one state with the facts of another.
        self._known: tuple[tuple[int, ...], dict[int, Eligibility]] = ((), {})

    def find(
        self, connection: sa.Connection, ordinals: Collection[int], facts: tuple[int, ...]
    ) -> Mapping[int, Eligibility]:
        """The eligibilities of those of these residents who exist, and of others, at these newest facts or later.

        `facts` are the generation of the ledger (service.storage.lineage) and then the numbers of the newest facts.
        """
        told_at, known = self._known
        if told_at != facts or len(known) > ELIGIBILITIES_KNOWN_MAX:
            known = {}
            self._known = facts, known
        missing = [ordinal for ordinal in ordinals if ordinal not in known]
        if missing:
            known.update(find_eligibilities(connection, missing))
        return known


def find_eligibilities(connection: sa.Connection, ordinals: Collection[int]) -> dict[int, Eligibility]:
    """Reads the eligibilities of those of these residents who exist, in one statement."""
    rows: Iterable[Any] = _ELIGIBILITIES.run(
        connection, wanted=rows_parameter({"ordinal": ordinal} for ordinal in ordinals)
    )
    return {
        ordinal: eligibility_of(
            ordinal, day_of(registered_on), None if valid_until is None else day_of(valid_until), settlement, *dated
        )
        for ordinal, registered_on, valid_until, settlement, *dated in rows
    }


def eligibility_of(
    ordinal: int,
    registered_on: datetime.date,
    valid_until: datetime.date | None,
    settlement: str | None,
    statuses: str | None,
    memberships: str | None,
) -> Eligibility:
    """The eligibility in these columns; `statuses` and `memberships` are texts as `dated_columns` makes them."""
    return Eligibility(
        ordinal=ordinal,
        registered_on=registered_on,
        valid_until=valid_until,
        settlement=settlement,
        statuses=[StatusChange(day, cast(Status, value)) for day, value in _dated(statuses)],
        memberships=[Membership(day, value) for day, value in _dated(memberships)],
    )


def dated_columns(dialect: str) -> tuple[sa.ColumnElement[Any], ...]:
    """Columns for the statuses and the memberships of a row's resident, as JSON arrays of [effective_on, id, value]."""
    return (
        _facts(dialect, resident_status, resident_status.c.status).label("statuses"),
        _facts(dialect, resident_group, resident_group.c.market_group).label("memberships"),
    )


def _facts(dialect: str, facts: sa.Table, column: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    if dialect == "postgresql":
        collected = sa.func.json_agg(sa.func.json_build_array(facts.c.effective_on, facts.c.id, column))
    else:
        collected = sa.func.json_group_array(sa.func.json_array(facts.c.effective_on, facts.c.id, column))
    as_text = sa.cast(collected, sa.Text)
    return sa.select(as_text).where(facts.c.resident == resident.c.ordinal).scalar_subquery()


def _dated(text: str | None) -> list[tuple[datetime.date, Any]]:
    if text is None or text == "[]":
        return []
    return [(day_of(day), value) for day, _, value in sorted(orjson.loads(text), key=lambda fact: (fact[0], fact[1]))]


def _eligibilities(dialect: str) -> sa.Select[Any]:
    wanted = row_set(dialect, "wanted", {"ordinal": sa.Integer})
    columns = (resident.c.ordinal, resident.c.registered_on, resident.c.valid_until, resident.c.settlement)
    return sa.select(*columns, *dated_columns(dialect)).join(wanted, wanted.c.ordinal == resident.c.ordinal)


_ELIGIBILITIES = Prepared(_eligibilities)
