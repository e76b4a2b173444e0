"""Batches of 10,000 lines over HTTP beside raw SQL inserts of the same rows: `python -m loadtests.bench_batches`.

All rules are on: residents, dated status, groups, allowances by value and weight, references, idempotency keys. Two of
three lines are a resident-day of their own. The raw inserts put the very rows that the batch wrote into an identical
journal (columns, indexes, constraints, triggers) in a database of its own, in one commit of 10,000, and judge nothing:
executemany of the driver, and COPY on PostgreSQL. In turns; BENCH_ROUNDS and BENCH_ENGINES narrow what is measured.
"""

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection
from typing import Any

import orjson

from loadtests.deployments import Deployment, durable_postgresql, fresh_ledger, hushi_on
from loadtests.figures import Figure, conclude, timed
from loadtests.postings import Market, csv_table, ndjson
from service.ledger import Ledger
from service.storage.engine import Database
from service.storage.tables import journal
from tests.postgresql import PostgreSQL

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
LINES = 10_000
COLUMNS = [column.name for column in journal.columns if column.name != "seq"]

Rows = Sequence[tuple[Any, ...]]
RAW = "raw inserts, executemany"
COPY = "raw inserts, COPY"


class Batches:
    """A service to which batches are sent, on one connection."""

    def __init__(self, deployment: Deployment) -> None:
        self._market, self._key = Market("batchs"), deployment.key
        self._connection = HTTPConnection("127.0.0.1", deployment.port, timeout=300)

    def post(self, media_type: str, encode: Callable[[list[dict[str, Any]]], bytes]) -> float:
        """Seconds from sending a batch to the last byte of its answer; every line must be accepted."""
        body = encode(self._market.lines(LINES))
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": media_type}
        started = time.perf_counter()
        self._connection.request("POST", "/v1/transactions/batch", body, headers)
        answer = self._connection.getresponse().read()
        elapsed = time.perf_counter() - started
        told = orjson.loads(answer)
        assert told.get("accepted") == LINES, answer[:500]
        return elapsed


def newest_rows(database: Database) -> Rows:
    """The rows that the last batch wrote, as the driver reads and writes them."""
    query = f"SELECT {', '.join(COLUMNS)} FROM journal ORDER BY seq DESC LIMIT {LINES}"
    with database.reading() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(query)
        return [tuple(row) for row in reversed(cursor.fetchall())]


def insert_raw(database: Database, rows: Rows) -> float:
    """Seconds of executemany and commit."""
    place = "?" if database.is_sqlite else "%s"
    statement = f"INSERT INTO journal ({', '.join(COLUMNS)}) VALUES ({', '.join([place] * len(COLUMNS))})"
    return _timed(database, lambda cursor: cursor.executemany(statement, rows))


def copy_raw(database: Database, rows: Rows) -> float:
    """Seconds of COPY and commit."""

    def copy(cursor: Any) -> None:
        with cursor.copy(f"COPY journal ({', '.join(COLUMNS)}) FROM STDIN") as target:
            for row in rows:
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
        seconds = _rounds(Batches(deployment), posted, raw)
        return list(figures_of(engine, seconds)), deployment.durability


def _rounds(batches: Batches, posted: Database, raw: Ledger) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {}
    for number in range(ROUNDS + 1):
        found = {"batch of 10,000, NDJSON": batches.post("application/x-ndjson", ndjson)}
        found[RAW] = insert_raw(raw.database, newest_rows(posted))
        found["batch of 10,000, CSV"] = batches.post("text/csv", csv_table)
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
