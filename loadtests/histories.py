"""Ledgers of 1 M or 10 M transactions for the benchmarks: built once, folded by the real fold, and kept.

`python -m loadtests.histories ENGINE COUNT` builds one and prints what building it took. Rows go straight into the
journal; blocks and cells are made by service.commands.folding.
"""

import contextlib
import datetime
import pathlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import orjson
import polars as pl

from loadtests.market import FIRST_DAY, MarketShape, Row, days_of_rows, group_of, late_rows, live_places, settlement_of
from service.commands.folding import fold_all
from service.config import Settings
from service.ledger import Ledger, open_ledger
from service.storage import entry_rows, schema
from service.storage.columns import day_number, microseconds
from service.vault import create_secrets
from tests import postgresql

JOURNAL_COLUMNS = entry_rows.COLUMNS
FOLDER = pathlib.Path(__file__).parents[1] / ".bench-data"
ROWS_BEFORE_FOLDING = 200_000
PEER_COLUMNS = {
    "resident": pl.Int32, "day": pl.Int32, "category": pl.Categorical, "origin": pl.Categorical,
    "market_group": pl.Int32, "settlement": pl.Categorical, "amount_fen": pl.Int64, "exempt_fen": pl.Int64,
    "quantity_g": pl.Int64,
}  # fmt: skip


@contextlib.contextmanager
def history(engine: str, count: int) -> Iterator[Ledger]:
    """The ledger of this size on this engine, built before if it is not there."""
    folder = FOLDER / f"{engine}-{count}"
    with contextlib.ExitStack() as stack:
        url = f"sqlite:///{folder}/hushi.db"
        if engine == "postgresql":
            settings = {"shared_buffers": "1GB", "max_wal_size": "8GB", "work_mem": "256MB"}
            server = stack.enter_context(postgresql.running(settings, kept=folder / "pg"))
            with contextlib.suppress(Exception):
                server.execute("CREATE DATABASE hushi")
            url = server.url("hushi")
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "secrets.json").exists():
            create_secrets(folder / "secrets.json")
        ledger = open_ledger(Settings(url, folder, folder / "secrets.json", False, "ERROR"))
        stack.callback(ledger.database.close)
        schema.upgrade(ledger.database, ledger.vault.macs)
        if not (folder / "built.json").exists():
            told = build(ledger, MarketShape(count))
            (folder / "built.json").write_bytes(orjson.dumps(told))
        yield ledger


def build(ledger: Ledger, shape: MarketShape) -> dict[str, float]:
    """Fills an empty ledger; seconds and rows per second of inserting and of folding."""
    people(ledger, shape)
    inserting = folding = 0.0
    waiting: list[tuple[object, ...]] = []
    for rows, _ in days_of_rows(shape):
        waiting.extend(rows)
        if len(waiting) >= ROWS_BEFORE_FOLDING:
            inserting += _timed(lambda: insert(ledger, "journal", JOURNAL_COLUMNS, waiting))
            folding += _timed(lambda: fold_all(ledger))
            waiting.clear()
    inserting += _timed(lambda: insert(ledger, "journal", JOURNAL_COLUMNS, waiting))
    folding += _timed(lambda: fold_all(ledger))
    if not ledger.database.is_sqlite:
        _raw(ledger, "VACUUM ANALYZE")
    # What is not folded: lines of August that a clerk sends in late.
    insert(ledger, "journal", JOURNAL_COLUMNS, late_rows(shape))
    return {"inserting_s": inserting, "folding_s": folding, "folded_per_s": shape.transactions / folding}


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _raw(ledger: Ledger, statement: str) -> None:
    with ledger.database.engines[0].connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def insert(ledger: Ledger, table: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    """Inserts raw rows: executemany on SQLite, COPY on PostgreSQL."""
    if not rows:
        return
    with ledger.database.writing() as connection:
        if ledger.database.is_sqlite:
            places = ", ".join("?" * len(columns))
            connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
            return
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([v.hex() if isinstance(v, bytes) and len(v) == 16 else v for v in row])


def encrypted(ledger: Ledger, ordinal: int) -> tuple[bytes, bytes, bytes]:
    """Digest, number and name of a resident as the vault keeps them: all have one name, and their ordinal as number."""
    vault, number = ledger.vault, str(ordinal)
    return vault.digest(number), vault.encrypt(number, ordinal, "id_number"), vault.encrypt("巴特尔", ordinal, "name")


def people(ledger: Ledger, shape: MarketShape) -> None:
    """Registrations over three years."""
    at = microseconds(datetime.datetime(2022, 1, 1, tzinfo=datetime.UTC))
    first = FIRST_DAY - datetime.timedelta(days=365)
    registered = {
        n: first + datetime.timedelta(days=n * 1000 // shape.residents) for n in range(1, shape.residents + 1)
    }
    groups = [(n, f"互助组{n}", "mutual-aid", at) for n in range(1, shape.groups + 1)]
    people = [(n, *encrypted(ledger, n), day_number(day), settlement_of(shape, n), at) for n, day in registered.items()]
    statuses = [
        (n, day_number(max(day, FIRST_DAY)), "cancelled", "moved", at) for n, day in registered.items() if n % 50 == 0
    ]
    members = [
        (n, day_number(day), group_of(shape, n), at) for n, day in registered.items() if group_of(shape, n) is not None
    ]
    insert(ledger, "market_group", ("ordinal", "name", "kind", "created_at"), groups)
    insert(
        ledger,
        "resident",
        ("ordinal", "number_digest", "number_encrypted", "name_encrypted", "registered_on", "settlement", "created_at"),
        people,
    )
    insert(ledger, "resident_status", ("resident", "effective_on", "status", "reason", "recorded_at"), statuses)
    insert(ledger, "resident_group", ("resident", "effective_on", "market_group", "recorded_at"), members)


def live_trades(count: int) -> pathlib.Path:
    """A Parquet file of the live trades alone, for the peers: they need not find out what was reversed."""
    file = FOLDER / f"live-{count}.parquet"
    if not file.exists():
        FOLDER.mkdir(exist_ok=True)
        shape = MarketShape(count)
        parts = [_peer_rows([rows[n] for n in live]) for rows, live in days_of_rows(shape)]
        late = late_rows(shape)
        parts.append(_peer_rows([late[place] for place in live_places(late)]))
        pl.concat(parts).write_parquet(file)
    return file


def _peer_rows(rows: list[Row]) -> pl.DataFrame:
    places = {name: JOURNAL_COLUMNS.index(name) for name in PEER_COLUMNS}
    return pl.DataFrame({name: [row[at] for row in rows] for name, at in places.items()}, schema=PEER_COLUMNS)


if __name__ == "__main__":
    with history(sys.argv[1], int(sys.argv[2])):
        print((FOLDER / f"{sys.argv[1]}-{sys.argv[2]}" / "built.json").read_text())
