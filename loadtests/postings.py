"""Makes a market's postings as a client sends them. Each posting has its own key and its own document number.

The bytes are put together from parts that were encoded beforehand, because the generator shares the machine with the
server. Two of three postings are a resident's first posting of a day; the third is a second posting of a resident who
traded before on that day, as in loadtests.market. All of a posting follows from its number, so the same posting can be
sent again.
"""

import csv
import datetime
import io
import itertools
import random
from collections.abc import Iterable, Iterator
from typing import IO, Any

import orjson

from loadtests.client import request_bytes
from loadtests.market import GOODS

RESIDENTS = 20_000
FIRST_DAY = datetime.date(2024, 10, 8)
"""All residents of loadtests.histories are registered before this day."""
DAYS = 600
SECOND_AFTER = 500
"""Between the first and the second posting of a resident on a day, there are three times so many postings."""
TEMPLATES = 300
CANCELLED_ONE_IN = 50
COLUMNS = [
    "key", "resident_id", "category", "commodity", "origin", "hs_code", "quantity_kg", "amount_cny", "traded_at",
    "consignment", "vehicle_plate", "reference",
]  # fmt: skip
"""The columns of a batch as a table. A clerk's file has them without the key."""

_MARK, _RESIDENT, _DAY = "0" * 16, "R00000000", "0000-00-00"


def active(residents: int) -> list[int]:
    """The ordinals of the residents who may trade, in an order without a pattern."""
    found = [n for n in range(1, residents + 1) if n % CANCELLED_ONE_IN]
    random.Random(1).shuffle(found)
    return found


class Market:
    """Postings by number, from 0. Each has a mark of its own, which is its key and its document number."""

    def __init__(self, run: str, residents: int = RESIDENTS) -> None:
        assert len(run) == 6
        self.run, self._residents = run, active(residents)
        self._days = [(FIRST_DAY + datetime.timedelta(days=n)).isoformat() for n in range(DAYS)]
        chance = random.Random(2)
        self._trades = [_trade(chance) for _ in range(TEMPLATES)]
        self._numbers = itertools.count()

    def next_number(self) -> int:
        """The number of a new posting."""
        return next(self._numbers)

    def mark(self, number: int) -> str:
        """The mark of a posting, which is its idempotency key and its document number."""
        return f"{self.run}{number:010d}"

    def resident_day(self, number: int) -> tuple[str, str]:
        """The resident who trades, and the day."""
        third, place = divmod(number, 3)
        pair = (third + SECOND_AFTER) * 2 + place if place < 2 else third * 2
        day, resident = divmod(pair, len(self._residents))
        return f"R{self._residents[resident]:08d}", self._days[day % DAYS]

    def line(self, number: int) -> dict[str, Any]:
        """The posting as a line of a batch or a file."""
        resident, day = self.resident_day(number)
        trade = self._trades[number % TEMPLATES]
        return {
            **trade, "resident_id": resident, "reference": self.mark(number), "key": self.mark(number),
            "traded_at": trade["traded_at"].replace(_DAY, day),
        }  # fmt: skip

    def lines(self, count: int) -> list[dict[str, Any]]:
        """New lines of a batch or a file."""
        return [self.line(self.next_number()) for _ in range(count)]

    def requests(self, key: str, **changes: str) -> "Requests":
        """The single posts of a caller with this API key."""
        return Requests(self, key, [{**trade, **changes} for trade in self._trades])


class Requests:
    """Makes the bytes of POST /v1/transactions."""

    def __init__(self, market: Market, key: str, trades: list[dict[str, Any]]) -> None:
        self._market = market
        headers = {
            "Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": _MARK,
        }  # fmt: skip
        self._templates = []
        for trade in trades:
            body = orjson.dumps({"resident_id": _RESIDENT, **trade, "reference": _MARK})
            text = request_bytes("/v1/transactions", headers, "POST", body).replace(b"%", b"%%")
            for found in (_MARK, _RESIDENT, _DAY):
                text = text.replace(found.encode(), b"%s")
            self._templates.append(text)

    def numbered(self, number: int) -> bytes:
        """The request for the posting with a number."""
        resident, day = self._market.resident_day(number)
        mark = self._market.mark(number).encode()
        return self._templates[number % TEMPLATES] % (mark, resident.encode(), day.encode(), mark)

    def fresh(self) -> Iterator[bytes]:
        """New requests, without end."""
        while True:
            yield self.numbered(self._market.next_number())

    def again(self, first: int, count: int) -> Iterator[bytes]:
        """The requests of known postings, again and again."""
        return itertools.cycle([self.numbered(number) for number in range(first, first + count)])


def _trade(chance: random.Random) -> dict[str, Any]:
    """The fields that do not depend on the number, in the order in which they are sent: goods, weight, amount, lot."""
    category, commodity, origin, hs_code, price_fen, _ = chance.choice(GOODS)
    assert isinstance(price_fen, int)
    amount_fen = chance.randrange(50_000, 400_000)
    grams = amount_fen * 1000 // price_fen
    trade = {
        "category": category, "commodity": commodity, "origin": origin, "hs_code": hs_code,
        "quantity_kg": f"{grams // 1000}.{grams % 1000:03d}",
        "amount_cny": f"{amount_fen // 100}.{amount_fen % 100:02d}",
        "traded_at": f"{_DAY}T{chance.randrange(9, 17):02d}:{chance.randrange(60):02d}:00+08:00",
    }  # fmt: skip
    if chance.randrange(100) < 60:  # These trades come in a truck, the others on foot.
        truck = chance.randrange(1, 10_000)
        trade |= {"consignment": f"P{truck}", "vehicle_plate": f"蒙H{truck:05d}"}
    return trade


def ndjson(lines: list[dict[str, Any]]) -> bytes:
    """A batch as one JSON object a line."""
    return b"\n".join(orjson.dumps(line) for line in lines)


def csv_table(lines: list[dict[str, Any]]) -> bytes:
    """A batch as a table."""
    text = io.StringIO()
    write_csv(text, lines, COLUMNS)
    return text.getvalue().encode()


def write_csv(target: IO[str], lines: Iterable[dict[str, Any]], columns: list[str]) -> None:
    """Writes lines as a table with these columns."""
    table = csv.DictWriter(target, columns, restval="", extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(lines)
