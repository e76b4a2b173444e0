"""Counts in the journal what the rules of signals compare. No cell knows consignments, keys, prices or declarants.

Only live trades count. Each statement reads the days that are asked about by their index, once.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from service.domain.allowance import NO_LIST_GROUP
from service.domain.periods import month_end
from service.domain.signal_rules import KeyTrade, PricedTrade, limit_days_before
from service.domain.signals import LIMIT_DAYS_MIN, LIMIT_PERCENT_MIN, EntryScope
from service.domain.transactions import Direction
from service.storage.columns import as_stored, day_number, instant_of
from service.storage.entry_filters import IS_REVERSED, WITHOUT_INDEX
from service.storage.tables import allowance_use, journal

ROWS_AT_ONCE = 10_000

USED_FEN, LIMIT_FEN = (
    sa.cast(column, sa.BigInteger) for column in (allowance_use.c.exempt_fen, allowance_use.c.limit_fen)
)
IS_AT_LIMIT = (USED_FEN > 0) & (USED_FEN * 100 >= LIMIT_FEN * LIMIT_PERCENT_MIN)
"""Whether the resident of an allowance is at the limit on its day."""
IS_ITS_DAY = (
    (allowance_use.c.resident == journal.c.resident)
    & (allowance_use.c.day == journal.c.day)
    & (allowance_use.c.list_group == NO_LIST_GROUP)
)
"""Whether an allowance is that of a trade's resident and day."""


def is_live_in(asked: EntryScope, *, by_day: bool = True) -> list[sa.ColumnElement[bool]]:
    """The conditions of a live trade on the days and at the trade points that are asked about.

    With `by_day` the database may find the trades by the index of days.
    """
    day = journal.c.day if by_day else WITHOUT_INDEX["day"]
    found = [journal.c.reverses.is_(None), ~IS_REVERSED, day.between(asked.first_day, asked.last_day)]
    if asked.trade_points is not None:
        found.append(journal.c.trade_point.in_(sorted(asked.trade_points)))
    return found


def read_trades(connection: sa.Connection, asked: EntryScope) -> Iterator[KeyTrade]:
    """The trades of API keys, by key and then by time. The command line's own trades are no trades of a key."""
    recorded_by, recorded_at = journal.c.recorded_by, as_stored(journal.c.recorded_at)
    wanted = (
        sa.select(recorded_by, recorded_at, journal.c.resident)
        .where(*is_live_in(asked), recorded_by > 0)
        .order_by(recorded_by, recorded_at, journal.c.seq)
    )
    with connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for api_key, at, resident in rows:
            yield KeyTrade(api_key, instant_of(at), resident)


def days_at_limit(connection: sa.Connection, asked: EntryScope) -> Mapping[int, Sequence[datetime.date]]:
    """The days at the limit of each resident who has enough of them for a signal; they ascend, each once.

    They begin before the days that are asked about, as 30 days that end in these do. A day counts where the resident
    has an import at the trade points; the limit is one for all of them.
    """
    reaching_back = EntryScope(limit_days_before(asked.period), asked.last_day, asked.trade_points)
    days = (
        sa.select(journal.c.resident, journal.c.day)
        .join(allowance_use, IS_ITS_DAY)
        .where(*is_live_in(reaching_back), journal.c.direction == "import", IS_AT_LIMIT)
        .distinct()
        .cte("days")
    )
    often = sa.select(days.c.resident).group_by(days.c.resident).having(sa.func.count() >= LIMIT_DAYS_MIN)
    wanted = sa.select(days.c.resident, days.c.day).where(days.c.resident.in_(often))
    found: dict[int, list[datetime.date]] = defaultdict(list)
    for resident, day in connection.execute(wanted.order_by(days.c.resident, days.c.day)):
        found[resident].append(day)
    return found


def prices_of(connection: sa.Connection, asked: EntryScope) -> Mapping[tuple[str, Direction], Sequence[PricedTrade]]:
    """The trades of the calendar month that the days belong to, at all trade points, by commodity and direction."""
    month = EntryScope(asked.first_day.replace(day=1), month_end(asked.first_day.year, asked.first_day.month))
    columns = journal.c.commodity, journal.c.direction, journal.c.seq, journal.c.amount_fen, journal.c.quantity_g
    wanted = sa.select(*columns, as_stored(journal.c.day), journal.c.trade_point).where(*is_live_in(month))
    points, first, last = asked.trade_points, day_number(asked.first_day), day_number(asked.last_day)
    found: dict[tuple[str, Direction], list[PricedTrade]] = defaultdict(list)
    with connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for commodity, direction, seq, amount_fen, quantity_g, day, trade_point in rows:
            is_asked = first <= day <= last and (points is None or trade_point in points)
            found[commodity, direction].append(PricedTrade(seq, amount_fen, quantity_g, is_asked))
    return found


def never_declaring(connection: sa.Connection, asked: EntryScope) -> Mapping[int, Sequence[int]]:
    """For each representative, the buyers who have no live trade in the whole ledger that they declared themselves."""
    pairs = (
        sa.select(journal.c.declarant, journal.c.resident)
        .where(*is_live_in(asked), journal.c.declarant.is_not(None))
        .distinct()
        .subquery("pairs")
    )
    own, reversal = journal.alias("own"), journal.alias("own_reversal")
    has_declared = sa.exists().where(
        own.c.resident == pairs.c.resident,
        own.c.declarant.is_(None),
        own.c.reverses.is_(None),
        ~sa.exists().where(reversal.c.reverses == own.c.transaction_id),
    )
    found: dict[int, list[int]] = defaultdict(list)
    for declarant, resident in connection.execute(sa.select(pairs).where(~has_declared)):
        found[declarant].append(resident)
    return found
