"""The revision of a ledger's schema. Code of one revision must not write to a ledger of another revision.

A server may go on while `hushi db upgrade` brings the schema to a newer revision. Rows that the server wrote after that
would lack data that the newer revision needs. So every writing transaction reads the revision first. On PostgreSQL,
this read locks the table against the upgrade until the transaction ends, and the upgrade locks the table against all
such reads. So no transaction begins before an upgrade and ends after it. On SQLite there is one writer at a time.
"""

import sqlalchemy as sa

from service.storage.faults import OtherRevision

NEWEST_REVISION = "0010"
"""The revision that the code needs: the newest one in service/migrations."""

VERSION = sa.table("alembic_version", sa.column("version_num", sa.String()))

STORED = sa.select(VERSION.c.version_num).scalar_subquery()
"""The revision as a column of another statement, so that reading it takes no extra round trip."""

_LOOK = sa.select(VERSION.c.version_num)
_KEEP_OUT = sa.text(f"LOCK TABLE {VERSION.name} IN ACCESS EXCLUSIVE MODE")


def refuse_other(found: str | None) -> None:
    """Raises OtherRevision unless this is the revision that the code needs."""
    if found != NEWEST_REVISION:
        raise OtherRevision(found, NEWEST_REVISION)


def look(connection: sa.Connection) -> None:
    """Reads the ledger's revision, which can't change until the transaction ends. Raises OtherRevision."""
    refuse_other(connection.execute(_LOOK).scalar())


def keep_everybody_out(connection: sa.Connection) -> None:
    """Waits for the end of all transactions that have read the revision; no other can read it until this one ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_KEEP_OUT)
