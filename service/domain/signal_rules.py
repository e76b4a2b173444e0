"""The five rules of signals: pure functions over what service.storage.signals has counted in the journal."""

import datetime
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from service.domain.periods import Period
from service.domain.prices import UsualPrices, unit_price, usual_prices
from service.domain.signals import (
    BUYER_KINDS,
    CONSIGNMENT_RESIDENTS_MIN,
    KEY_RESIDENTS_MAX,
    KEY_SPAN,
    LIMIT_DAYS_MIN,
    LIMIT_PERCENT_MIN,
    LIMIT_WINDOW_DAYS,
    NEVER_DECLARING_MIN,
    Buyer,
    BuyerKind,
    Compared,
    EntryScope,
    Signal,
    SubjectKind,
)
from service.domain.transactions import Direction


class Sameness(NamedTuple):
    """What trades say of one thing: the lowest and the highest value, and how many of them say anything."""

    lowest: int | str | None
    highest: int | str | None
    trades: int

    def one(self, trades: int) -> int | str | None:
        """The value that all of so many trades have; None when they differ, or one of them has none."""
        return self.lowest if self.trades == trades and self.lowest == self.highest else None


class Taken(NamedTuple):
    """What an enterprise has taken of some trades: of how many residents, and how much it was worth."""

    enterprise: int
    residents: int
    amount_fen: int


def one_buyer(residents: int, trades: int, taken: Iterable[Taken], said: Mapping[BuyerKind, Sameness]) -> Buyer | None:
    """Who is behind so many residents with so many trades, by what says most; None when nobody is."""
    enterprise = _enterprise_behind(residents, taken)
    if enterprise is not None:
        return Buyer("enterprise", enterprise)
    for kind in BUYER_KINDS:
        value = said[kind].one(trades) if kind in said else None
        if value is not None:
            return Buyer(kind, value)
    return None


def _enterprise_behind(residents: int, taken: Iterable[Taken]) -> int | None:
    """The enterprise that has goods of all residents, whatever others have; of several the one that took most value."""
    of_all = [(-one.amount_fen, one.enterprise) for one in taken if one.residents == residents]
    return min(of_all)[1] if of_all else None


class Load(NamedTuple):
    """What was counted of a consignment, or of a plate on a day where no consignment is named.

    `at_limit` are the residents at the limit, `least_used` the smallest used part among them in hundredths of a
    percent, and `buyer` is behind all of them.
    """

    trade_point: str
    consignment: str | None
    vehicle_plate: str | None
    first_day: datetime.date
    last_day: datetime.date
    at_limit: int
    least_used: int
    buyer: Buyer | None = None

    @property
    def scope(self) -> EntryScope:
        """The trades of the load."""
        points = frozenset({self.trade_point})
        whole = EntryScope(self.first_day, self.last_day, points, "import")
        return replace(whole, consignment=self.consignment, vehicle_plate=self.vehicle_plate)


def one_buyer_signals(loads: Iterable[Load]) -> list[Signal]:
    """Many residents at the limit on one load, and one buyer behind all of them."""
    found = [load for load in loads if load.at_limit >= CONSIGNMENT_RESIDENTS_MIN and load.buyer is not None]
    found.sort(key=_load_order)
    return [_load_signal(load) for load in found]


def _load_order(load: Load) -> tuple[object, ...]:
    assert load.buyer is not None
    named = load.consignment or load.vehicle_plate or ""
    return (BUYER_KINDS.index(load.buyer.kind), -load.at_limit, load.trade_point, named, load.first_day)


def _load_signal(load: Load) -> Signal:
    compared = (
        Compared("residents_at_limit", load.at_limit, "at_least", CONSIGNMENT_RESIDENTS_MIN),
        Compared("limit_used_pct", load.least_used, "at_least", LIMIT_PERCENT_MIN * 100),
    )
    kind: SubjectKind = "vehicle_plate" if load.consignment is None else "consignment"
    named = load.consignment or load.vehicle_plate or ""
    return Signal("consignment-one-buyer", kind, named, compared, load.scope, load.buyer)


class KeyTrade(NamedTuple):
    """A trade as a key recorded it."""

    api_key: int
    recorded_at: datetime.datetime
    resident: int


class BusyHour(NamedTuple):
    """An hour of a key, which begins and ends with a trade, and how many different residents it served."""

    api_key: int
    recorded_from: datetime.datetime
    recorded_to: datetime.datetime
    served: int


def busiest_hours(trades: Iterable[KeyTrade]) -> Iterator[BusyHour]:
    """For each key and each day on which an hour begins, the hour with the most residents; the first of equal ones.

    An hour begins with a trade, and a trade exactly 60 minutes later is not in it. The trades come by key, and then
    by time.
    """
    best: dict[tuple[int, datetime.date], BusyHour] = {}
    window: deque[KeyTrade] = deque()
    served: Counter[int] = Counter()
    for trade in trades:
        while window and not _is_within(window[0], trade):
            _end_hour(window, served, best)
        window.append(trade)
        served[trade.resident] += 1
    while window:
        _end_hour(window, served, best)
    yield from best.values()


def _is_within(first: KeyTrade, trade: KeyTrade) -> bool:
    return trade.api_key == first.api_key and trade.recorded_at < first.recorded_at + KEY_SPAN


