"""The demo's trades, drawn day by day: a truck is shared by members of a group, other residents come alone."""

import datetime
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from service.demo.calibration import DraftTrade, Lot, TargetSpan, calibrate, draw_amount_fen
from service.demo.invented import INVENTED
from service.demo.market import EXPORT, FLOURS, GOODS, TAXED_GOODS, Good, choose, groups, open_days, trade_point
from service.demo.people import Pool
from service.domain.money import FEN_PER_CNY, GRAMS_PER_KG

POOLED_PERCENT = 65
TRUCK_RESIDENTS_MIN, TRUCK_RESIDENTS_MAX, TRUCKS_TRIED_MAX = 12, 48, 400
OVER_LIMIT_PERCENT, TAXED_GOOD_PERCENT, EXPORT_PERCENT, FLOUR_PERCENT = 3, 2, 4, 8
OVER_LIMIT_FEN = (8_200 * FEN_PER_CNY, 15_000 * FEN_PER_CNY)
FLOUR_KG, MUCH_FLOUR_KG, MUCH_FLOUR_PERCENT = (20, 48), (60, 150), 10
OPENING_S, CLOSING_S = 9 * 3600, 17 * 3600
MAY_PERCENT = 140
"""May is the peak of the cashmere season: its days have this percentage of the trade of other days."""


@dataclass(slots=True)
class _Day:
    """The lines of one day that are drawn so far, and the residents who have been drawn for it."""

    day: datetime.date
    mean_fen: int
    lines: list[DraftTrade] = field(default_factory=list)
    drawn: set[int] = field(default_factory=set)


def span_lines(chance: random.Random, span: TargetSpan, pool: Pool) -> list[DraftTrade]:
    """Draws the live lines of a span, in the order in which they are posted; they add up to its target."""
    days = open_days(span.first, span.last)
    lines: list[DraftTrade] = []
    for day, count in zip(days, _shares(chance, days, span.participations, pool), strict=True):
        lines += _day_lines(chance, _Day(day, span.mean_fen), count, pool)
    calibrate(lines, span.amount_fen)
    return lines


def _shares(chance: random.Random, days: Sequence[datetime.date], total: int, pool: Pool) -> Iterator[int]:
    """Yields the part of a total for each day, in whole numbers. Days with more registered residents get more."""
    weights = [pool.count_on(day) * chance.randint(75, 125) * (MAY_PERCENT if day.month == 5 else 100) for day in days]
    before = 0
    for reached in accumulate(weights):
        up_to = total * reached // sum(weights)
        yield up_to - before
        before = up_to


def _day_lines(chance: random.Random, drawn: _Day, count: int, pool: Pool) -> list[DraftTrade]:
    """Draws the lines of `count` residents on a day, sorted by time. A resident is drawn once at most."""
    pooled, groups_known = count * POOLED_PERCENT // 100, range(len(groups()))
    for _ in range(TRUCKS_TRIED_MAX):
        if len(drawn.drawn) >= pooled:
            break
        there = [o for o in pool.members_on(chance.choice(groups_known), drawn.day) if o not in drawn.drawn]
        size = min(len(there), pooled - len(drawn.drawn), chance.randint(TRUCK_RESIDENTS_MIN, TRUCK_RESIDENTS_MAX))
        if size >= min(TRUCK_RESIDENTS_MIN, pooled - len(drawn.drawn)):
            _add_truck(chance, drawn, chance.sample(there, size))
    while len(drawn.drawn) < count:
        ordinal = chance.randint(1, pool.count_on(drawn.day))
        if ordinal not in drawn.drawn and pool.may_trade(ordinal, drawn.day):
            _add_alone(chance, drawn, ordinal)
    return sorted(drawn.lines, key=lambda line: line.second)


def _add_truck(chance: random.Random, drawn: _Day, members: Sequence[int]) -> None:
    good = _main_good(chance, drawn.day)
    lot = truck_lot(chance, good, drawn.day)
    second = chance.randint(OPENING_S, CLOSING_S - 3600)
    for ordinal in members:
        drawn.drawn.add(ordinal)
        second += chance.randint(15, 60)
        drawn.lines.append(DraftTrade(ordinal, drawn.day, second, lot, draw_amount_fen(chance, drawn.mean_fen)))


def _add_alone(chance: random.Random, drawn: _Day, ordinal: int) -> None:
    drawn.drawn.add(ordinal)
    second, what = chance.randint(OPENING_S, CLOSING_S), chance.randrange(100)
    good, amount_fen, is_fixed = _main_good(chance, drawn.day), draw_amount_fen(chance, drawn.mean_fen), False
    if what < OVER_LIMIT_PERCENT:
        amount_fen, is_fixed = chance.randint(*OVER_LIMIT_FEN), True
    elif what < OVER_LIMIT_PERCENT + TAXED_GOOD_PERCENT:
        good = choose(chance, TAXED_GOODS, drawn.day) or good
    elif what < OVER_LIMIT_PERCENT + TAXED_GOOD_PERCENT + EXPORT_PERCENT:
        good = EXPORT
    drawn.lines.append(DraftTrade(ordinal, drawn.day, second, lone_lot(chance, good), amount_fen, is_fixed=is_fixed))
    if good is not EXPORT and chance.randrange(100) < FLOUR_PERCENT:
        drawn.lines.append(_flour(chance, drawn.day, ordinal, second + chance.randint(60, 600)))


def _flour(chance: random.Random, day: datetime.date, ordinal: int, second: int) -> DraftTrade:
    lot = lone_lot(chance, chance.choice(FLOURS))
    is_much = chance.randrange(100) < MUCH_FLOUR_PERCENT
    quantity_g = chance.randint(*(MUCH_FLOUR_KG if is_much else FLOUR_KG)) * GRAMS_PER_KG
    return DraftTrade(ordinal, day, second, lot, quantity_g * lot.price_fen // GRAMS_PER_KG, is_fixed=True)


def _main_good(chance: random.Random, day: datetime.date) -> Good:
    good = choose(chance, GOODS, day)
    assert good is not None, "cooked beef is traded in every month"
    return good


def lone_lot(chance: random.Random, good: Good) -> Lot:
    """Draws what a resident who comes alone buys or sells."""
    return Lot(good, good.price_fen(chance), trade_point(chance))


def truck_lot(chance: random.Random, good: Good, day: datetime.date) -> Lot:
    """Draws a truck of one good at one price, with an invented consignment, plate and seller."""
    return Lot(
        good,
        good.price_fen(chance),
        trade_point(chance),
        consignment=f"{good.origin}{day:%y%m%d}-{chance.randrange(10_000):04d}",
        vehicle_plate=INVENTED["lot"]["plate"].format(number=chance.randrange(100_000)),
        seller=INVENTED["lot"]["seller"].format(origin=good.origin, number=chance.randint(1, 60)),
    )
