"""A market's two years as rows of the journal: deterministic, in Erenhot's shape, much faster than posting them.

The shape: 60 % of the lines are pooled in trucks, each with one line of 50 of the 150 residents of one group; the
others are of residents without a group, of whom one in four trades two lines a day. Six goods of four categories
from four countries, cashmere from April to July, closed on Sundays, in the Spring Festival and during Naadam. One line
in 500 is reversed in the evening; 5 % are exports. All lines are within the allowance, whose rows are not made.
"""

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass

from service.domain.transactions import NEGATED
from service.storage.entry_rows import COLUMNS

FIRST_DAY, LAST_DAY = datetime.date(2023, 1, 1), datetime.date(2024, 12, 31)
TRUCK_LINES, GROUP_MEMBERS, SETTLEMENTS = 50, 150, 12
POOLED_PERCENT, SECOND_LINE_PERCENT, EXPORT_PERCENT, CITY_POINT_PERCENT = 60, 25, 5, 10
REVERSED_ONE_IN = 500
LATE_DAY, LATE_ROWS = datetime.date(2024, 8, 30), 1000
DAY_US = 86_400_000_000
EPOCH = datetime.date(1970, 1, 1)

# category, commodity, origin, HS code, fen per kg, months
GOODS = (
    ("meat", "熟牛肉", "MN", "16025010", 1670, range(1, 13)),
    ("meat", "冻马肉", "MN", "02050000", 2400, (10, 11, 12, 1, 2, 3)),
    ("grain", "亚麻籽", "RU", "12040000", 290, (10, 11, 12, 1, 2, 3, 4)),
    ("grain", "小麦粉", "KZ", "11010000", 380, range(1, 13)),
    ("wool", "山羊绒", "MN", "51021920", 24_000, (4, 5, 6, 7)),
    ("packaged_food", "卤牛肉", "MN", "16025090", 7000, range(1, 13)),
    ("packaged_food", "奶酪", "BY", "04069000", 6200, range(1, 13)),
)


@dataclass(frozen=True, slots=True)
class MarketShape:
    """How much of it: transactions over two years, and registered residents, 60 % of them in groups of 150."""

    transactions: int
    residents: int = 100_000
    seed: int = 1

    @property
    def groups(self) -> int:
        """The number of groups."""
        return self.residents * POOLED_PERCENT // 100 // GROUP_MEMBERS


Row = tuple[object, ...]
"""A value for each of COLUMNS, as SQLite's driver takes it: UUIDs are 16 bytes, days and instants integers."""

_ID, _REVERSES = COLUMNS.index("transaction_id"), COLUMNS.index("reverses")