def _end_hour(window: deque[KeyTrade], served: Counter[int], best: dict[tuple[int, datetime.date], BusyHour]) -> None:
    """Notes the hour that begins with the first trade of the window, and takes this trade out."""
    first = window[0]
    hour = BusyHour(first.api_key, first.recorded_at, window[-1].recorded_at, len(served))
    key = first.api_key, first.recorded_at.date()
    if key not in best or best[key].served < hour.served:
        best[key] = hour
    window.popleft()
    served[first.resident] -= 1
    if not served[first.resident]:
        del served[first.resident]


def busy_key_signals(trades: Iterable[KeyTrade], asked: EntryScope) -> list[Signal]:
    """One key that recorded trades of more than 20 residents in an hour: its busiest hour of each day."""
    hours = [hour for hour in busiest_hours(trades) if hour.served > KEY_RESIDENTS_MAX]
    hours.sort(key=lambda hour: (-hour.served, hour.api_key, hour.recorded_from))
    return [
        Signal(
            "key-many-residents",
            "api_key",
            hour.api_key,
            (Compared("residents_in_an_hour", hour.served, "more_than", KEY_RESIDENTS_MAX),),
            replace(asked, api_key=hour.api_key, recorded_from=hour.recorded_from, recorded_to=hour.recorded_to),
        )
        for hour in hours
    ]


def limit_days_before(period: Period) -> datetime.date:
    """The first day of the first 30 days that end in a period."""
    return period.start - datetime.timedelta(LIMIT_WINDOW_DAYS - 1)


def fullest_window(days: Sequence[datetime.date], period: Period) -> tuple[int, Period]:
    """The 30 days that end in a period and have the most of these days, and how many; the first of equal ones.

    The days ascend, each once.
    """
    best = 0, Period(limit_days_before(period), period.start)
    for end in (period.start, *(day for day in days if period.start < day <= period.end)):
        start = end - datetime.timedelta(LIMIT_WINDOW_DAYS - 1)
        count = bisect_right(days, end) - bisect_left(days, start)
        if count > best[0]:
            best = count, Period(start, end)
    return best


def limit_days_signals(days_at_limit: Mapping[int, Sequence[datetime.date]], asked: EntryScope) -> list[Signal]:
    """Residents who are at the limit on 20 of 30 days; the 30 days end in the period, and may begin before it."""
    fullest = [(resident, *fullest_window(days, asked.period)) for resident, days in days_at_limit.items()]
    found = [one for one in fullest if one[1] >= LIMIT_DAYS_MIN]
    found.sort(key=lambda one: (-one[1], one[0]))
    return [
        Signal(
            "resident-at-limit",
            "resident",
            resident,
            (Compared("days_at_limit", count, "at_least", LIMIT_DAYS_MIN),),
            EntryScope(window.start, window.end, asked.trade_points, "import", resident=resident),
        )
        for resident, count, window in found
    ]


class PricedTrade(NamedTuple):
    """A live trade of a month with its place in the journal; `is_asked` when it belongs to the question."""

    place: int
    amount_fen: int
    quantity_g: int
    is_asked: bool

    @property
    def price(self) -> int:
        """The unit price."""
        return unit_price(self.amount_fen, self.quantity_g)


def price_signal(
    commodity: str, direction: Direction, asked: EntryScope, trades: Sequence[PricedTrade]
) -> Signal | None:
    """The trades of a commodity outside of the median of a month plus and minus three times the deviation from it.

    All trades of the month count for the median; `asked` has its days that are asked about. None with fewer than 20.
    """
    usual = usual_prices(trade.price for trade in trades)
    if usual is None:
        return None
    outside = [one for one in trades if one.is_asked and not usual.include(one.amount_fen, one.quantity_g)]
    if not outside:
        return None
    places = tuple(sorted(trade.place for trade in outside))
    scope = replace(asked, direction=direction, commodity=commodity, places=places)
    return Signal("price-of-month", "commodity", commodity, _prices_compared(usual, outside), scope)


def _prices_compared(usual: UsualPrices, outside: Sequence[PricedTrade]) -> tuple[Compared, ...]:
    lowest, highest = min(one.price for one in outside), max(one.price for one in outside)
    below = Compared("unit_price_cny_per_kg", lowest, "below", usual.lowest)
    above = Compared("unit_price_cny_per_kg", highest, "above", usual.highest)
    return tuple(
        one for one, is_there in ((below, lowest < usual.lowest), (above, highest > usual.highest)) if is_there
    )


def price_order(signal: Signal) -> tuple[object, ...]:
    """Signals of prices go by the number of their trades, the largest first."""
    return (-len(signal.scope.places), signal.scope.first_day, signal.subject, signal.scope.direction)


def never_declaring_signals(pairs: Mapping[int, Sequence[int]], asked: EntryScope) -> list[Signal]:
    """Representatives who declare for residents who never declare for themselves: the residents by representative."""
    found = [(declarant, sorted(set(buyers))) for declarant, buyers in pairs.items()]
    found = [one for one in found if len(one[1]) >= NEVER_DECLARING_MIN]
    found.sort(key=lambda one: (-len(one[1]), one[0]))
    return [
        Signal(
            "never-self-declared",
            "resident",
            declarant,
            (Compared("residents_never_declaring", len(buyers), "at_least", NEVER_DECLARING_MIN),),
            replace(asked, declarant=declarant, buyers=tuple(buyers)),
        )
        for declarant, buyers in found
    ]
