"""What an error of a database says of the disk under it, on both engines."""

import sqlalchemy as sa

FULL = "the disk of the database is full"
_POSTGRESQL_FULL = "53100"
_SQLITE_FULL = "SQLITE_FULL"
_SQLITE_FAILED = "SQLITE_IOERR"


def disk_fault_of(error: sa.exc.DBAPIError) -> str | None:
    """What is wrong with the disk, in a few words; None when the error is about something else."""
    name: str = getattr(error.orig, "sqlite_errorname", None) or ""
    if name == _SQLITE_FULL or getattr(error.orig, "sqlstate", None) == _POSTGRESQL_FULL:
        return FULL
    if name.startswith(_SQLITE_FAILED):
        return f"the disk of the ledger's file is full, or fails ({name})"
    return None
