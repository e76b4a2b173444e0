"""Warns an operator of settings of a database by which acknowledged entries may be lost at a power cut."""

from collections.abc import Iterator

import sqlalchemy as sa

from service.storage.engine import Connection, Database

_DANGEROUS = {
    "fsync": "fsync is off: what was acknowledged may be lost at a power cut, and the whole database with it.",
    "full_page_writes": "full_page_writes is off: a power cut may leave pages that are half old and half new.",
}


def warnings(database: Database) -> Iterator[str]:
    """Yields a sentence for each setting that endangers entries, and one when the database is read-only."""
    if not database.is_sqlite:
        with database.reading() as connection:
            yield from (warning for name, warning in _DANGEROUS.items() if _setting(connection, name) == "off")
    if database.is_read_only():
        yield "the database is read-only: reports are served, and nothing can be written."


def _setting(connection: Connection, name: str) -> str:
    return str(connection.execute(sa.select(sa.func.current_setting(name))).scalar_one())
