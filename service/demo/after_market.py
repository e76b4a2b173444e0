"""What the demo plans after its market: enterprises, deliveries to them, and what comes out of processing.

All of it is invented; service.demo.deliveries chooses what goes on.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.demo.deliveries import WOOL_AND_OIL_PROCESSOR, PlannedDelivery, plan_deliveries
from service.demo.invented import INVENTED
from service.domain.enterprises import CREDIT_CODE_LENGTH, NewEnterprise, check_character
from service.domain.money import GRAMS_PER_KG
from service.domain.residents import Status
from service.domain.transactions import Trade

REGISTERED_ON = datetime.date(2022, 6, 1)
ADMINISTRATION = "91152501"
"""The first characters of a credit code: a company, registered in Erenhot."""

SUSPENDED_ON, ACTIVE_AGAIN_ON = datetime.date(2024, 2, 11), datetime.date(2024, 2, 17)
"""One processor stands still while the market is closed for the Spring Festival."""

PROCESSING_DAYS = 5


class Product(NamedTuple):
    """A good that comes out of another one: its HS code, percent of the weight, and fen per kilogram."""

    name: str
    hs_code: str
    yield_percent: int
    price_fen: int


_GOODS, _PRODUCTS = INVENTED["goods"], INVENTED["products"]
PRODUCTS: Mapping[str, Sequence[Product]] = {
    _GOODS["cooked_beef"]: [Product(_PRODUCTS["sliced_beef"], "16025090", 94, 2_600)],
    _GOODS["frozen_horse_meat"]: [Product(_PRODUCTS["horse_meat_products"], "16029090", 68, 5_200)],
    _GOODS["braised_beef"]: [Product(_PRODUCTS["packed_beef"], "16025090", 98, 9_800)],
    _GOODS["linseed"]: [
        Product(_PRODUCTS["linseed_oil"], "15151100", 33, 1_150),
        Product(_PRODUCTS["linseed_cake"], "23069000", 62, 190),
    ],
    _GOODS["raw_cashmere"]: [Product(_PRODUCTS["dehaired_cashmere"], "51053990", 46, 61_000)],
    _GOODS["sheeps_wool"]: [Product(_PRODUCTS["wool_tops"], "51052900", 58, 3_600)],
    _GOODS["dehaired_cashmere"]: [Product(_PRODUCTS["cashmere_yarn"], "51081000", 92, 92_000)],
}


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """A batch of an enterprise: its deliveries, by their places in the plan, and what comes out of them."""

    enterprise: int
    processed_on: datetime.date
    deliveries: Sequence[int]
    outputs: Sequence[tuple[Product, int]]
    """Each product, with its weight in grams."""


@dataclass(frozen=True, slots=True)
class AfterMarket:
    """What happens after the market, in the order of recording."""

    enterprises: Sequence[NewEnterprise] = ()
    statuses: Sequence[tuple[int, Status, datetime.date]] = ()
    deliveries: Sequence[PlannedDelivery] = ()
    batches: Sequence[PlannedBatch] = ()


NOTHING = AfterMarket()


def plan_after_market(trades: Mapping[int, Trade]) -> AfterMarket:
    """Plans what happens after the market to these trades; they are named by their places in the plan."""
    deliveries = list(plan_deliveries(trades))
    statuses: list[tuple[int, Status, datetime.date]] = [
        (WOOL_AND_OIL_PROCESSOR, "suspended", SUSPENDED_ON),
        (WOOL_AND_OIL_PROCESSOR, "active", ACTIVE_AGAIN_ON),
    ]
    return AfterMarket(enterprises(), statuses, deliveries, list(_batches(deliveries, trades)))


def enterprises() -> list[NewEnterprise]:
    """Two processors and a trader of the second market, with invented names and credit codes."""
    return [
        NewEnterprise(one["name"], credit_code(one["organisation"]), tuple(one["kinds"]), REGISTERED_ON, None)
        for one in INVENTED["enterprises"]
    ]


def credit_code(organisation: str) -> str:
    """The unified social credit code of an invented organisation of nine characters."""
    code = ADMINISTRATION + organisation
    assert len(code) == CREDIT_CODE_LENGTH - 1
    return code + check_character(code)


def _batches(deliveries: Sequence[PlannedDelivery], trades: Mapping[int, Trade]) -> Iterator[PlannedBatch]:
    """Yields a batch of each processor and month, of all that came to the processor in the month."""
    of_a_month: dict[tuple[int, int, int], list[int]] = {}
    for place, delivery in enumerate(deliveries):
        if delivery.purpose == "processing":
            day = delivery.transferred_on
            of_a_month.setdefault((day.year, day.month, delivery.enterprise), []).append(place)
    for (_, _, enterprise), places in of_a_month.items():
        last = max(deliveries[place].transferred_on for place in places)
        outputs = _outputs([trades[number] for place in places for number in deliveries[place].trades])
        yield PlannedBatch(enterprise, last + datetime.timedelta(days=PROCESSING_DAYS), places, outputs)


def _outputs(trades: Iterable[Trade]) -> list[tuple[Product, int]]:
    """What comes out of trades: the products of each commodity, in whole kilograms."""
    put_in: Counter[str] = Counter()
    for trade in trades:
        put_in[trade.commodity] += trade.quantity_g
    made = [
        (product, quantity_g * product.yield_percent // 100 // GRAMS_PER_KG * GRAMS_PER_KG)
        for commodity, quantity_g in sorted(put_in.items())
        for product in PRODUCTS[commodity]
    ]
    return [(product, quantity_g) for product, quantity_g in made if quantity_g]
