"""Signals: what in the live trades of a period gives a reason to look. A signal is no verdict, and refuses nothing.

The rules are in service.domain.signal_rules. docs/decisions/0030 says why the thresholds are as they are, docs/RULES.md
what they mean.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from service.domain.periods import Period
from service.domain.reports import Question
from service.domain.transactions import Direction
from service.domain.warnings import NEAR_LIMIT_PERCENT

SignalRule = Literal[
    "consignment-one-buyer", "key-many-residents", "resident-at-limit", "price-of-month", "never-self-declared"
]
RULES: tuple[SignalRule, ...] = (
    "consignment-one-buyer", "key-many-residents", "resident-at-limit", "price-of-month", "never-self-declared",
)  # fmt: skip
"""The rules, in the order in which a report has their signals."""

LIMIT_PERCENT_MIN = NEAR_LIMIT_PERCENT
"""A resident is at the limit on a day when at least so much of the day's value limit is used."""
CONSIGNMENT_RESIDENTS_MIN = 10
"""So many residents at the limit on one consignment, or on one plate on one day, are many."""
KEY_RESIDENTS_MAX = 20
KEY_SPAN = datetime.timedelta(hours=1)
"""One key serves no more than 20 different residents in any 60 minutes."""
LIMIT_DAYS_MIN = 20
LIMIT_WINDOW_DAYS = 30
"""A resident is at the limit on 20 of 30 days that follow each other."""
NEVER_DECLARING_MIN = 1
"""A representative declares for so many residents who never declare for themselves."""

SIGNALS_MAX = 200
"""A report has so many signals of a rule, the strongest; it always tells how many there are."""
IDS_MAX = 50
"""A signal names so many of its entries by their ids, the oldest first; its filters list all of them."""

BuyerKind = Literal["enterprise", "declarant", "seller"]
BUYER_KINDS: tuple[BuyerKind, ...] = ("enterprise", "declarant", "seller")
"""Who may be behind all residents of a consignment: what says most comes first."""
SubjectKind = Literal["consignment", "vehicle_plate", "api_key", "resident", "commodity"]
SUBJECT_KINDS: tuple[SubjectKind, ...] = ("consignment", "vehicle_plate", "api_key", "resident", "commodity")
Comparator = Literal["at_least", "more_than", "below", "above"]
COMPARATORS: tuple[Comparator, ...] = ("at_least", "more_than", "below", "above")
FigureName = Literal[
    "residents_at_limit", "limit_used_pct", "residents_in_an_hour", "days_at_limit", "unit_price_cny_per_kg",
    "residents_never_declaring",
]  # fmt: skip
FIGURES: tuple[FigureName, ...] = (
    "residents_at_limit", "limit_used_pct", "residents_in_an_hour", "days_at_limit", "unit_price_cny_per_kg",
    "residents_never_declaring",
)  # fmt: skip


class Compared(NamedTuple):
    """A figure, and the threshold that it reached: percents in hundredths, unit prices as service.domain.prices."""

    figure: FigureName
    value: int
    comparator: Comparator
    threshold: int


class Buyer(NamedTuple):
    """Who is behind all residents of a consignment: the number of an enterprise or a resident, or a seller's name."""

    kind: BuyerKind
    key: int | str


@dataclass(frozen=True, slots=True)
class EntryScope:
    """Which live trades are behind a signal; None where a field does not narrow them."""

    first_day: datetime.date
    last_day: datetime.date
    trade_points: frozenset[str] | None = None
    direction: Direction | None = None
    consignment: str | None = None
    vehicle_plate: str | None = None
    api_key: int | None = None
    recorded_from: datetime.datetime | None = None
    recorded_to: datetime.datetime | None = None
    resident: int | None = None
    commodity: str | None = None
    declarant: int | None = None
    places: tuple[int, ...] = ()
    """The places of the trades in the journal, where no filter tells them apart from others."""
    buyers: tuple[int, ...] = ()
    """The residents for whom the declarant declared the trades."""

    @property
    def period(self) -> Period:
        """The business days of the trades."""
        return Period(self.first_day, self.last_day)


@dataclass(frozen=True, slots=True)
class Signal:
    """A reason to look: the rule, whom or what it is about, what was compared, and which trades are behind it."""

    rule: SignalRule
    subject_kind: SubjectKind
    subject: int | str
    compared: tuple[Compared, ...]
    scope: EntryScope
    buyer: Buyer | None = None


class EntrySums(NamedTuple):
    """The sums of the trades behind a signal, and the ids of the oldest of them."""

    transactions: int
    residents: int
    amount_fen: int
    transaction_ids: Sequence[object]


@dataclass(frozen=True, slots=True)
class FoundSignals:
    """The strongest signals of a rule with the trades behind each; `found` tells how many signals there are."""

    rule: SignalRule
    found: int
    signals: Sequence[tuple[Signal, EntrySums]]


@dataclass(frozen=True, slots=True)
class SignalsReport:
    """The signals of a question by rule, with masked names of the residents in them, and names of the enterprises."""

    question: Question
    rules: Sequence[SignalRule]
    found: Sequence[FoundSignals]
    names: Mapping[int, str]
    enterprises: Mapping[int, str]
