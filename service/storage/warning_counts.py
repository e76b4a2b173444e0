"""Counts the warnings of live trades. No cell has this dimension, so they are counted in the journal, by its days."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from service.domain.groups import parse_group_id
from service.domain.periods import Period
from service.domain.transactions import FIELDS
from service.domain.warning_counts import WarningKey
from service.domain.warnings import CODES, RULE_NOT_VERIFIED
from service.storage.tables import journal

_COLUMNS = {field.dimension: field.column for field in FIELDS if field.dimension is not None}


def count_warnings(
    connection: sa.Connection, period: Period, filters: Mapping[str, Collection[str]]
) -> Mapping[WarningKey, int]:
    """The live trades of a period's business days that bear each warning, by the key that recorded them.

    Trades are counted first, and then those that were reversed are taken off: a reversal is on its trade's day.
    """
    counts: Counter[WarningKey] = Counter()
    trades = sa.select(*_counted(journal)).where(journal.c.reverses.is_(None), *_conditions(journal, period, filters))
    reversal = journal.alias("reversal")
    reversed_trades = (
        sa.select(*_counted(journal))
        .join(reversal, reversal.c.reverses == journal.c.transaction_id)
        .where(reversal.c.reverses.is_not(None), *_conditions(reversal, period, filters))
    )
    for wanted, sign in ((trades, 1), (reversed_trades, -1)):
        for recorded_by, *numbers in connection.execute(wanted.group_by(journal.c.recorded_by)):
            for code, number in zip(CODES, numbers, strict=True):
                counts[WarningKey(code, recorded_by)] += sign * int(number or 0)
    return counts


def _counted(table: sa.FromClause) -> Iterator[sa.ColumnElement[Any]]:
    """The key, and for each of CODES the number of entries that bear it."""
    yield table.c.recorded_by
    for code in CODES:
        # A parameter holds digits, ids and signs, and so no code.
        bears = table.c.rule_verified.is_(False) if code == RULE_NOT_VERIFIED else table.c.warnings.contains(code)
        yield sa.func.sum(sa.case((bears, 1), else_=0))


def _conditions(
    table: sa.FromClause, period: Period, filters: Mapping[str, Collection[str]]
) -> Iterator[sa.ColumnElement[bool]]:
    yield table.c.day.between(period.start, period.end)
    for dimension, values in filters.items():
        yield table.c[_COLUMNS[dimension]].in_(
            sorted(map(parse_group_id, values) if dimension == "group_id" else values)
        )
