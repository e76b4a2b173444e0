"""Warns an operator of settings of a database by which acknowledged entries may be lost at a power cut."""

from collections.abc import Iterator

import sqlalchemy as sa

from service.storage.engine import Connection, Database

_DANGEROUS = {
    ("fsync", "off"): "fsync is off: what was acknowledged may be lost at a power cut, and the whole database with it.",
    ("full_page_writes", "off"): "full_page_writes is off: a power cut may leave pages that are half old and half new.",
    ("data_sync_retry", "on"): (
        "data_sync_retry is on: when a sync fails, a later one succeeds without writing what was given up; what was "
        "acknowledged may be lost."
    ),
}
"""Settings with a value that endangers entries, and why."""


def warnings(database: Database) -> Iterator[str]:
    """Yields a sentence for each setting that endangers entries, and one when the database is read-only."""
    if not database.is_sqlite:
        with database.reading() as connection:
            for (name, value), warning in _DANGEROUS.items():
                if _setting(connection, name) == value:
                    yield warning
    if database.is_read_only():
        yield "the database is read-only: reports are served, and nothing can be written."


def _setting(connection: Connection, name: str) -> str:
    return str(connection.execute(sa.select(sa.func.current_setting(name))).scalar_one())
