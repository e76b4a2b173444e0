"""Measures what a transaction costs in bytes and in CPU time: `python -m loadtests.footprint [COUNT [ENGINE …]]`.

The bytes are those of the whole database, with indexes, idempotency keys, allowance rows and tail, less those of the
empty database. The CPU time is that of this process for single posts, one after the other. So it is the cost of a
commit of one post, and not a share of a batch.
"""

import itertools
import pathlib
import sys
import time

import orjson
import sqlalchemy as sa

from loadtests.ledgers import ledger_on, postings, register_residents
from service.commands.posting import post
from service.ledger import Ledger

BATCH = 1000
SINGLE_POSTS = 500
RESIDENTS = 2000


def size_bytes(ledger: Ledger) -> int:
    """The size of the database on disk, after a checkpoint."""
    with ledger.database.engines[0].connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if ledger.database.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return pathlib.Path(str(ledger.database.url.database)).stat().st_size
        return int(connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())


def measure(engine: str, count: int) -> dict[str, object]:
    """The figures of one engine."""
    with ledger_on(engine, fsync=True) as ledger:
        register_residents(ledger, RESIDENTS)
        before = size_bytes(ledger)
        entries = postings(count + SINGLE_POSTS, RESIDENTS)
        while batch := list(itertools.islice(entries, BATCH)):
            if len(batch) < BATCH:
                break
            post(ledger, batch)
        weight = (size_bytes(ledger) - before) / count
        started_cpu, started = time.process_time(), time.perf_counter()
        for entry in batch:
            post(ledger, [entry])
        return {
            "engine": engine,
            "transactions": count,
            "bytes_per_transaction": round(weight),
            "cpu_us_per_single_post": round((time.process_time() - started_cpu) / len(batch) * 1e6),
            "wall_us_per_single_post": round((time.perf_counter() - started) / len(batch) * 1e6),
        }


if __name__ == "__main__":
    for name in sys.argv[2:] or ("sqlite", "postgresql"):
        print(orjson.dumps(measure(name, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)).decode())
