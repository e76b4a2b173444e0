"""The model that reports are compared with: what each writer has done, one request after the other.

A writer trades at a trade point of its own and sends its next request when it knows what became of the last. So at any
moment its part of the ledger is what its first requests have made, whose number lies between those acknowledged and
those sent. A report tells each trade point in a row, and each row must be that of one such number.
"""

import datetime
import itertools
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import orjson

from service.domain.money import format_cny, format_kg, parse_cny
from tests.builders import a_trade
from tests.torture.asking import Document, Log, NoAnswer, Request
from tests.torture.markets import RESIDENTS, Market

BATCH_LINES_MAX = 6
PAUSE_S_MAX = 0.02
TRIES_MAX = 3000
REPORT = "/v1/reports/trade?from=2024-01-01&to=2024-12-31&compare=none&by=trade_point"
FIRST_DAY, DAYS = datetime.date(2024, 3, 1), 60

Row = tuple[int, int, int, int, int, int]
"""Fen, exempt fen, grams, live trades, participations, residents."""


@dataclass
class Running:
    """The figures of one trade point, while entries are added."""

    amount_fen: int = 0
    exempt_fen: int = 0
    quantity_g: int = 0
    transactions: int = 0
    days: Counter[object] = field(default_factory=Counter)
    residents: Counter[object] = field(default_factory=Counter)

    def add(self, body: Document, exempt_fen: int, times: int) -> None:
        """Adds a trade, or takes it off when `times` is -1."""
        resident, day = body["resident_id"], body["traded_at"][:10]
        self.amount_fen += times * parse_cny(body["amount_cny"])
        self.exempt_fen += times * exempt_fen
        self.quantity_g += times * int(body["quantity_kg"]) * 1000
        self.transactions += times
        for counter, key in ((self.days, (resident, day)), (self.residents, resident)):
            counter[key] += times
            if not counter[key]:
                del counter[key]

    @property
    def row(self) -> Row:
        """The figures as they are now."""
        counted = self.transactions, len(self.days), len(self.residents)
        return self.amount_fen, self.exempt_fen, self.quantity_g, *counted


class Writer(threading.Thread):
    """Posts trades and batches at its own trade point and reverses some, one request at a time."""

    def __init__(self, number: int, market: Market, chance: random.Random, log: Log, stopping: threading.Event) -> None:
        """Keeps what it needs."""
        super().__init__(name=f"writer-{number}", daemon=True)
        self.point = f"point-{number}"
        self._wire, self._chance, self._log, self._stopping = market.wire(), chance, log, stopping
        self._numbers = itertools.count(1)
        self._bodies: dict[str, tuple[Document, int]] = {}
        self._live: list[str] = []
        self._running = Running()
        self.rows: list[Row] = [self._running.row]
        """The figures after each of its requests; the first ones are those of nothing."""
        self.sent = 0
        """How many of its requests have been sent; at most one more than have rows."""

    @property
    def acknowledged(self) -> int:
        """How many of its requests it knows the outcome of."""
        return len(self.rows) - 1

    def run(self) -> None:
        """Sends requests until it is told to stop. It asks again until it knows the outcome."""
        while not self._stopping.is_set():
            request = self._next()
            self._log.add(request)
            self.sent += 1
            while not self._wire.send(request):
                if self._stopping.wait(0.05) and request.tries > TRIES_MAX:
                    return
            self._note(request)
            time.sleep(self._chance.random() * PAUSE_S_MAX)
        self._wire.close()

    def _next(self) -> Request:
        mark, kind = f"{self.name}-{next(self._numbers)}", self._chance.random()
        if kind < 0.2 and self._live:
            trade = self._live.pop(self._chance.randrange(len(self._live)))
            return Request("reversal", f"/v1/transactions/{trade}/reversal", {"reason": mark}, f"k-{mark}", (mark,))
        if kind < 0.35:
            marks = tuple(f"{mark}.{place}" for place in range(self._chance.randint(1, BATCH_LINES_MAX)))
            items = [{**self._body(each), "key": f"k-{each}"} for each in marks]
            return Request("batch", "/v1/transactions/batch", {"items": items}, f"k-{mark}", marks)
        return Request("trade", "/v1/transactions", self._body(mark), f"k-{mark}", (mark,))

    def _body(self, mark: str) -> Document:
        day = FIRST_DAY + datetime.timedelta(days=self._chance.randrange(DAYS))
        return a_trade(
            resident_id=f"R{self._chance.randrange(RESIDENTS) + 1:08d}",
            amount_cny=f"{self._chance.randrange(100, 400_000) / 100:.2f}",
            quantity_kg=str(self._chance.randrange(1, 500)),
            traded_at=f"{day}T10:00:00+08:00",
            trade_point=self.point,
            metadata={"mark": mark},
        )

    def _note(self, request: Request) -> None:
        if request.kind == "reversal":
            assert request.is_acknowledged, request.answer
            body, exempt_fen = self._bodies[request.answer["reverses"]]
            self._running.add(body, exempt_fen, -1)
        else:
            bodies = request.body["items"] if request.kind == "batch" else [request.body]
            for body, told in zip(bodies, request.entries, strict=True):
                exempt_fen = parse_cny(told["exempt_cny"])
                self._bodies[told["transaction_id"]] = body, exempt_fen
                self._live.append(told["transaction_id"])
                self._running.add(body, exempt_fen, 1)
        self.rows.append(self._running.row)


