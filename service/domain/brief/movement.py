"""How far a figure has moved from its base, sorted into the ways in which a newspaper may say it.

Every rule looks at the two figures themselves, never at a rounded percentage. When a ratio is shown as 15.0000 but the
last fen differs, the brief says "about 15 times".
"""

from dataclasses import dataclass
from typing import Literal

from service.domain.growth import Comparison
from service.domain.rounding import HUNDREDTHS_OF_A_PERCENT, divide_half_up

MovementKind = Literal["equal", "level", "rise", "fall", "plunge", "multiple"]

NEAR_A_MULTIPLE_PCT = 5
"""A brief says "about n times" when growth is at most this many percentage points away from n·100 %."""

PERCENT_GROWTH_TIMES_MAX = 10
"""From ten times (1,000 %) on, growth is said in times and tenths of them, not in percent."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What may be said about a figure and its base.

    `equal`: the same figure. `level`: 0.00 % apart. `rise` and `fall`: `size` is in hundredths of a percent.
    `plunge`: a fall that would round to 100 %, though something is left. `multiple`: `size` is the growth in tenths
    of times, so 140 is growth by 14 times, to 15 times the base. `is_exact` is False where an "about" is due.
    """

    kind: MovementKind
    size: int = 0
    is_exact: bool = True

    @property
    def ratio_tenths(self) -> int:
        """The ratio of a multiple, in tenths: growth by 14 times (`size` 140) is a ratio of 15 (150)."""
        return self.size + 10


def movement_of(comparison: Comparison) -> Movement | None:
    """The movement, or None where the base allows no statement about growth."""
    if comparison.growth_pct is None:
        return None
    if comparison.change == 0:
        return Movement("equal")
    if comparison.growth_pct == 0:
        return Movement("level")
    return _rise(comparison) if comparison.change > 0 else _fall(comparison)


def doublings(comparison: Comparison) -> int | None:
    """2 for a figure that has quadrupled (翻两番), 1 for one that has doubled (翻一番), otherwise None.

    The figure is at least two or four times its base, and less than 5 % above that: 6,100 is four times 1,525, so the
    answer is 2; for 6,099 it is None.
    """
    if comparison.growth_pct is None:
        return None
    for times in (1, 2):
        goal = comparison.base * 2**times
        if goal <= comparison.current and 100 * comparison.current < 105 * goal:
            return times
    return None


def _rise(comparison: Comparison) -> Movement:
    change, base = comparison.change, comparison.base
    times = divide_half_up(change, base)
    distance = abs(change - times * base)
    # Growth of 100 % is a multiple only when both decimals are zero: 99.97 % is said in percent.
    is_near = (
        100 * distance <= NEAR_A_MULTIPLE_PCT * base if times > 1 else comparison.growth_pct == HUNDREDTHS_OF_A_PERCENT
    )
    if is_near:
        return Movement("multiple", 10 * times, distance == 0)
    assert comparison.growth_pct is not None
    if change < PERCENT_GROWTH_TIMES_MAX * base:
        return Movement("rise", comparison.growth_pct)
    return Movement("multiple", divide_half_up(10 * change, base), 10 * change % base == 0)


def _fall(comparison: Comparison) -> Movement:
    assert comparison.growth_pct is not None
    if comparison.growth_pct == -HUNDREDTHS_OF_A_PERCENT and comparison.current > 0:
        return Movement("plunge")
    return Movement("fall", -comparison.growth_pct)