def open_days() -> list[datetime.date]:
    """The market's business days."""
    days = [FIRST_DAY + datetime.timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    spring = {datetime.date(2023, 1, 21 + n) for n in range(7)} | {datetime.date(2024, 2, 10 + n) for n in range(7)}
    return [
        day for day in days if day.weekday() != 6 and day not in spring and not (day.month == 7 and 11 <= day.day <= 15)
    ]


def group_of(shape: MarketShape, resident: int) -> int | None:
    """The group of a resident (ordinals from 1); members are spread over all ordinals of the pooled part."""
    return (resident - 1) % shape.groups + 1 if resident <= shape.groups * GROUP_MEMBERS else None


def settlement_of(shape: MarketShape, resident: int) -> str:
    """The settlement of a resident; a group lives in one."""
    return f"社区{(group_of(shape, resident) or resident) % SETTLEMENTS + 1}"


def days_of_rows(shape: MarketShape) -> Iterator[tuple[list[Row], list[int]]]:
    """Day by day: the rows in the order of acceptance, and the places among them that are live at the day's end."""
    chance, days, made = random.Random(shape.seed), open_days(), 0
    for number, day in enumerate(days):
        wanted = shape.transactions * (number + 1) // len(days) - made
        rows = _day(shape, day, wanted, made, chance)
        made += len(rows)
        yield rows, live_places(rows)


def live_places(rows: list[Row]) -> list[int]:
    """The places of the trades that no row among these reverses."""
    gone = {row[_REVERSES] for row in rows}
    return [place for place, row in enumerate(rows) if row[_REVERSES] is None and row[_ID] not in gone]


def late_rows(shape: MarketShape) -> list[Row]:
    """A thousand more trades of one August day, which the benchmarks leave in the tail."""
    chance = random.Random(-shape.seed)
    return _day(shape, LATE_DAY, LATE_ROWS, shape.transactions + 1000, chance)[:LATE_ROWS]


def _day(shape: MarketShape, day: datetime.date, wanted: int, made: int, chance: random.Random) -> list[Row]:
    goods = [good for good in GOODS if day.month in good[-1]]
    opening_us = (day - EPOCH).days * DAY_US + 1 * 3_600_000_000  # 9 in the morning in the market's time
    trades = wanted - wanted // REVERSED_ONE_IN
    rows: list[Row] = []
    while len(rows) < trades * POOLED_PERCENT // 100:
        group, good = chance.randrange(shape.groups), chance.choice(goods)
        truck = _truck(chance)
        for place in chance.sample(range(GROUP_MEMBERS), TRUCK_LINES):
            resident = group + place * shape.groups + 1
            rows.append(_line(shape, day, opening_us, made + len(rows), resident, good, truck, chance))
    first_alone = shape.groups * GROUP_MEMBERS + 1
    while len(rows) < trades:
        resident = chance.randrange(first_alone, shape.residents + 1)
        for _ in range(2 if chance.randrange(100) < SECOND_LINE_PERCENT else 1):
            good = chance.choice(goods)
            rows.append(_line(shape, day, opening_us, made + len(rows), resident, good, _on_foot(chance), chance))
    reversed_ones = chance.sample(rows, min(len(rows), max(0, wanted - len(rows))))
    for row in reversed_ones:
        rows.append(_reversal(row, made + len(rows), opening_us))
    return rows


@dataclass(frozen=True, slots=True)
class TradedGood:
    """What the lines of a truck share; a resident on foot has neither consignment nor plate."""

    trade_point: str
    consignment: str | None = None
    plate: str | None = None


def _point(chance: random.Random) -> str:
    return "erenhot-city" if chance.randrange(100) < CITY_POINT_PERCENT else "erenhot"


def _truck(chance: random.Random) -> TradedGood:
    number = chance.randrange(10_000)
    return TradedGood(_point(chance), f"P{number}", f"蒙H{number:05d}")


def _on_foot(chance: random.Random) -> TradedGood:
    return TradedGood(_point(chance))


def _transaction_id(ordinal: int, at_us: int) -> bytes:
    return (at_us // 1000 << 80 | 7 << 76 | 2 << 62 | ordinal).to_bytes(16, "big")


def _line(
    shape: MarketShape, day: datetime.date, opening_us: int, ordinal: int, resident: int, good: tuple[object, ...],
    lot: "TradedGood", chance: random.Random,
) -> Row:  # fmt: skip
    category, commodity, origin, hs_code, price_fen, _ = good
    assert isinstance(price_fen, int)
    amount_fen = chance.randrange(50_000, 400_000)
    at_us = opening_us + ordinal % 28_800 * 1_000_000
    is_export = lot.plate is None and chance.randrange(100) < EXPORT_PERCENT
    quantity_g = amount_fen * 1000 // price_fen
    return _row(
        transaction_id=_transaction_id(ordinal, at_us),
        resident=resident,
        day=day.year * 10_000 + day.month * 100 + day.day,
        market_group=group_of(shape, resident),
        quantity_g=quantity_g,
        amount_fen=amount_fen,
        exempt_fen=amount_fen,
        exempt_quantity_g=0 if is_export else quantity_g,
        traded_at=at_us,
        recorded_at=at_us,
        category=category,
        commodity=commodity,
        origin="CN" if is_export else origin,
        direction="export" if is_export else "import",
        trade_point=lot.trade_point,
        rule_version="value-2008-11-01",
        hs_code=hs_code,
        settlement=settlement_of(shape, resident),
        consignment=lot.consignment,
        vehicle_plate=lot.plate,
    )


def _row(**values: object) -> Row:
    """A row with these values; what is not named is null."""
    assert values.keys() <= set(COLUMNS)
    return tuple(values.get(name) for name in COLUMNS)


def _reversal(row: Row, ordinal: int, opening_us: int) -> Row:
    at_us = opening_us + 30_000_000_000
    trade = dict(zip(COLUMNS, row, strict=True))
    negated = {name: -int(str(trade[name])) for name in NEGATED}
    own = {"transaction_id": _transaction_id(ordinal, at_us), "recorded_at": at_us}
    return _row(**trade | negated | own | {"reverses": trade["transaction_id"], "reason": "weighed again"})
