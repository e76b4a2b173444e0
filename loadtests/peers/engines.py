"""Asks analytics engines and SQL the headline question: value and distinct residents by category, in two periods.

The question is smaller than Hushi's answer, which has seven measures, rows and total. DuckDB and Polars hold only the
live trades, in memory, so that they need not find out which trades were reversed.
"""

import pathlib
from collections.abc import Callable

import duckdb
import polars as pl
import sqlalchemy as sa

from service.domain.periods import Period
from service.ledger import Ledger
from service.storage.columns import day_number

Answer = dict[tuple[str, bool], tuple[int, int]]
"""The keys are (category, is of the current period), the values (fen, distinct residents)."""


def _bounds(period: Period) -> tuple[int, int, int, int]:
    year_before = [day_number(day.replace(year=day.year - 1)) for day in (period.start, period.end)]
    return day_number(period.start), day_number(period.end), year_before[0], year_before[1]


def duckdb_asker(file: pathlib.Path, period: Period) -> Callable[[], Answer]:
    """Returns a function that asks DuckDB, over a table in memory."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE trade AS SELECT * REPLACE (category::VARCHAR AS category) FROM '{file}'")
    start, end, base_start, base_end = _bounds(period)
    query = f"""SELECT category, day >= {start} AS is_current, sum(amount_fen), count(DISTINCT resident) FROM trade
        WHERE day BETWEEN {start} AND {end} OR day BETWEEN {base_start} AND {base_end} GROUP BY ALL"""
    return lambda: {(row[0], row[1]): (int(row[2]), row[3]) for row in connection.execute(query).fetchall()}


def polars_asker(file: pathlib.Path, period: Period) -> Callable[[], Answer]:
    """Returns a function that asks Polars, over a frame in memory."""
    frame = pl.read_parquet(file)
    start, end, base_start, base_end = _bounds(period)
    day = pl.col("day")
    query = (
        frame.lazy()
        .filter(day.is_between(start, end) | day.is_between(base_start, base_end))
        .group_by("category", (day >= start).alias("is_current"))
        .agg(pl.col("amount_fen").sum(), pl.col("resident").n_unique())
    )
    return lambda: {(row[0], row[1]): (row[2], row[3]) for row in query.collect().iter_rows()}


def sql_asker(ledger: Ledger, period: Period) -> Callable[[], Answer]:
    """Returns a function that asks SQL: GROUP BY with COUNT(DISTINCT) over the journal of the same ledger."""
    start, end, base_start, base_end = _bounds(period)
    query = f"""SELECT category, day >= {start}, SUM(amount_fen), COUNT(DISTINCT resident) FROM journal
        WHERE (day BETWEEN {start} AND {end} OR day BETWEEN {base_start} AND {base_end}) AND reverses IS NULL
        AND transaction_id NOT IN (SELECT reverses FROM journal WHERE reverses IS NOT NULL) GROUP BY 1, 2"""

    def ask() -> Answer:
        with ledger.database.reading() as connection:
            return {(row[0], bool(row[1])): (int(row[2]), row[3]) for row in connection.execute(sa.text(query))}

    return ask
