"""What a process knows of prices without reading them again is what it would read."""

import datetime
import random
from typing import Any

from service.domain.prices import TRADES_MIN
from service.domain.transactions import Trade
from service.ledger import Ledger
from service.storage.prices import FEW_TRADES, HARDLY_ENOUGH_TRADES, PriceBook
from tests.builders import a_key, a_trade
from tests.conftest import Caller

GOODS, DAY = "冻马肉", datetime.date(2024, 6, 30)


def _usual(ledger: Ledger, book: PriceBook) -> Any:
    """The usual prices as a batch with one trade of these goods finds them."""
    at = datetime.datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
    trade = Trade(1, "meat", GOODS, "MN", 1000, 1000, at)
    with ledger.database.reading() as connection:
        book.read(connection, [(trade, DAY)])
    return book.usual(GOODS, trade.direction, DAY)


def test_known_prices_are_those_that_the_ledger_has(ledger: Ledger, admin: Caller) -> None:
    """The trades go through all sizes of a window; one in five is reversed."""
    chance, ids = random.Random(15), admin.register(9)
    seen: list[int] = []
    while len(seen) < 12 or seen[-1] < FEW_TRADES:
        lines = [
            a_trade(
                resident_id=chance.choice(ids), commodity=GOODS, quantity_kg=f"{chance.randrange(1, 90)}",
                amount_cny=f"{chance.randrange(100, 900)}.{chance.randrange(100):02d}", key=a_key(),
                traded_at=f"{DAY - datetime.timedelta(chance.randrange(100))}T12:00:00+08:00",
            )
            for _ in range(chance.choice([1, 1, 2, 3, 20]))
        ]  # fmt: skip
        posted = admin.post("/v1/transactions/batch", {"items": lines}).get_json()
        assert posted["accepted"] == len(lines)
        for item in posted["items"]:
            if not chance.randrange(5):
                assert admin.reverse(item["transaction_id"]).status_code == 201
        known, read = _usual(ledger, ledger.prices), _usual(ledger, PriceBook())
        if read is None or read.trades < FEW_TRADES:
            assert known == read
        seen.append(read.trades if read else 0)
    assert {size // TRADES_MIN for size in seen} >= {0, 1, HARDLY_ENOUGH_TRADES // TRADES_MIN}
