"""A ledger that the demo has filled, with a handful of trades: quick, and marked as the whole demo is."""

import datetime
import random

from service.demo.calibration import DraftTrade
from service.demo.filling import fill
from service.demo.market import GOODS, groups
from service.demo.people import DemoResident
from service.demo.plan import DemoPlan, PlannedTrade, trade_of
from service.demo.trades import lone_lot
from service.ledger import Ledger
from tests.builders import a_citizen_number

RESIDENTS = 6
DAYS = (datetime.date(2023, 4, 12), datetime.date(2024, 4, 3), datetime.date(2024, 4, 30))


def fill_a_little(ledger: Ledger) -> None:
    """Posts one trade of each resident on each day, as `hushi demo` does."""
    since = datetime.date(2022, 3, 1)
    people = [DemoResident(n + 1, "阿拉坦", a_citizen_number(n), since, "额仁嘎查", n % 2) for n in range(RESIDENTS)]
    lines = [
        DraftTrade(person.ordinal, day, 36_000, lone_lot(random.Random(1), GOODS[0]), 100_000 + day.year, 60_000)
        for day in DAYS
        for person in people
    ]
    fill(ledger, DemoPlan(groups()[:2], people, [PlannedTrade(trade_of(line, None)) for line in lines]))
