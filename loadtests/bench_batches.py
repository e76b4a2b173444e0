"""Compares batches of 10,000 lines over HTTP with raw inserts of the same rows: `python -m loadtests.bench_batches`.

All rules are on: residents, dated status, groups, allowances by value and weight, references, idempotency keys. Two of
three lines are the first line of their resident on their day. The raw inserts write the same rows as the batch
(entries of the journal, idempotency keys, allowance rows that were opened) into identical tables (columns, indexes,
constraints, triggers) of another database, in one commit for each 10,000 lines. They judge nothing. They use the
driver's executemany, and COPY on PostgreSQL. The measurements take turns. BENCH_ROUNDS and BENCH_ENGINES limit what is
measured, BENCH_LINES sets the size of a batch. The commit that BENCH_BASE names takes its turn with batches of NDJSON.
"""

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import orjson

from loadtests.builds import Kind, builds
from loadtests.compared import ComparedFigure, medians
from loadtests.deployments import Deployment, Measured, fresh_ledger, hushi_on, measure_engines
from loadtests.figures import Figure, conclude, timed
from loadtests.postings import Market, csv_table, ndjson
from service.ledger import Ledger
from service.storage.engine import Database
from service.storage.tables import allowance_use, idempotency, journal
from tests.postgresql import PostgreSQL

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
LINES = int(os.environ.get("BENCH_LINES", "10000"))
CONNECTIONS = 2
BATCHES_A_TURN = 3
COLUMNS = {
    table.name: [column.name for column in table.columns if column.name != "seq"]
    for table in (journal, idempotency, allowance_use)
}

Rows = dict[str, Sequence[tuple[Any, ...]]]
"""The rows of each table, by the table's name, as the driver reads and writes them."""
RAW = "raw inserts, executemany"
COPY = "raw inserts, COPY"


