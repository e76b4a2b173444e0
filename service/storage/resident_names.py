"""Reads the encrypted names of residents, for a process that decrypts all of them once (service.vault.name_index)."""

from collections.abc import Iterator

import sqlalchemy as sa

from service.storage.engine import Connection
from service.storage.tables import resident

ROWS_AT_ONCE = 10_000
"""How many rows are in memory at a time: an encrypted name takes much more room than the form that is kept of it."""


def names_after(connection: Connection, ordinal: int) -> Iterator[tuple[int, bytes]]:
    """Yields the ordinals and the encrypted names of the residents above an ordinal, in order."""
    wanted = sa.select(resident.c.ordinal, resident.c.name_encrypted).order_by(resident.c.ordinal).limit(ROWS_AT_ONCE)
    rows = connection.execute(wanted.where(resident.c.ordinal > ordinal)).all()
    while rows:
        for each, encrypted in rows:
            yield each, bytes(encrypted)
        after = rows[-1].ordinal
        rows = connection.execute(wanted.where(resident.c.ordinal > after)).all()
