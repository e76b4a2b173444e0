"""Batches of 10,000 lines over HTTP beside raw SQL inserts of the same rows: `python -m loadtests.bench_batches`.

All rules are on: residents, dated status, groups, allowances by value and weight, references, idempotency keys. Two of
three lines are a resident-day of their own. The raw inserts put the very rows that the batch wrote (entries of the
journal, idempotency keys, allowance rows that were opened) into identical tables (columns, indexes, constraints,
triggers) of a database of its own, in one commit for each 10,000, and judge nothing: executemany of the driver, and
COPY on PostgreSQL. In turns; BENCH_ROUNDS and BENCH_ENGINES narrow what is measured.
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

from loadtests.deployments import Deployment, durable_postgresql, fresh_ledger, hushi_on
from loadtests.figures import Figure, conclude, timed
from loadtests.postings import Market, csv_table, ndjson
from service.ledger import Ledger
from service.storage.engine import Database
from service.storage.tables import allowance_use, idempotency, journal
from tests.postgresql import PostgreSQL

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
LINES = 10_000
CONNECTIONS = 2
COLUMNS = {
    table.name: [column.name for column in table.columns if column.name != "seq"]
    for table in (journal, idempotency, allowance_use)
}

Rows = dict[str, Sequence[tuple[Any, ...]]]
"""By table, as the driver reads and writes them."""
RAW = "raw inserts, executemany"
COPY = "raw inserts, COPY"


class Batches:
    """A service to which batches are sent, on one connection."""

    def __init__(self, deployment: Deployment, run: str = "batchs") -> None:
        self.market, self._key = Market(run), deployment.key
        self._connection = HTTPConnection("127.0.0.1", deployment.port, timeout=300)

    def post(self, media_type: str, encode: Callable[[list[dict[str, Any]]], bytes]) -> float:
        """Seconds from sending a batch to the last byte of its answer; every line must be accepted."""
        return self.send(media_type, encode(self.market.lines(LINES)))

    def send(self, media_type: str, body: bytes) -> float:
        """The same of a batch that is encoded already."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": media_type}
        started = time.perf_counter()
        self._connection.request("POST", "/v1/transactions/batch", body, headers)
        answer = self._connection.getresponse().read()
        elapsed = time.perf_counter() - started
        told = orjson.loads(answer)
        assert told.get("accepted") == LINES, answer[:500]
        return elapsed


class Senders:
    """As many senders as there are connections, each with batches of its own, side by side."""

    def __init__(self, deployment: Deployment) -> None:
        self._senders = [Batches(deployment, f"batch{number}") for number in range(CONNECTIONS)]
        self._pool = ThreadPoolExecutor(CONNECTIONS)

    def post(self, media_type: str, encode: Callable[[list[dict[str, Any]]], bytes]) -> float:
        """Seconds that each sender's share of all lines took, so that it compares with those of one batch."""
        bodies = [encode(sender.market.lines(LINES)) for sender in self._senders for _ in range(2)]
        started = time.perf_counter()
        shares = zip(self._senders, (bodies[n : n + 2] for n in range(0, len(bodies), 2)), strict=True)
        list(self._pool.map(lambda share: [share[0].send(media_type, body) for body in share[1]], shares))
        return (time.perf_counter() - started) / len(bodies)


def newest_rows(database: Database) -> Rows:
    """The rows that the last batch wrote; of the allowance rows those that it opened."""
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
    """Seconds of executemany for each table, and commit."""
    place = "?" if database.is_sqlite else "%s"

    def insert(cursor: Any) -> None:
        for table, columns in COLUMNS.items():
            places = ", ".join([place] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows[table])

    return _timed(database, insert)


def copy_raw(database: Database, rows: Rows) -> float:
    """Seconds of COPY for each table, and commit."""

    def copy(cursor: Any) -> None:
        for table, columns in COLUMNS.items():
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as target:
                for row in rows[table]:
                    target.write_row(row)

    return _timed(database, copy)


def _timed(database: Database, work: Callable[[Any], object]) -> float:
    """Through a writer's own connection, so that it is as durable, without anything of SQLAlchemy in between."""
    started = time.perf_counter()
    with database.writing() as connection:
        work(connection.connection.cursor())
    return time.perf_counter() - started


def measure(engine: str, server: PostgreSQL | None) -> tuple[list[Figure], str]:
    """The figures of an engine, and how durable it says it is."""
    with contextlib.ExitStack() as stack:
        deployment = stack.enter_context(hushi_on(engine, server))
        raw, _ = stack.enter_context(fresh_ledger(engine, server, residents=300))
        posted = Database(deployment.environment["HUSHI_DATABASE_URL"])
        stack.callback(posted.close)
        seconds = _rounds(Batches(deployment), Senders(deployment), posted, raw)
        return list(figures_of(engine, seconds)), deployment.durability


def _rounds(batches: Batches, senders: Senders, posted: Database, raw: Ledger) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {}
    for number in range(ROUNDS + 1):
        found = {"batch of 10,000, NDJSON": batches.post("application/x-ndjson", ndjson)}
        found[RAW] = insert_raw(raw.database, newest_rows(posted))
        found["batch of 10,000, CSV"] = batches.post("text/csv", csv_table)
        found[f"the same, {CONNECTIONS} senders, NDJSON"] = senders.post("application/x-ndjson", ndjson)
        if not posted.is_sqlite:
            found[COPY] = copy_raw(raw.database, newest_rows(posted))
        for what, elapsed in found.items() if number else ():  # The first round warms up.
            seconds.setdefault(what, []).append(elapsed)
    return seconds


def figures_of(engine: str, seconds: dict[str, list[float]]) -> Iterator[Figure]:
    """Lines a second, and how they compare with raw inserts by executemany."""
    raw_s = statistics.median(seconds[RAW])
    for what, found in seconds.items():
        median_s = statistics.median(found)
        rounds = "rounds " + ", ".join(f"{LINES / s:,.0f}" for s in found)
        ratio = raw_s / median_s if what != RAW else None
        yield timed(
            what, engine, LINES / median_s, found, ratio=ratio, ratio_to="executemany" if ratio else "", other=rounds
        )


def main() -> None:
    """Measures, prints, writes."""
    figures: list[Figure] = []
    conditions = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(durable_postgresql()) if "postgresql" in ENGINES else None
        for engine in ENGINES:
            found, told = measure(engine, server if engine == "postgresql" else None)
            figures += found
            conditions[f"batches and raw inserts on {engine}"] = told
    conclude("batches", f"Batches over HTTP, lines a second, median of {ROUNDS} rounds in turns", figures, conditions)


if __name__ == "__main__":
    main()