@dataclass(frozen=True)
class Answer:
    """The rows of a report, and how many requests of each writer had an outcome before it, and were sent until then."""

    rows: dict[str, Row]
    total: Row
    acknowledged: list[int]
    sent: list[int]
    position: str


class Reader(threading.Thread):
    """Asks for a report again and again, and keeps the answers, to compare them when all outcomes are known."""

    def __init__(self, number: int, market: Market, writers: list[Writer], stopping: threading.Event) -> None:
        """Keeps what it needs."""
        super().__init__(name=f"reader-{number}", daemon=True)
        self._wire, self._writers, self._stopping = market.wire(), writers, stopping
        self.answers: list[Answer] = []

    def run(self) -> None:
        """Asks until it is told to stop; a server that is being restarted gives no answer."""
        while not self._stopping.is_set():
            before = [writer.acknowledged for writer in self._writers]
            try:
                status, text, headers = self._wire.ask("GET", REPORT)
            except NoAnswer:
                time.sleep(0.05)
                continue
            sent = [writer.sent for writer in self._writers]
            if status == 200:
                document = orjson.loads(text)
                rows = {row["key"]["trade_point"]: _row(row) for row in document["rows"]}
                self.answers.append(Answer(rows, _row(document["total"]), before, sent, headers["hushi-position"]))
            time.sleep(0.01)
        self._wire.close()


def _row(measures: Document) -> Row:
    current = {name: each["current"] for name, each in measures.items() if isinstance(each, dict) and "current" in each}
    quantity_g = int(current["quantity_kg"].replace(".", ""))
    counted = current["transactions"], current["participations"], current["residents"]
    return _fen(current["amount_cny"]), _fen(current["exempt_cny"]), quantity_g, *counted


def _fen(text: str) -> int:
    return int(text.replace(".", ""))


def wrong_answers(readers: list[Reader], writers: list[Writer]) -> list[str]:
    """The reports that are not the model's at any moment between their question and their answer, in words.

    A reader never gets an older state of a writer's trade point than it has had before.
    """
    wrong = []
    for reader in readers:
        seen = [0] * len(writers)
        for answer in reader.answers:
            for place, writer in enumerate(writers):
                row = answer.rows.get(writer.point, Running().row)
                least, most = max(seen[place], answer.acknowledged[place]), answer.sent[place]
                found = [number for number in range(least, most + 1) if writer.rows[number] == row]
                if not found:
                    wrong.append(_told(reader.name, writer, answer, row, least, most))
                else:
                    seen[place] = found[0]
            sums = tuple(sum(row[place] for row in answer.rows.values()) for place in range(4))
            if sums != answer.total[:4]:
                told = f"the rows add up to {sums}, the total is {answer.total}"
                wrong.append(f"{reader.name} at {answer.position}: {told}")
    return wrong


def _told(name: str, writer: Writer, answer: Answer, row: Row, least: int, most: int) -> str:
    amount, weight = format_cny(row[0]), format_kg(row[2])
    expected = writer.rows[least : most + 1]
    return (
        f"{name} at {answer.position}: {writer.point} has {amount} CNY, {weight} kg, {row}, which is none of the "
        f"{len(expected)} states {expected[:3]} from request {least} to {most}"
    )
