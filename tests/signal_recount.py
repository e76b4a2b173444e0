"""Finds signals by going through all trades of the journal, for tests that compare them with what a ledger reports."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from service.domain.periods import Period
from service.domain.prices import unit_price, usual_prices
from service.domain.transactions import Transaction

LIMIT_FEN = 800_000
HOUR = datetime.timedelta(hours=1)
ONE_DAY = datetime.timedelta(days=1)

Plain = tuple[Any, ...]
"""A signal: its rule, the kind and the name of its subject, what was compared, the buyer, the days, and what else tells
it apart: the trade point of a load, the direction of a price, the beginning of a key's hour."""

Behind = list[Transaction]


class SignalRecount:
    """Answers what a report of signals answers, for a period and trade points, with loops over live trades."""

    def __init__(self, entries: Iterable[Transaction], gone_to: Mapping[UUID, Mapping[int, int]]) -> None:
        """Keeps the live trades; `gone_to` has the fen of each trade that live transfers brought to each enterprise."""
        entries = list(entries)
        reversed_ones = {entry.reverses for entry in entries}
        self._live = [one for one in entries if one.reverses is None and one.transaction_id not in reversed_ones]
        self._gone_to = gone_to

    def signals(self, period: Period, points: Collection[str] | None) -> dict[Plain, Behind]:
        """All signals of a period, and the trades behind each."""
        asked = [one for one in self._live if _is_in(one, period) and (points is None or one.trade_point in points)]
        found: dict[Plain, Behind] = {}
        for each in (self._loads, self._keys, self._declarants):
            found |= each(asked, period)
        return found | dict(self._often(period, points)) | dict(self._prices(period, points))

    def _is_at_limit(self, resident: int, day: datetime.date) -> bool:
        return self._used_pct(resident, day) >= 9_500

    def _used_pct(self, resident: int, day: datetime.date) -> float:
        own = [one for one in self._live if one.resident == resident and one.day == day and one.direction == "import"]
        return sum(one.exempt_fen for one in own) * 10_000 / LIMIT_FEN

    def _loads(self, asked: list[Transaction], period: Period) -> Iterator[tuple[Plain, Behind]]:
        loads: dict[Any, list[Transaction]] = defaultdict(list)
        for one in asked:
            if one.direction == "import" and one.consignment is not None:
                loads["consignment", one.consignment, one.trade_point, period].append(one)
            elif one.direction == "import" and one.vehicle_plate is not None:
                day = Period(one.day, one.day)
                loads["vehicle_plate", one.vehicle_plate, one.trade_point, day].append(one)
        for (kind, name, point, days), trades in loads.items():
            near = [one for one in trades if self._is_at_limit(one.resident, one.day)]
            residents = {one.resident for one in near}
            buyer = self._buyer(near)
            if len(residents) >= 10 and buyer is not None:
                least = int(min(self._used_pct(one.resident, one.day) for one in near))
                compared = (("residents_at_limit", len(residents), 10), ("limit_used_pct", least, 9_500))
                yield ("consignment-one-buyer", kind, name, compared, buyer, days, point), trades

    def _buyer(self, near: list[Transaction]) -> tuple[str, Any] | None:
        fen_of, owners_of = Counter[int](), defaultdict[int, set[int]](set)
        for one in near:
            for enterprise, fen in self._gone_to.get(one.transaction_id, {}).items():
                fen_of[enterprise] += fen
                owners_of[enterprise].add(one.resident)
        of_all = [enterprise for enterprise, owners in owners_of.items() if owners == _residents(near)]
        if of_all:
            return "enterprise", min(of_all, key=lambda enterprise: (-fen_of[enterprise], enterprise))
        declarants, sellers = {one.declared_by for one in near}, {one.seller for one in near}
        if len(declarants) == 1:
            return "declarant", next(iter(declarants))
        return ("seller", next(iter(sellers))) if len(sellers) == 1 and sellers != {None} else None

    def _keys(self, asked: list[Transaction], period: Period) -> Iterator[tuple[Plain, Behind]]:
        by_key: dict[int, list[Transaction]] = defaultdict(list)
        for one in asked:
            if one.recorded_by:
                by_key[one.recorded_by].append(one)
        for key, trades in by_key.items():
            best: dict[datetime.date, list[Transaction]] = {}
            for first in sorted(trades, key=lambda one: one.recorded_at):
                hour = [one for one in trades if first.recorded_at <= one.recorded_at < first.recorded_at + HOUR]
                if len(_residents(hour)) > len(_residents(best.get(first.recorded_at.date(), []))):
                    best[first.recorded_at.date()] = hour
            for hour in best.values():
                served = len(_residents(hour))
                if served > 20:
                    compared = (("residents_in_an_hour", served, 20),)
                    began = min(one.recorded_at for one in hour)
                    yield ("key-many-residents", "api_key", key, compared, None, period, began), hour

    def _often(self, period: Period, points: Collection[str] | None) -> Iterator[tuple[Plain, Behind]]:
        imports = [
            one for one in self._live if one.direction == "import" and (points is None or one.trade_point in points)
        ]
        for resident in _residents(imports):
            own = [one for one in imports if one.resident == resident]
            days = {one.day for one in own if self._is_at_limit(resident, one.day)}
            best, window = 0, None
            for end in (period.start + n * ONE_DAY for n in range(period.days)):
                start = end - 29 * ONE_DAY
                if (count := sum(start <= day <= end for day in days)) > best:
                    best, window = count, Period(start, end)
            if window is not None and best >= 20:
                compared = (("days_at_limit", best, 20),)
                behind = [one for one in own if _is_in(one, window)]
                yield ("resident-at-limit", "resident", resident, compared, None, window, None), behind

    def _prices(self, period: Period, points: Collection[str] | None) -> Iterator[tuple[Plain, Behind]]:
        goods: dict[Any, list[Transaction]] = defaultdict(list)
        for one in self._live:
            goods[one.commodity, one.direction, one.day.year, one.day.month].append(one)
        for (commodity, direction, year, month), trades in goods.items():
            usual = usual_prices(_price(one) for one in trades)
            inside = [one for one in trades if _is_in(one, period) and (points is None or one.trade_point in points)]
            outside = [one for one in inside if usual and not usual.include(one.amount_fen, one.quantity_g)]
            if not outside or usual is None:
                continue
            prices = [_price(one) for one in outside]
            compared = tuple(
                ("unit_price_cny_per_kg", value, threshold)
                for value, threshold, is_outside in (
                    (min(prices), usual.lowest, min(prices) < usual.lowest),
                    (max(prices), usual.highest, max(prices) > usual.highest),
                )
                if is_outside
            )
            days = [period.start + n * ONE_DAY for n in range(period.days)]
            days = [day for day in days if (day.year, day.month) == (year, month)]
            clipped = Period(days[0], days[-1])
            yield ("price-of-month", "commodity", commodity, compared, None, clipped, direction), outside

    def _declarants(self, asked: list[Transaction], period: Period) -> Iterator[tuple[Plain, Behind]]:
        themselves = {one.resident for one in self._live if one.declarant is None}
        behind: dict[int, list[Transaction]] = defaultdict(list)
        for one in asked:
            if one.declarant is not None and one.resident not in themselves:
                behind[one.declarant].append(one)
        for declarant, trades in behind.items():
            compared = (("residents_never_declaring", len(_residents(trades)), 1),)
            yield ("never-self-declared", "resident", declarant, compared, None, period, None), trades


def _is_in(one: Transaction, period: Period) -> bool:
    return period.start <= one.day <= period.end


def _price(one: Transaction) -> int:
    return unit_price(one.amount_fen, one.quantity_g)


def _residents(trades: Iterable[Transaction]) -> set[int]:
    return {one.resident for one in trades}
