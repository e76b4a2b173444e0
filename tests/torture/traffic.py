"""Clients of a market: they post trades, batches, reversals, transfers and splits, each as its own seed decides."""

import contextlib
import datetime
import itertools
import random
import threading
import time
from collections.abc import Callable
from typing import Self

import orjson

from tests.builders import a_trade
from tests.http.trucks import a_line, a_truck
from tests.torture.asking import Document, Kind, Log, NoAnswer, Request
from tests.torture.markets import ENTERPRISES, RESIDENTS, Market

CLIENTS = 8
FIRST_DAY, DAYS = datetime.date(2024, 6, 1), 6
PAUSE_S_MAX = 0.01
PAUSE_AFTER_A_FAULT_S = 0.1
RETRIES_AT_ONCE_MAX = 3
WEIGHTS: dict[Kind, int] = {"trade": 60, "batch": 12, "reversal": 14, "transfer": 6, "split": 3}
CATEGORIES = ("meat", "grain", "packaged_food")
BATCH_LINES_MAX = 12
SPLIT_FROM, SPLIT_DAYS = datetime.date(2024, 5, 1), 28
"""Trucks are split on days of their own: the allowance of the others is used up by the trades."""


class Client(threading.Thread):
    """One client. It sends one request after the other, and retries half of those whose answer was lost at once."""

    def __init__(self, name: str, market: Market, chance: random.Random, log: Log, stopping: threading.Event) -> None:
        """Keeps what it needs. `name` begins each of its keys, so it must be new in this ledger."""
        super().__init__(name=name, daemon=True)
        self._wire, self._chance, self._log, self._stopping = market.wire(), chance, log, stopping
        self._numbers = itertools.count(1)
        self._own: list[str] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Sends requests until it is told to stop."""
        try:
            while not self._stopping.is_set():
                self.send_one()
                time.sleep(self._chance.random() * PAUSE_S_MAX)
        except BaseException as failure:  # A client that fails must fail the test, and not only its own thread.
            self.failure = failure
            raise
        finally:
            self._wire.close()

    def send_one(self) -> None:
        """Makes a request, keeps it, and sends it."""
        kind = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        mark = f"{self.name}-{next(self._numbers)}"
        request = _MAKERS[kind](self, mark) or self._trade(mark)
        if request is None:
            return
        self._log.add(request)
        patience = 1 + (RETRIES_AT_ONCE_MAX if self._chance.random() < 0.5 else 0)
        while not self._wire.send(request):
            patience -= 1
            if self._stopping.wait(PAUSE_AFTER_A_FAULT_S) or not patience:
                return
        if request.kind in {"trade", "batch", "split"}:
            self._own += [entry["transaction_id"] for entry in request.entries]

    def body(self, mark: str) -> Document:
        """The body of a trade; some are refused when the allowance does not cover them."""
        chance = self._chance
        day = FIRST_DAY + datetime.timedelta(days=chance.randrange(DAYS))
        category = chance.choice(CATEGORIES)
        return a_trade(
            resident_id=f"R{chance.randrange(RESIDENTS) + 1:08d}",
            category=category,
            hs_code="10019900" if category == "grain" and chance.random() < 0.3 else None,
            origin=chance.choice(("MN", "RU")),
            quantity_kg=f"{chance.randrange(1, 200_000) / 1000:.3f}",
            amount_cny=f"{chance.randrange(100, 250_000) / 100:.2f}",
            traded_at=f"{day}T{chance.randrange(8, 18):02d}:30:00+08:00",
            metadata={"mark": mark},
            over_allowance="refuse" if chance.random() < 0.1 else None,
        )

    def _trade(self, mark: str) -> Request:
        return Request("trade", "/v1/transactions", self.body(mark), f"k-{mark}", (mark,))

    def _batch(self, mark: str) -> Request:
        marks = tuple(f"{mark}.{place}" for place in range(self._chance.randint(1, BATCH_LINES_MAX)))
        items = [{**self.body(each), "key": f"k-{each}"} for each in marks]
        body = {"atomic": self._chance.random() < 0.3, "items": items}
        return Request("batch", "/v1/transactions/batch", body, f"k-{mark}", marks)

    def _reversal(self, mark: str) -> Request | None:
        if not self._own:
            return None
        trade = self._chance.choice(self._own)
        return Request("reversal", f"/v1/transactions/{trade}/reversal", {"reason": mark}, f"k-{mark}", (mark,))

    def _transfer(self, mark: str) -> Request | None:
        if not self._own:
            return None
        trades = sorted({self._chance.choice(self._own) for _ in range(self._chance.randint(1, 4))})
        enterprise = f"E{self._chance.randint(1, ENTERPRISES):08d}"
        body = {
            "enterprise_id": enterprise,
            "purpose": "processing",
            "transferred_on": "2024-07-01",
            "transaction_ids": trades,
            "contract": mark,
        }
        return Request("transfer", "/v1/transfers", body, f"k-{mark}", (mark,))

    def _split(self, mark: str) -> Request | None:
        """Registers a truck and proposes to split it; where the answer to either is lost, there is no split."""
        day = SPLIT_FROM + datetime.timedelta(days=self._chance.randrange(SPLIT_DAYS))
        line = a_line(quantity_kg="3000", amount_cny="20000.00", category="packaged_food", commodity=mark)
        truck = a_truck(line, consignment=mark, arrived_at=f"{day}T09:30:00+08:00")
        terms = {"day": str(day), "group_id": f"G{self._chance.randint(1, 2):06d}", "remainder": "leave"}
        with contextlib.suppress(NoAnswer):
            self._wire.ask("POST", "/v1/consignments", truck)
            status, text, _ = self._wire.ask("POST", f"/v1/consignments/{mark}/split/proposal", terms)
            proposed = orjson.loads(text) if status == 200 else {}
            if parts := proposed.get("parts"):
                marks = tuple(f"{mark}.{place}" for place in range(len(parts)))
                body = {"proposal": proposed["proposal"]}
                return Request("split", f"/v1/consignments/{mark}/split", body, f"k-{mark}", marks)
        return None


_MAKERS: dict[Kind, Callable[[Client, str], Request | None]] = {
    "trade": Client._trade,
    "batch": Client._batch,
    "reversal": Client._reversal,
    "transfer": Client._transfer,
    "split": Client._split,
}


MakeClient = Callable[[str, Market, random.Random, Log, threading.Event], Client]


class Traffic:
    """Clients that run until they are stopped."""

    def __init__(
        self, name: str, market: Market, chance: random.Random, log: Log, *, make: MakeClient = Client
    ) -> None:
        """Starts the clients. Each has a seed of its own, which `chance` gives."""
        self._log, self._stopping = log, threading.Event()
        seeds = [chance.random() for _ in range(CLIENTS)]
        self.clients = [
            make(f"{name}-{number}", market, random.Random(seed), log, self._stopping)
            for number, seed in enumerate(seeds)
        ]
        for client in self.clients:
            client.start()

    def __enter__(self) -> Self:
        """The clients are running."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stops the clients."""
        self.stop()

    def wait_for_more(self, entries: int, within_s: float = 60.0) -> None:
        """Waits until so many more entries are acknowledged. Raises AssertionError when they are not in time."""
        wanted, until = self._log.acknowledged + entries, time.monotonic() + within_s
        while self._log.acknowledged < wanted:
            assert time.monotonic() < until, f"no {entries} entries were acknowledged within {within_s} s"
            assert any(client.is_alive() for client in self.clients)
            time.sleep(0.02)

    def stop(self) -> None:
        """Tells the clients to stop, and waits until all have. Raises what a client failed with."""
        self._stopping.set()
        for client in self.clients:
            client.join()
        for client in self.clients:
            if client.failure is not None:
                raise client.failure
