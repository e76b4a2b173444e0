"""The demo's market: goods with prices and seasons, open days, settlements and groups."""

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass

from service.demo.invented import INVENTED
from service.domain.transactions import DEFAULT_TRADE_POINT, HOME_COUNTRY, Direction

_GOODS = INVENTED["goods"]
FIRST_DAY, LAST_DAY = datetime.date(2023, 1, 1), datetime.date(2024, 12, 31)
CITY_POINT, CITY_POINT_PERCENT = "erenhot-city", 12
SPRING_FESTIVALS = (datetime.date(2023, 1, 21), datetime.date(2024, 2, 10))
SPRING_FESTIVAL_DAYS = 7
NAADAM_MONTH, NAADAM_DAYS = 7, range(11, 16)
SUNDAY = 6
PRICE_MARGIN_PERCENT = 2
"""Unit prices are drawn so far from both ends of their range, so that an amount can change and stay within it."""


@dataclass(frozen=True, slots=True)
class Good:
    """A good: its unit prices in fen per kg, and its weight in the draw for each month from January on (0: none)."""

    category: str
    commodity: str
    origin: str
    hs_code: str
    price_fen_min: int
    price_fen_max: int
    weights: Sequence[int]
    first_year: int = 0
    direction: Direction = "import"

    def price_fen(self, chance: random.Random) -> int:
        """Draws a unit price inside the range, in fen per kg."""
        margin = (self.price_fen_max + self.price_fen_min) * PRICE_MARGIN_PERCENT // 200
        return chance.randint(self.price_fen_min + margin, self.price_fen_max - margin)

    @property
    def step_g(self) -> int:
        """The step that weights are rounded to, in grams: expensive goods are weighed more exactly."""
        return 100 if self.price_fen_min >= 5_000 else 500


COOKED_BEEF = (20, 20, 20, 10, 6, 6, 6, 8, 8, 18, 20, 20)
LINSEED = (20, 20, 20, 18, 0, 0, 0, 0, 0, 18, 20, 20)
ALL_YEAR = (1,) * 12

GOODS = (
    Good("meat", _GOODS["cooked_beef"], "MN", "16025010", 1550, 1790, COOKED_BEEF),
    Good("meat", _GOODS["cooked_beef"], "BY", "16025010", 1550, 1790, tuple(weight // 5 for weight in COOKED_BEEF)),
    Good("meat", _GOODS["frozen_horse_meat"], "MN", "02050000", 1800, 3000, (24, 24, 20, 0, 0, 0, 0, 0, 0, 18, 24, 26)),
    Good("grain", _GOODS["linseed"], "RU", "12040000", 260, 320, LINSEED),
    Good("grain", _GOODS["linseed"], "KZ", "12040000", 260, 320, tuple(weight // 2 for weight in LINSEED)),
    Good("grain", _GOODS["linseed"], "BY", "12040000", 260, 320, tuple(weight // 6 for weight in LINSEED)),
    Good("wool", _GOODS["raw_cashmere"], "MN", "51021920", 18_500, 29_000, (0, 0, 0, 16, 60, 40, 22, 0, 0, 0, 0, 0)),
    Good(
        "packaged_food",
        _GOODS["braised_beef"],
        "MN",
        "16025090",
        5_000,
        9_000,
        (8, 8, 10, 12, 14, 16) + (14,) * 6,
        2024,
    ),
)
"""Goods that trucks bring and most residents buy."""

FLOURS = (
    Good("grain", _GOODS["wheat_flour"], "RU", "11010000", 250, 500, ALL_YEAR),
    Good("grain", _GOODS["wheat_flour"], "KZ", "11010000", 250, 500, ALL_YEAR),
)
"""Flours, bought beside another good; their free weight is 50 kg."""

TAXED_GOODS = (
    Good("wool", _GOODS["sheeps_wool"], "MN", "51011100", 500, 1_500, (0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0)),
    Good("wool", _GOODS["dehaired_cashmere"], "MN", "51053921", 47_000, 76_000, (0, 0, 0, 1, 2, 1, 1, 0, 0, 0, 0, 0)),
)
"""Sheep's wool and wool tops: on the national list, without any exemption."""

EXPORT = Good("grain", _GOODS["wheat_flour"], HOME_COUNTRY, "11010000", 250, 500, ALL_YEAR, direction="export")

COMMUNITIES, VILLAGES = tuple(INVENTED["communities"]), tuple(INVENTED["villages"])
SETTLEMENTS = COMMUNITIES + VILLAGES


@dataclass(frozen=True, slots=True)
class DemoGroup:
    """A group of residents of one settlement."""

    name: str
    kind: str
    settlement: str


def groups() -> list[DemoGroup]:
    """The forty groups: mutual-aid groups in all settlements, co-operatives in the town, a collective per village."""
    names = INVENTED["groups"]
    made = [
        DemoGroup(names[number].format(settlement=settlement), "mutual_aid", settlement)
        for number in ("first", "second")
        for settlement in SETTLEMENTS
    ]
    made += [
        DemoGroup(names["third"].format(settlement=settlement), "mutual_aid", settlement)
        for settlement in COMMUNITIES[:4]
    ]
    made += [
        DemoGroup(names["cooperative"].format(town=settlement[:2]), "cooperative", settlement)
        for settlement in COMMUNITIES
    ]
    return made + [
        DemoGroup(names["village"].format(settlement=settlement), "village", settlement) for settlement in VILLAGES
    ]


def is_open(day: datetime.date) -> bool:
    """Whether the market is open: it is closed on Sundays, in the Spring Festival and during Naadam."""
    in_spring_festival = any(0 <= (day - first).days < SPRING_FESTIVAL_DAYS for first in SPRING_FESTIVALS)
    in_naadam = day.month == NAADAM_MONTH and day.day in NAADAM_DAYS
    return day.weekday() != SUNDAY and not in_spring_festival and not in_naadam


def open_days(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """The days from first to last on which the market is open."""
    days = (first + datetime.timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if is_open(day)]


def choose(chance: random.Random, goods: Sequence[Good], day: datetime.date) -> Good | None:
    """Draws one of the goods, by their weights in the month of a day; None when none of them is in season."""
    weights = [good.weights[day.month - 1] if day.year >= good.first_year else 0 for good in goods]
    return chance.choices(goods, weights)[0] if any(weights) else None


def trade_point(chance: random.Random) -> str:
    """Draws the trade point where a truck unloads, or a resident buys."""
    return CITY_POINT if chance.randrange(100) < CITY_POINT_PERCENT else DEFAULT_TRADE_POINT
