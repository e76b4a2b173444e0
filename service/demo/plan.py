"""The demo's plan: everything that it registers and posts, made from one seed; equal seeds give equal plans."""

import datetime
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.demo.after_market import NOTHING, AfterMarket, plan_after_market
from service.demo.calibration import SECOND_HALF_2024, TARGET_SPANS, DraftTrade
from service.demo.invented import INVENTED
from service.demo.market import CITY_POINT, DemoGroup, groups
from service.demo.people import DemoResident, Pool, residents
from service.demo.trades import span_lines
from service.domain.transactions import MARKET_TIME, Trade

SEED = 20240630
DOUBLE_ENTRY_ONE_IN = 400
REASONS = INVENTED["reversal_reasons"]
DOUBLE_ENTRY_DELAY_S = 90


@dataclass(frozen=True, slots=True)
class PlannedTrade:
    """A trade, and the reason why it will be reversed; None when it will not be."""

    trade: Trade
    reversed_because: str | None = None


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Everything that a demo ledger is filled with, in the order of recording."""

    groups: Sequence[DemoGroup]
    residents: Sequence[DemoResident]
    trades: Sequence[PlannedTrade]
    after_market: AfterMarket = NOTHING


def make_plan(seed: int = SEED) -> DemoPlan:
    """Makes the plan of a seed.

    The second half of 2024 has a chance of its own: so all that is planned before it is what earlier versions planned.
    """
    chance, later = random.Random(seed), random.Random(seed + 1)  # noqa: S311 (a demo must be the same each time)
    people = residents(chance)
    pool = Pool(people)
    numbers: Counter[tuple[str, int]] = Counter()
    lines = [line for span in TARGET_SPANS for line in span_lines(chance, span, pool)]
    trades = list(_planned(chance, lines, numbers))
    trades += _planned(later, span_lines(later, SECOND_HALF_2024, pool), numbers)
    return DemoPlan(groups(), people, trades, plan_after_market(_live_imports(trades)))


def _live_imports(trades: Sequence[PlannedTrade]) -> dict[int, Trade]:
    """The imports that are not reversed, by their places; without the last trade, which is posted behind transfers."""
    return {
        place: planned.trade
        for place, planned in enumerate(trades[:-1])
        if planned.reversed_because is None and planned.trade.is_import
    }


def _planned(
    chance: random.Random, lines: Sequence[DraftTrade], numbers: Counter[tuple[str, int]]
) -> Iterator[PlannedTrade]:
    """Yields the live trades, and after some of them a double entry that will be reversed.

    `numbers` counts the documents of each trade point and year.
    """
    for line in lines:
        yield PlannedTrade(trade_of(line, _reference(numbers, line)))
        if chance.randrange(DOUBLE_ENTRY_ONE_IN) == 0:
            line.second += DOUBLE_ENTRY_DELAY_S
            yield PlannedTrade(trade_of(line, _reference(numbers, line)), chance.choice(REASONS))


def _reference(numbers: Counter[tuple[str, int]], line: DraftTrade) -> str:
    point, year = line.lot.trade_point, line.day.year
    numbers[point, year] += 1
    return f"{'EC' if point == CITY_POINT else 'EL'}-{year}-{numbers[point, year]:06d}"


def trade_of(line: DraftTrade, reference: str | None) -> Trade:
    """The trade of a line."""
    lot, good = line.lot, line.lot.good
    midnight = datetime.datetime.combine(line.day, datetime.time(), MARKET_TIME)
    return Trade(
        resident=line.resident,
        category=good.category,
        commodity=good.commodity,
        origin=good.origin,
        quantity_g=line.quantity_g,
        amount_fen=line.amount_fen,
        traded_at=midnight + datetime.timedelta(seconds=line.second),
        hs_code=good.hs_code,
        direction=good.direction,
        trade_point=lot.trade_point,
        consignment=lot.consignment,
        vehicle_plate=lot.vehicle_plate,
        seller=lot.seller,
        reference=reference,
    )
