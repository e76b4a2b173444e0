"""I/O errors and full disks at every write, every sync and every change of a name of a run, one after the other."""

import contextlib
import dataclasses
import errno
import pathlib
import shutil
import time
from collections.abc import Iterator, Mapping

import psycopg

from tests.builders import a_trade
from tests.postgresql import PostgreSQL
from tests.torture.asking import Document, Log, Request
from tests.torture.disks.control import NEVER, Control
from tests.torture.disks.places import DATABASE, WELL_WITHIN_S, bring_back, disk_of, engine_in
from tests.torture.disks.poster import Poster, posting
from tests.torture.markets import Market

TOLERATED = frozenset({200, 201, 503})


@dataclasses.dataclass(frozen=True)
class Case:
    """One fault: the `begin`-th call of a kind, so many times, and whether the process is killed behind it."""

    call: str
    begin: int
    times: int
    error: int
    how: str
    kills: bool


def cases_of(engine: str, counts: Mapping[str, int]) -> list[Case]:
    """All faults of a run with so many calls of each kind.

    On SQLite a sync fails once with the process going on and once with the process killed, because only the next
    process finds what such a sync has left.
    """
    found = []
    for begin in range(counts["sync"]):
        for times in (1, NEVER):
            killing = (False, True) if engine == "sqlite" else (begin % 2 == 0,)
            found += [Case("sync", begin, times, errno.EIO, "fail", kills) for kills in killing]
    found += [Case("name", begin, NEVER, errno.ENOSPC, "fail", begin % 2 == 0) for begin in range(counts["name"])]
    writes = range(counts["write"])
    found += [Case("write", begin, 1, errno.EIO, "fail", begin % 2 == 0) for begin in writes]
    fills = ("full", "short") if engine == "sqlite" else ("full",)
    return found + [
        Case("write", begin, NEVER, errno.ENOSPC, fills[begin % len(fills)], begin % 4 > 1) for begin in writes
    ]


@dataclasses.dataclass
class Bench:
    """A ledger on a watched disk, and the program that posts to it."""

    engine: str
    market: Market
    control: Control
    poster: Poster
    server: PostgreSQL | None
    template: pathlib.Path
    weak: str = ""
    """What is taken away from the program, for a control."""
    made: int = 0

    def new_ledger(self) -> dict[str, str]:
        """The variables of a copy of the market's ledger."""
        self.made += 1
        if self.server is None:
            target = self.control.folder / f"case-{self.made}"
            if self.made > 1:
                shutil.rmtree(self.control.folder / f"case-{self.made - 1}", ignore_errors=True)
            shutil.copytree(self.template, target)
            return {**self.market.environment, "HUSHI_DATABASE_URL": f"sqlite:///{target}/hushi.db"}
        self.server.execute(f"CREATE DATABASE case_{self.made} TEMPLATE {DATABASE} STRATEGY FILE_COPY")
        return {**self.market.environment, "HUSHI_DATABASE_URL": self.server.url(f"case_{self.made}")}

    def checkpoint(self) -> None:
        """Brings what is in the log to its place; a disk that fails may forbid it."""
        if self.server is None:
            self.poster.do("close")
            return
        with contextlib.suppress(psycopg.Error):
            self.server.execute("CHECKPOINT")

    def post(self, environment: dict[str, str], log: Log, trades: int) -> None:
        """Opens a ledger and posts trades; the ledger stays open."""
        Run(self, environment, "posted", log).post(trades)


