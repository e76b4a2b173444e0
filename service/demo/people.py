"""The demo's residents: invented names and numbers, and registrations that add up to the published stocks.

The stock is 1,525 at the end of 2023, and a little more than four times as much on 2024-04-30.
"""

import dataclasses
import datetime
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from service.demo.invented import INVENTED
from service.demo.market import SETTLEMENTS, groups, open_days

DaySpan = tuple[datetime.date, datetime.date]


@dataclass(frozen=True, slots=True)
class Cohort:
    """How many residents register and how many are cancelled in a span of days; the stock follows from these."""

    span: DaySpan
    registered: int
    cancelled: int


COHORTS = (
    Cohort((datetime.date(2019, 4, 1), datetime.date(2022, 12, 31)), 1_180, 0),
    Cohort((datetime.date(2023, 1, 3), datetime.date(2023, 12, 30)), 385, 40),
    Cohort((datetime.date(2024, 1, 2), datetime.date(2024, 4, 29)), 4_640, 23),
    Cohort((datetime.date(2024, 5, 2), datetime.date(2024, 6, 29)), 205, 19),
)
IN_A_GROUP_PERCENT = 60
SUSPENDED, REINSTATED, SUSPENSION_DAYS = 35, 20, 60
SUSPENSIONS = (datetime.date(2023, 9, 1), datetime.date(2024, 3, 30))
MOVERS, MOVED_ON = 30, datetime.date(2024, 3, 1)

HAN_SURNAMES: str = INVENTED["han"]["surnames"]
HAN_GIVEN: str = INVENTED["han"]["given"]
MONGOL_FIRST: list[str] = INVENTED["mongol"]["first"]
MONGOL_SECOND: list[str] = INVENTED["mongol"]["second"]
AREAS, AREA_WEIGHTS = ("152501", "152523", "150926", "130732"), (82, 10, 5, 3)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


@dataclass(frozen=True, slots=True)
class DemoResident:
    """A resident; groups are indexes of market.groups(). A suspension ends on the day of the reinstatement, if any."""

    ordinal: int
    name: str
    id_number: str
    registered_on: datetime.date
    settlement: str
    group: int | None
    moves_to: int | None = None
    cancelled_on: datetime.date | None = None
    suspended_on: datetime.date | None = None
    reinstated_on: datetime.date | None = None

    def may_trade_on(self, day: datetime.date) -> bool:
        """Whether the resident is active on a day, which must not be before the registration."""
        if self.cancelled_on is not None and day >= self.cancelled_on:
            return False
        if self.suspended_on is None or day < self.suspended_on:
            return True
        return self.reinstated_on is not None and day >= self.reinstated_on


def residents(chance: random.Random) -> list[DemoResident]:
    """All residents in the order of their registration: the first has the ordinal 1."""
    days = sorted(day for cohort in COHORTS for day in _registration_days(chance, cohort))
    numbers = _citizen_numbers(chance, len(days))
    made = [
        _resident(chance, ordinal, number, day)
        for ordinal, (number, day) in enumerate(zip(numbers, days, strict=True), start=1)
    ]
    _end_some(chance, made)
    return made


def _registration_days(chance: random.Random, cohort: Cohort) -> list[datetime.date]:
    return chance.choices(open_days(*cohort.span), k=cohort.registered)


def _citizen_numbers(chance: random.Random, count: int) -> list[str]:
    """Different citizen numbers of adults, with correct check characters."""
    first = datetime.date(1958, 1, 1)
    bodies: dict[str, None] = {}
    while len(bodies) < count:
        born = first + datetime.timedelta(days=chance.randrange(43 * 365))
        area = chance.choices(AREAS, AREA_WEIGHTS)[0]
        bodies[f"{area}{born:%Y%m%d}{chance.randrange(1, 1000):03d}"] = None
    return [body + _check_digit(body) for body in bodies]


def _check_digit(body: str) -> str:
    """The check character by ISO 7064 MOD 11-2."""
    return _CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11]


def _name(chance: random.Random) -> str:
    if chance.randrange(100) < 55:
        return chance.choice(HAN_SURNAMES) + "".join(chance.sample(HAN_GIVEN, chance.randint(1, 2)))
    return chance.choice(MONGOL_FIRST) + chance.choice(MONGOL_SECOND)


def _resident(chance: random.Random, ordinal: int, number: str, day: datetime.date) -> DemoResident:
    settlement = chance.choice(SETTLEMENTS)
    group = None
    if chance.randrange(100) < IN_A_GROUP_PERCENT:
        group = chance.choice([place for place, known in enumerate(groups()) if known.settlement == settlement])
    return DemoResident(ordinal, _name(chance), number, day, settlement, group)


def _end_some(chance: random.Random, made: list[DemoResident]) -> None:
    """Cancels, suspends and moves some of those who registered before 2023."""
    veterans = COHORTS[0].registered
    drawn = iter(chance.sample(range(veterans), veterans))
    for cohort in COHORTS:
        for _ in range(cohort.cancelled):
            place, day = next(drawn), chance.choice(open_days(*cohort.span))
            made[place] = dataclasses.replace(made[place], cancelled_on=day)
    for number in range(SUSPENDED):
        place, day = next(drawn), chance.choice(open_days(*SUSPENSIONS))
        back = day + datetime.timedelta(days=SUSPENSION_DAYS) if number < REINSTATED else None
        made[place] = dataclasses.replace(made[place], suspended_on=day, reinstated_on=back)
    count = len(groups())
    for place in [place for place in drawn if made[place].group is not None][:MOVERS]:
        group = made[place].group
        assert group is not None
        made[place] = dataclasses.replace(made[place], moves_to=(group + chance.randrange(1, count)) % count)


@dataclass(slots=True)
class Pool:
    """Finds the residents who may trade on a day. It is quick, because residents are in the order of registration."""

    people: Sequence[DemoResident]
    _days: list[datetime.date] = field(init=False)
    _members: tuple[dict[int, list[int]], dict[int, list[int]]] = field(init=False)

    def __post_init__(self) -> None:
        self._days = [person.registered_on for person in self.people]
        self._members = ({}, {})
        for person in self.people:
            before, after = person.group, person.group if person.moves_to is None else person.moves_to
            for members, group in zip(self._members, (before, after), strict=True):
                if group is not None:
                    members.setdefault(group, []).append(person.ordinal)

    def count_on(self, day: datetime.date) -> int:
        """How many residents have registered up to a day, also those cancelled since: this is the highest ordinal."""
        return bisect_right(self._days, day)

    def may_trade(self, ordinal: int, day: datetime.date) -> bool:
        """Whether a registered resident is active on a day."""
        return self.people[ordinal - 1].may_trade_on(day)

    def members_on(self, group: int, day: datetime.date) -> list[int]:
        """The active members of a group on a day."""
        members = self._members[day >= MOVED_ON].get(group, [])
        there = members[: bisect_right(members, self.count_on(day))]
        return [ordinal for ordinal in there if self.may_trade(ordinal, day)]
