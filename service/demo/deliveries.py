"""Chooses which of the demo's trades go on to which enterprise, so that the published shares come out.

Of the imports' value, 96.40 % of the second half of 2024 goes on to processing, and 515 million CNY of all of 2024, as
it was published. The shares of 2023 are invented. What stays behind was bought by residents who came alone.
"""

import datetime
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from service.demo.invented import INVENTED
from service.demo.market import open_days
from service.domain.money import FEN_PER_CNY
from service.domain.rounding import divide_half_up
from service.domain.transactions import Trade
from service.domain.transfers import Purpose

MEAT_PROCESSOR, WOOL_AND_OIL_PROCESSOR, TRADER = range(3)
"""The places of the enterprises in the plan."""

PROCESSORS = {
    "meat": MEAT_PROCESSOR,
    "packaged_food": MEAT_PROCESSOR,
    "grain": WOOL_AND_OIL_PROCESSOR,
    "wool": WOOL_AND_OIL_PROCESSOR,
}
PROCESSED_2024_FEN = 515_000_000 * FEN_PER_CNY
FIRST_HALF_2024, SECOND_HALF_2024 = (2024, 1), (2024, 2)
PROCESSED_PERMILLE = {(2023, 1): 910, (2023, 2): 935, SECOND_HALF_2024: 964}
"""How many thousandths of the imports' value go on to processing, by year and half. In the first half of 2024 it is
what is left of PROCESSED_2024_FEN."""

SECOND_MARKET_PERCENT = 67
"""Of what does not go on to processing, so much goes on to the second market; residents keep the rest."""

PAID_PERCENT: Mapping[Purpose, int] = {"processing": 103, "secondary_market": 106}
"""What an enterprise pays, in percent of what the residents paid."""

HALF_A_MONTH_DAYS = 15
CORRECTED_MONTH = (2024, 9)
"""In this month the delivery to the second market was recorded under a wrong contract, and reversed."""

Half = tuple[int, int]
"""A year, and its first or second half."""


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """Trades that go on to an enterprise together, by their places in the plan.

    `enterprise` is a place among the plan's enterprises. `last_g` is what of the last trade goes on; None for all of
    it. `reversed_because` is the reason why the delivery is reversed at once.
    """

    enterprise: int
    purpose: Purpose
    transferred_on: datetime.date
    trades: tuple[int, ...]
    paid_fen: int
    contract: str
    last_g: int | None = None
    reversed_because: str | None = None


@dataclass(slots=True)
class _Chosen:
    """What is chosen so far of half a year, in fen. `half_fen` is the value of all its imports.

    The unprocessed part of what is imported so far is never larger than that of the whole half.
    """

    half_fen: int
    half_unprocessed_fen: int
    imported_fen: int = 0
    unprocessed_fen: int = 0
    second_market_fen: int = 0

    def purpose_of(self, trade: Trade) -> Purpose | None:
        """What the next trade goes on for; None when a resident keeps the goods."""
        self.imported_fen += trade.amount_fen
        is_of_a_household = trade.commodity == INVENTED["goods"]["wheat_flour"]
        unprocessed_fen = self.unprocessed_fen + trade.amount_fen
        fits = unprocessed_fen * self.half_fen <= self.half_unprocessed_fen * self.imported_fen
        if not is_of_a_household and (trade.consignment is not None or not fits):
            return "processing"
        self.unprocessed_fen = unprocessed_fen
        sold_fen = self.second_market_fen + trade.amount_fen
        if is_of_a_household or sold_fen * 100 > unprocessed_fen * SECOND_MARKET_PERCENT:
            return None
        self.second_market_fen = sold_fen
        return "secondary_market"


def plan_deliveries(trades: Mapping[int, Trade]) -> Iterator[PlannedDelivery]:
    """Yields the deliveries of these trades, which are live imports by their places in the plan, in order of days."""
    halves: dict[Half, dict[int, Trade]] = {}
    for place, trade in trades.items():
        halves.setdefault((trade.day.year, 1 + (trade.day.month > 6)), {})[place] = trade
    amounts = {half: sum(trade.amount_fen for trade in found.values()) for half, found in halves.items()}
    processed = {half: amounts.get(half, 0) * share // 1000 for half, share in PROCESSED_PERMILLE.items()}
    processed[FIRST_HALF_2024] = PROCESSED_2024_FEN - processed[SECOND_HALF_2024]
    for half, found in halves.items():
        yield from _of_half(found, _Chosen(amounts[half], amounts[half] - processed[half]))


def _of_half(trades: Mapping[int, Trade], chosen: _Chosen) -> Iterator[PlannedDelivery]:
    loads: dict[tuple[datetime.date, Purpose, int], list[int]] = {}
    for place, trade in trades.items():
        purpose = chosen.purpose_of(trade)
        if purpose is not None:
            enterprise = PROCESSORS[trade.category] if purpose == "processing" else TRADER
            loads.setdefault((_delivered_on(trade.day, purpose), purpose, enterprise), []).append(place)
    for (day, purpose, enterprise), places in sorted(loads.items()):
        delivery = _delivery(day, purpose, enterprise, {place: trades[place] for place in places})
        if purpose == "secondary_market" and (day.year, day.month) == CORRECTED_MONTH:
            yield replace(
                delivery, contract=f"{delivery.contract}-1", reversed_because=INVENTED["transfer_reversal_reason"]
            )
        yield delivery


def _delivery(day: datetime.date, purpose: Purpose, enterprise: int, trades: Mapping[int, Trade]) -> PlannedDelivery:
    """A delivery; the trader of the second market takes half of the last trade only."""
    amount_fen, last = sum(trade.amount_fen for trade in trades.values()), list(trades.values())[-1]
    last_g = None
    if purpose == "secondary_market" and last.quantity_g > 1:
        last_g = last.quantity_g // 2
        amount_fen -= last.amount_fen // 2
    paid_fen = divide_half_up(amount_fen * PAID_PERCENT[purpose], 100 * FEN_PER_CNY) * FEN_PER_CNY
    contract = INVENTED["contract"][purpose].format(day=day, enterprise=enterprise + 1)
    return PlannedDelivery(enterprise, purpose, day, tuple(trades), paid_fen, contract, last_g)


@functools.cache
def _delivered_on(day: datetime.date, purpose: Purpose) -> datetime.date:
    """The last open day of the half of a month that a day is in; for the second market that of the whole month."""
    month_after = (day.replace(day=1) + datetime.timedelta(days=31)).replace(day=1)
    end = month_after - datetime.timedelta(days=1)
    if purpose == "processing" and day.day <= HALF_A_MONTH_DAYS:
        end = day.replace(day=HALF_A_MONTH_DAYS)
    return open_days(day, end)[-1]