class Run:
    """What a client does in each run, on a ledger whose disk fails at one of its calls."""

    def __init__(self, bench: Bench, environment: dict[str, str], name: str, log: Log) -> None:
        """Takes the ledger's variables, and a name with which the keys of this run begin."""
        self._bench, self._environment, self._name, self._log = bench, environment, name, log
        self._own: list[Request] = []
        self._is_open = False
        self.wrong: list[str] = []

    def post(self, trades: int) -> None:
        """Opens the ledger and posts trades."""
        self._open()
        for _ in range(trades):
            self._send(self._trade())

    def do(self) -> None:
        """Posts, folds, brings the log to its place, and posts again. Each answer is kept."""
        self.post(2)
        first = self._own[0]
        self._send(self._batch())
        if first.is_acknowledged:
            self._send(self._reversal(first.answer["transaction_id"]))
        self._task("fold")
        self._send(self._trade())
        self._bench.checkpoint()
        self._send(self._trade())

    def finish(self, *, kills: bool) -> None:
        """The disk is well again: each request without an answer is sent again, and everything is closed in peace."""
        if kills and self._is_open:
            self._bench.poster.kill()
            self._is_open = False
        if self._bench.server is not None:
            bring_back(self._bench.server)
        until = time.monotonic() + WELL_WITHIN_S
        while unknown := [request for request in self._own if request.is_unknown]:
            if not self._is_open:
                self._open()
            for request in unknown:
                self._send(request)
            assert time.monotonic() < until, f"{unknown[0].key} has no outcome: {unknown[0].refused_for_now}"
        for task in ("write nothing", "fold", "end"):
            if not self._is_open:
                self._open()
            while (fault := self._bench.poster.do(task)["fault"]) is not None and task != "end":
                assert time.monotonic() < until, f"{task} fails on a disk that is well: {fault}"
            if task == "end" and fault is not None:
                self.wrong.append(f"the ledger could not be closed: {fault}")
        self._bench.poster.ended()

    def _open(self) -> None:
        self._is_open = self._bench.poster.begin(self._environment, weak=self._bench.weak)["fault"] is None

    def _task(self, name: str) -> None:
        if self._is_open:
            self._bench.poster.do(name)

    def _send(self, request: Request) -> None:
        if request.tries == 0:
            self._own.append(request)
            self._log.add(request)
        if not self._is_open:
            return
        headers = {**self._bench.market.headers, "Idempotency-Key": request.key}
        request.tries += 1
        status, document, is_replay = self._bench.poster.post(request.path, request.body, headers)
        if status not in TOLERATED:
            self.wrong.append(f"{request.key} was answered {status} {document}")
        request.take(status, document, {"idempotency-replayed": "true"} if is_replay else {})

    def _body(self) -> tuple[str, Document]:
        mark = f"{self._name}-{len(self._own)}"
        return mark, a_trade(amount_cny="1.00", quantity_kg="1", metadata={"mark": mark})

    def _trade(self) -> Request:
        mark, body = self._body()
        return Request("trade", "/v1/transactions", body, f"k-{mark}", (mark,))

    def _batch(self) -> Request:
        mark, body = self._body()
        marks = tuple(f"{mark}.{place}" for place in range(4))
        items = [{**body, "metadata": {"mark": each}, "key": f"k-{each}"} for each in marks]
        return Request("batch", "/v1/transactions/batch", {"items": items}, f"k-{mark}", marks)

    def _reversal(self, trade: str) -> Request:
        mark, _ = self._body()
        path = f"/v1/transactions/{trade}/reversal"
        return Request("reversal", path, {"reason": mark}, f"k-{mark}", (mark,))


def count_calls(bench: Bench) -> dict[str, int]:
    """How many calls of each kind a run makes whose disk is well."""
    environment = bench.new_ledger()
    before = bench.control.counted()
    run = Run(bench, environment, "counted", Log())
    run.do()
    after = bench.control.counted()
    run.finish(kills=False)
    return {name: getattr(after, name) - getattr(before, name) for name in ("write", "sync", "name")}


def strike(bench: Bench, environment: dict[str, str], log: Log, case: Case, name: str) -> list[str]:
    """One run whose disk fails at a call, then a disk that is well again. Returns what was answered wrongly."""
    run = Run(bench, environment, name, log)
    bench.control.fail(case.call, case.begin, case.times, error=case.error, how=case.how)
    try:
        run.do()
    finally:
        bench.control.heal()
    run.finish(kills=case.kills)
    return run.wrong


@contextlib.contextmanager
def bench_on(
    engine: str,
    made: Market,
    control: Control,
    place: pathlib.Path,
    beside: pathlib.Path,
    changes: Mapping[str, str] | None = None,
) -> Iterator[Bench]:
    """The engine and the program, with their disk watched. `changes` are those of PostgreSQL's settings."""
    template = beside / "template"
    if engine == "sqlite":
        shutil.copytree(disk_of(engine, place), template)
    watched = control.environment if engine == "sqlite" else {}
    with engine_in(engine, place, control.environment, changes) as (_, server), posting(watched) as poster:
        yield Bench(engine, made, control, poster, server, template)
