"""The demo's targets, and the arithmetic that makes its lines add up to them, to the fen."""

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass

from service.demo.market import Good
from service.domain.money import FEN_PER_CNY, GRAMS_PER_KG
from service.domain.rounding import divide_half_up


@dataclass(frozen=True, slots=True)
class TargetSpan:
    """A span of days, with the total of its live trades and its participations; the demo reaches both exactly."""

    first: datetime.date
    last: datetime.date
    amount_fen: int
    participations: int

    @property
    def mean_fen(self) -> int:
        """The mean amount of a participation, in fen."""
        return self.amount_fen // self.participations


TO_APRIL_2023_FEN, FIRST_HALF_2023_FEN = 8_666_667 * FEN_PER_CNY, 62_983_700 * FEN_PER_CNY
TO_APRIL_2024_FEN, FIRST_HALF_2024_FEN = 130_000_000 * FEN_PER_CNY, 306_000_000 * FEN_PER_CNY
SECOND_HALF_2023_FEN = 40_000_000 * FEN_PER_CNY
"""The bureau published the first four totals. The total of the second half of 2023 is not known, so it is invented."""
YEAR_2024_FEN = 534_000_000 * FEN_PER_CNY
"""What was published for the whole of 2024; so the second half is known as well."""

TO_APRIL_2024 = TargetSpan(datetime.date(2024, 1, 1), datetime.date(2024, 4, 30), TO_APRIL_2024_FEN, 35_036)

TARGET_SPANS = (
    TargetSpan(datetime.date(2023, 1, 1), datetime.date(2023, 4, 30), TO_APRIL_2023_FEN, 2_340),
    TargetSpan(datetime.date(2023, 5, 1), datetime.date(2023, 6, 30), FIRST_HALF_2023_FEN - TO_APRIL_2023_FEN, 8_400),
    TargetSpan(datetime.date(2023, 7, 1), datetime.date(2023, 12, 31), SECOND_HALF_2023_FEN, 8_000),
    TO_APRIL_2024,
    TargetSpan(datetime.date(2024, 5, 1), datetime.date(2024, 6, 30), FIRST_HALF_2024_FEN - TO_APRIL_2024_FEN, 27_000),
)
SECOND_HALF_2024 = TargetSpan(
    datetime.date(2024, 7, 1), datetime.date(2024, 12, 31), YEAR_2024_FEN - FIRST_HALF_2024_FEN, 35_000
)

AMOUNT_FEN_MIN, AMOUNT_FEN_MAX = 200 * FEN_PER_CNY, 7_700 * FEN_PER_CNY
"""A line is scaled within these limits. The rest of the 8,000 yuan is for 50 kg of flour that is bought beside it."""

SCALINGS_MAX = 8
MOVE_PERCENT_MAX = 1


@dataclass(slots=True)
class Lot:
    """What the lines of one truck have in common; a resident who comes alone has a lot without a truck."""

    good: Good
    price_fen: int
    trade_point: str
    consignment: str | None = None
    vehicle_plate: str | None = None
    seller: str | None = None


@dataclass(slots=True)
class DraftTrade:
    """A line of the demo before it becomes a trade; calibration does not change the amount of `is_fixed` lines."""

    resident: int
    day: datetime.date
    second: int
    lot: Lot
    amount_fen: int
    quantity_g: int = 0
    is_fixed: bool = False

    def weigh(self) -> None:
        """Rounds the weight to what a scale shows, and sets the amount to weight times unit price, to the fen."""
        step = self.lot.good.step_g
        self.quantity_g = max(step, self.amount_fen * GRAMS_PER_KG // self.lot.price_fen // step * step)
        self.amount_fen = divide_half_up(self.quantity_g * self.lot.price_fen, GRAMS_PER_KG)


def draw_amount_fen(chance: random.Random, mean_fen: int) -> int:
    """Draws a plausible amount of a line, around a mean and below the exempt limit."""
    low, high = mean_fen * 2 // 5, min(AMOUNT_FEN_MAX, mean_fen * 7 // 4)
    mode = min(high, max(low, 3 * mean_fen - low - high))
    return int(chance.triangular(low, high, mode))


def calibrate(lines: Sequence[DraftTrade], amount_fen: int) -> None:
    """Makes the amounts of these lines add up to exactly this total. Raises ValueError when they can't."""
    for line in lines:
        if line.is_fixed:
            line.weigh()
    free = [line for line in lines if not line.is_fixed]
    wanted_fen = amount_fen - sum(line.amount_fen for line in lines if line.is_fixed)
    _scale(free, wanted_fen)
    for line in free:
        line.weigh()
    left_fen = _spread(free, wanted_fen - sum(line.amount_fen for line in free))
    if left_fen:
        raise ValueError(f"{left_fen} fen of {amount_fen} can't be placed on {len(free)} lines")


def _scale(lines: Sequence[DraftTrade], wanted_fen: int) -> None:
    """Brings the total near to what is wanted; each round compensates for the lines that the last one cut off."""
    for _ in range(SCALINGS_MAX):
        total_fen = sum(line.amount_fen for line in lines)
        for line in lines:
            scaled_fen = line.amount_fen * wanted_fen // total_fen
            line.amount_fen = min(AMOUNT_FEN_MAX, max(AMOUNT_FEN_MIN, scaled_fen))


def _spread(lines: Sequence[DraftTrade], left_fen: int) -> int:
    """Changes the amounts of the last lines by a little until nothing is left over; returns what can't be placed."""
    for line in reversed(lines):
        if left_fen == 0:
            break
        most_fen = line.amount_fen * MOVE_PERCENT_MAX // 100
        move_fen = max(-most_fen, min(most_fen, left_fen))
        line.amount_fen += move_fen
        left_fen -= move_fen
    return left_fen
