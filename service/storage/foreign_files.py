"""Finds out that a file is not that of a ledger, before its mode, its log or its tables are changed."""

import contextlib
import pathlib
import time
import urllib.parse

HEAD = b"SQLite format 3\0"
_OURS = {"alembic_version", "resident"}
"""Each ledger has had these tables since its first revision."""
_OF_LITESTREAM = "_litestream_"
LOOKS = 3
LOOK_AGAIN_AFTER_S = 0.05
"""Another process may be copying the tables of a new ledger from the log into the file at this moment."""


def why_foreign(file: pathlib.Path) -> str | None:
    """Why a file can't be that of a ledger, in a few words; None when it may be, and when there is none."""
    if not file.exists():
        return None
    if not file.is_file():
        return "is no file"
    with contextlib.suppress(OSError), file.open("rb") as opened:
        head = opened.read(len(HEAD))
        if head and head != HEAD:
            return "is no database of SQLite"
    for look in range(LOOKS):
        foreign = _foreign_table(file)
        if foreign is None:
            return None
        if look + 1 < LOOKS:
            time.sleep(LOOK_AGAIN_AFTER_S)
    return f"belongs to another program: it has a table {foreign}"


def _foreign_table(file: pathlib.Path) -> str | None:
    """A table of a database that is not a ledger. What is only in the log is not seen; it is not touched either."""
    import pysqlite3.dbapi2  # A process on PostgreSQL needs none of it.

    try:
        connection = pysqlite3.dbapi2.connect(f"file:{urllib.parse.quote(str(file))}?mode=ro&immutable=1", uri=True)
        with contextlib.closing(connection):
            found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    except pysqlite3.dbapi2.Error:
        return None  # Opening it in the usual way tells what is wrong.
    names = [name for (name,) in found if not name.startswith(("sqlite_", _OF_LITESTREAM))]
    return names[0] if names and not _OURS.issubset(names) else None
