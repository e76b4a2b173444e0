"""Plays today's trade live: residents of the demo make a few trades a second, dated now, until somebody interrupts it.

First, it posts some trades on each day of the month so far, and on the same days of the year before, so that today can
be compared with them (the lead-in). These trades are the same at every start and have the same keys, and so they are
posted once.
"""

import datetime
import random
from collections.abc import Callable, Iterator

from service.commands.committer import Committer
from service.commands.posting import NewEntry, Outcome, Post
from service.demo.calibration import DraftTrade, draw_amount_fen
from service.demo.market import GOODS, Good, choose, open_days
from service.demo.plan import trade_of
from service.demo.trades import lone_lot, truck_lot
from service.domain.idempotency import key_digest, trade_fingerprint
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.money import FEN_PER_CNY
from service.domain.transactions import MARKET_TIME, Trade, business_day
from service.ledger import Ledger
from service.queries.ledger_state import LedgerStateReader

ROUTE = "demo-live"
LEAD_IN_BURSTS = 12
BURST_MAX = 4
PAUSE_S_MIN, PAUSE_S_MAX = 0.3, 1.2
MEAN_FEN = 4_000 * FEN_PER_CNY
IN_A_TRUCK_PERCENT = 60


def residents_known(ledger: Ledger) -> int:
    """How many residents are registered; 0 in an empty ledger."""
    return LedgerStateReader(ledger).now().registrations[0]


def play(ledger: Ledger, pause: Callable[[float], None], tell: Callable[[Outcome], None]) -> None:
    """Posts bursts of trades until `pause` raises, and calls `tell` with each outcome.

    The ledger refuses trades of residents who were suspended or cancelled. Sundays and holidays are played too.
    """
    chance = random.Random()  # noqa: S311 (which resident buys what is no secret)
    count, committer = residents_known(ledger), Committer(ledger)
    try:
        for day in lead_in_days(business_day(ledger.now())):
            committer.submit(_lead_in(day, count))
        while True:
            trades = burst(chance, ledger.now(), count)
            for outcome in committer.submit([_posting(trade, str(ledger.new_id())) for trade in trades]):
                tell(outcome)
            pause(chance.uniform(PAUSE_S_MIN, PAUSE_S_MAX))
    finally:
        committer.close()


def lead_in_days(today: datetime.date) -> list[datetime.date]:
    """The open days of this month before today, and of the same month a year before up to and with the same day."""
    first, yesterday = today.replace(day=1), today - datetime.timedelta(days=1)
    a_year_before = today.replace(year=today.year - 1, day=28 if (today.month, today.day) == (2, 29) else today.day)
    return [*open_days(a_year_before.replace(day=1), a_year_before), *open_days(first, yesterday)]


def _lead_in(day: datetime.date, residents: int) -> list[NewEntry]:
    chance, noon = random.Random(day.toordinal()), datetime.time(12, tzinfo=MARKET_TIME)  # noqa: S311 (as above)
    bursts = [burst(chance, datetime.datetime.combine(day, noon), residents) for _ in range(LEAD_IN_BURSTS)]
    trades = [trade for each in bursts for trade in each]
    return [_posting(trade, f"{day}-{number}") for number, trade in enumerate(trades)]


def burst(chance: random.Random, now: datetime.datetime, residents: int) -> list[Trade]:
    """A few trades of this moment, from one truck or each with its own lot. `residents` is the highest ordinal."""
    return list(_burst(chance, now, residents))


def _burst(chance: random.Random, now: datetime.datetime, residents: int) -> Iterator[Trade]:
    day = business_day(now)
    good = choose(chance, GOODS, day)
    assert good is not None, "cooked beef is traded in every month"
    truck = truck_lot(chance, good, day) if chance.randrange(100) < IN_A_TRUCK_PERCENT else None
    for ordinal in chance.sample(range(1, residents + 1), min(residents, chance.randint(1, BURST_MAX))):
        lot = truck or lone_lot(chance, _other_good(chance, good, day))
        line = DraftTrade(ordinal, day, _second_of_day(now), lot, draw_amount_fen(chance, MEAN_FEN))
        line.weigh()
        yield trade_of(line, None)


def _other_good(chance: random.Random, good: Good, day: datetime.date) -> Good:
    return choose(chance, GOODS, day) or good


def _second_of_day(now: datetime.datetime) -> int:
    """How many seconds of the business day have passed, in the market's time zone."""
    clock = now.astimezone(MARKET_TIME)
    return (clock.hour * 60 + clock.minute) * 60 + clock.second


def _posting(trade: Trade, key: str) -> NewEntry:
    digest = key_digest(OPERATOR_KEY_ID, ROUTE, key)
    return Post(digest, trade_fingerprint(trade), ROUTE, trade)
