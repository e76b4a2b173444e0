"""What a brief is written from, and what it is made of: facts, and phrases with their claims."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from service.domain.brief.movement import Movement, movement_of
from service.domain.brief.processed import PROCESSED, PROCESSORS, SHARE, Processed
from service.domain.growth import Comparison, compare
from service.domain.periods import Compare, Period

Measure = Literal[
    "amount_cny", "participations", "residents", "registered_at_end", "processing:amount_cny", "processing:enterprises"
]

CATEGORY_PREFIX = "category:"
"""What the measure of a new category begins with; its code follows."""

DIRECTION_PREFIX = "direction:"
"""The beginning of the measure of one direction's value; import or export follows."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A phrase of the text and the figures that stand behind it.

    Amounts are in fen, `growth_pct` in hundredths of a percent and `ratio` in ten-thousandths. `base` is None where
    nothing is compared; growth and ratio are None wherever the base does not allow them.
    """

    phrase: str
    measure: str
    current: int
    base: int | None
    growth_pct: int | None
    ratio: int | None


Piece = str | Claim
"""A part of a sentence. A claim stands for its own phrase, so that no phrase can be missing from the text."""


@dataclass(frozen=True, slots=True)
class Brief:
    """The paragraph, and its claims in the order in which the text has their phrases."""

    text: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class NewCategory:
    """A category with live trades in the period and none in the base period."""

    code: str
    transactions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The figures of a period, compared. Raises ValueError for a current figure below zero: live trades have none.

    `registered` compares the stock on `registered_on` (the last day of the figures) with the stock on
    `registered_base_on` (the end of the year before), for every `compare` except "none". `filters` narrow the figures,
    and the brief names them. `directions` has the values of imports and of exports when `amount_fen` is the sum of
    both, so that the brief can say so. `processed` is None where the question is about no imports.
    """

    period: Period
    base_period: Period | None
    compare: Compare
    amount_fen: Comparison
    participations: Comparison
    residents: Comparison
    registered: Comparison
    registered_on: date
    registered_base_on: date
    new_categories: tuple[NewCategory, ...] = ()
    filters: tuple[tuple[str, frozenset[str]], ...] = ()
    directions: tuple[tuple[str, Comparison], ...] = ()
    processed: Processed | None = None

    def __post_init__(self) -> None:
        figures = (self.amount_fen, self.participations, self.residents, self.registered)
        if any(figure.current < 0 for figure in figures):
            raise ValueError("Give current figures of zero or more; live trades add up to nothing less.")

    @property
    def is_compared(self) -> bool:
        """Whether there is a base period at all."""
        return self.compare != "none" and self.base_period is not None

    @property
    def is_without_trade(self) -> bool:
        """Whether nobody traded anything in the period."""
        return not (self.amount_fen.current or self.participations.current or self.residents.current)

    @property
    def base_is_without_trade(self) -> bool:
        """Whether there is a base period, and nobody traded anything in it."""
        figures = (self.amount_fen, self.participations, self.residents)
        return self.is_compared and all(
            figure.base == 0 and figure.reason in {"base_zero", "both_zero"} for figure in figures
        )

    @property
    def named_categories(self) -> tuple[NewCategory, ...]:
        """The categories that the brief may call new.

        There are none when the base period had no trade, because then all of them would be new. There are none in a
        comparison with the previous period, because goods of a season come back every year.
        """
        is_a_year_ago = self.is_compared and self.compare == "yoy"
        may_be_named = is_a_year_ago and self.participations.base > 0 and not self.is_without_trade
        return self.new_categories if may_be_named else ()

    @property
    def told_processed(self) -> Processed | None:
        """What went on to processing, where there is something to tell: something went on now, or in the base period.

        A ledger of a market without landing processing has nothing to tell, and neither has a period without trade.
        """
        processed = self.processed
        if processed is None or self.is_without_trade:
            return None
        base_fen = processed.amount_fen.base if self.is_compared else 0
        return processed if processed.amount_fen.current or base_fen > 0 else None

    def comparison_of(self, measure: Measure) -> Comparison:
        """The comparison behind a measure. Raises KeyError for what went on to processing where nothing is known."""
        figures = {
            "amount_cny": self.amount_fen,
            "participations": self.participations,
            "residents": self.residents,
            "registered_at_end": self.registered,
        }
        if self.processed is not None:
            figures |= {PROCESSED: self.processed.amount_fen, PROCESSORS: self.processed.enterprises}
        return figures[measure]

    def movement_of(self, measure: Measure) -> Movement | None:
        """How far a measure has moved, or None where nothing may be said about it."""
        return movement_of(self.comparison_of(measure)) if self.is_compared else None

    def claim(self, measure: Measure, phrase: str) -> Claim:
        """A phrase about a measure, with the figures behind it."""
        return self._claim(measure, phrase, self.comparison_of(measure))

    def share_claim(self, processed: Processed, phrase: str) -> Claim:
        """A phrase about the share of the imports that went on to processing; the figures are hundredths of a percent.

        A base period without imports has no share to compare with.
        """
        current, base = processed.share or 0, processed.base_share if self.is_compared else None
        compared = None if base is None else compare(current, base)
        if compared is None:
            return Claim(phrase, SHARE, current, None, None, None)
        return Claim(phrase, SHARE, current, compared.base, compared.growth_pct, compared.ratio)

    def direction_claims(self, words: Callable[[str, int], str]) -> list[Claim]:
        """The claims of the values of imports and exports; `words` makes the phrase of a direction and its amount."""
        return [
            self._claim(f"{DIRECTION_PREFIX}{direction}", words(direction, figure.current), figure)
            for direction, figure in self.directions
        ]

    def _claim(self, measure: str, phrase: str, figure: Comparison) -> Claim:
        if not self.is_compared or figure.reason == "no_base_day":
            return Claim(phrase, measure, figure.current, None, None, None)
        return Claim(phrase, measure, figure.current, figure.base, figure.growth_pct, figure.ratio)


def category_claim(category: NewCategory, name: str) -> Claim:
    """The claim of a new category: its name, its live trades, and a base of 0."""
    return Claim(name, f"{CATEGORY_PREFIX}{category.code}", category.transactions, 0, None, None)