class Batches:
    """Sends batches to a service on one connection."""

    def __init__(self, deployment: Deployment, run: str = "batchs") -> None:
        self.market, self._key = Market(run), deployment.key
        self._connection = HTTPConnection("127.0.0.1", deployment.port, timeout=300)

    def post(self, media_type: str, encode: Callable[[list[dict[str, Any]]], bytes]) -> float:
        """Sends a batch, and returns the seconds until the last byte of its answer. Every line must be accepted."""
        return self.send(media_type, encode(self.market.lines(LINES)))

    def send(self, media_type: str, body: bytes) -> float:
        """Sends a batch that is encoded already, and returns the seconds as `post` does."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": media_type}
        started = time.perf_counter()
        self._connection.request("POST", "/v1/transactions/batch", body, headers)
        answer = self._connection.getresponse().read()
        elapsed = time.perf_counter() - started
        told = orjson.loads(answer)
        assert told.get("accepted") == LINES, answer[:500]
        return elapsed


class Senders:
    """One sender for each connection. The senders send side by side, and each has its own batches."""

    def __init__(self, deployment: Deployment) -> None:
        self._senders = [Batches(deployment, f"batch{number}") for number in range(CONNECTIONS)]
        self._pool = ThreadPoolExecutor(CONNECTIONS)

    def post(self, media_type: str, encode: Callable[[list[dict[str, Any]]], bytes]) -> float:
        """The seconds divided by the number of batches, so that the result compares with the seconds of one batch."""
        bodies = [encode(sender.market.lines(LINES)) for sender in self._senders for _ in range(2)]
        started = time.perf_counter()
        shares = zip(self._senders, (bodies[n : n + 2] for n in range(0, len(bodies), 2)), strict=True)
        list(self._pool.map(lambda share: [share[0].send(media_type, body) for body in share[1]], shares))
        return (time.perf_counter() - started) / len(bodies)


def newest_rows(database: Database) -> Rows:
    """The rows that the last batch wrote, and the allowance rows that it opened."""
    newest = f"(SELECT transaction_id, resident, day FROM journal ORDER BY seq DESC LIMIT {LINES})"
    older = f"seq <= (SELECT max(seq) FROM journal) - {LINES}"
    conditions = {
        "journal": "transaction_id IN (SELECT transaction_id FROM newest) ORDER BY seq",
        "idempotency": "transaction_id IN (SELECT transaction_id FROM newest)",
        "allowance_use": "(resident, day) IN (SELECT resident, day FROM newest) AND NOT EXISTS (SELECT 1 FROM journal"
        f" WHERE journal.resident = allowance_use.resident AND journal.day = allowance_use.day AND {older})",
    }
    found: Rows = {}
    with database.reading() as connection:
        cursor = connection.connection.cursor()
        for table, condition in conditions.items():
            cursor.execute(f"WITH newest AS {newest} SELECT {', '.join(COLUMNS[table])} FROM {table} WHERE {condition}")
            found[table] = [tuple(row) for row in cursor.fetchall()]
    assert [len(found[table]) for table in ("journal", "idempotency")] == [LINES, LINES]
    return found


def insert_raw(database: Database, rows: Rows) -> float:
    """Inserts the rows of each table by executemany, commits, and returns the seconds."""
    place = "?" if database.is_sqlite else "%s"

    def insert(cursor: Any) -> None:
        for table, columns in COLUMNS.items():
            places = ", ".join([place] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows[table])

    return _timed(database, insert)


def copy_raw(database: Database, rows: Rows) -> float:
    """Inserts the rows of each table by COPY, commits, and returns the seconds."""

    def copy(cursor: Any) -> None:
        for table, columns in COLUMNS.items():
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as target:
                for row in rows[table]:
                    target.write_row(row)

    return _timed(database, copy)


def _timed(database: Database, work: Callable[[Any], object]) -> float:
    """Does the work on the driver's connection of a writer, and returns the seconds.

    So the commit is as durable as Hushi's, and SQLAlchemy takes no part in the work.
    """
    started = time.perf_counter()
    with database.writing() as connection:
        work(connection.connection.cursor())
    return time.perf_counter() - started


def measure(engine: str, server: PostgreSQL | None) -> Measured:
    """The figures of an engine, and what the database says about its durability."""
    with contextlib.ExitStack() as stack:
        services = {build.kind: stack.enter_context(hushi_on(engine, server, build=build)) for build in builds()}
        rows = list(rows_of(engine, _turns(services)))
        deployment = services["ours"]
        raw, _ = stack.enter_context(fresh_ledger(engine, server, residents=300))
        posted = Database(deployment.environment["HUSHI_DATABASE_URL"])
        stack.callback(posted.close)
        seconds = _rounds(Batches(deployment), Senders(deployment), posted, raw)
        return list(figures_of(engine, seconds)), rows, deployment.durability


def _turns(services: dict[Kind, Deployment]) -> dict[Kind, list[tuple[float, float]]]:
    """For each build and round, the seconds of a batch, and its CPU seconds with the fold.

    The fold ends before the next turn begins.
    """
    found: dict[Kind, list[tuple[float, float]]] = {}
    senders = {kind: Batches(service, "turns0") for kind, service in services.items()}
    for number in range(ROUNDS + 1):
        for kind, service in services.items():
            began_s = service.cpu_s()
            seconds = [senders[kind].post("application/x-ndjson", ndjson) for _ in range(BATCHES_A_TURN)]
            service.wait_until_idle()
            cpu_s = service.cpu_s() - began_s
            if number:  # The first round warms up.
                found.setdefault(kind, []).append((statistics.mean(seconds), cpu_s / BATCHES_A_TURN))
    return found


def rows_of(engine: str, turns: dict[Kind, list[tuple[float, float]]]) -> Iterator[ComparedFigure]:
    """The rows of both builds."""
    rates = {kind: [LINES / elapsed for elapsed, _ in rounds] for kind, rounds in turns.items()}
    yield medians(f"batch of {LINES:,} lines, NDJSON", engine, "lines a second", rates, least=1.8)
    cpu_ms = {kind: [cpu_s * 1000 for _, cpu_s in rounds] for kind, rounds in turns.items()}
    yield medians("the same, CPU of the service with its fold", engine, "ms", cpu_ms)


def _rounds(batches: Batches, senders: Senders, posted: Database, raw: Ledger) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {}
    for number in range(ROUNDS + 1):
        found = {f"batch of {LINES:,}, NDJSON": batches.post("application/x-ndjson", ndjson)}
        found[RAW] = insert_raw(raw.database, newest_rows(posted))
        found[f"batch of {LINES:,}, CSV"] = batches.post("text/csv", csv_table)
        found[f"the same, {CONNECTIONS} senders, NDJSON"] = senders.post("application/x-ndjson", ndjson)
        if not posted.is_sqlite:
            found[COPY] = copy_raw(raw.database, newest_rows(posted))
        for what, elapsed in found.items() if number else ():  # The first round warms up.
            seconds.setdefault(what, []).append(elapsed)
    return seconds


def figures_of(engine: str, seconds: dict[str, list[float]]) -> Iterator[Figure]:
    """Lines a second, and their ratio to raw inserts by executemany."""
    raw_s = statistics.median(seconds[RAW])
    for what, found in seconds.items():
        median_s = statistics.median(found)
        rounds = "rounds " + ", ".join(f"{LINES / s:,.0f}" for s in found)
        ratio = raw_s / median_s if what != RAW else None
        yield timed(
            what, engine, LINES / median_s, found, ratio=ratio, ratio_to="executemany" if ratio else "", other=rounds
        )


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    figures, rows, conditions = measure_engines(ENGINES, measure, "batches and raw inserts")
    title = f"Batches over HTTP, lines a second, median of {ROUNDS} rounds in turns"
    conclude("batches", title, figures, conditions, rows)


if __name__ == "__main__":
    main()
