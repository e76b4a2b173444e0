"""Streams raw rows of a query in portions, for code that goes through a whole ledger.

A portion is fetched with one call. Asking SQLAlchemy for one row after the other takes as long as the work on the rows.
"""

from collections.abc import Generator, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa

ROWS_AT_ONCE = 2000

Raw = Sequence[Any]
"""A row of the driver's own values, in the order of the columns that were asked for."""


def streamed(connection: sa.Connection, wanted: sa.Select[Any]) -> Generator[Raw]:
    """The rows of a query one by one; they are fetched in portions. A caller that stops half-way must close it."""
    # SQLite's driver fetches when it is asked, and its own tuples are taken: SQLAlchemy would put each into a Row.
    # PostgreSQL needs a cursor of the server for that, and SQLAlchemy puts a buffer before it.
    if connection.dialect.name == "sqlite":
        with connection.execute(wanted) as rows:
            while portion := rows.cursor.fetchmany(ROWS_AT_ONCE):
                yield from portion
        return
    with connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        yield from chain.from_iterable(rows.partitions(ROWS_AT_ONCE))
