"""What a database is set to that an operator should know of: whether what was acknowledged outlives a power cut."""

from collections.abc import Iterator

import sqlalchemy as sa

from service.storage.engine import Connection, Database
from service.storage.faults import NotDurable, ReadOnlyDatabase

_DANGEROUS = {
    "fsync": "fsync is off: what was acknowledged may be lost at a power cut, and the whole database with it.",
    "full_page_writes": "full_page_writes is off: a power cut may leave pages that are half old and half new.",
}


def warnings(database: Database) -> Iterator[str]:
    """A sentence for each setting that endangers entries, and one where nothing can be written."""
    if not database.is_sqlite:
        with database.reading() as connection:
            yield from (warning for name, warning in _DANGEROUS.items() if _setting(connection, name) == "off")
    try:
        with database.writing():
            pass
    except (ReadOnlyDatabase, NotDurable) as fault:
        message = str(fault)
        yield f"{message[0].upper()}{message[1:]}: {fault.advice}"


def _setting(connection: Connection, name: str) -> str:
    return str(connection.execute(sa.select(sa.func.current_setting(name))).scalar_one())
