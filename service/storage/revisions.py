"""The revision of a ledger's schema, and that nobody writes to a ledger of another revision than their code is of.

A server may go on while `hushi db upgrade` brings the schema to a newer revision. What it wrote afterwards would lack
what the newer revision needs, so every writing transaction looks at the revision first. On PostgreSQL, looking locks
the table against the upgrade until the transaction ends, and the upgrade locks it against everybody who looks: no
transaction begins before an upgrade and ends after it. On SQLite there is one writer at a time.
"""

import sqlalchemy as sa

from service.storage.faults import OtherRevision

NEWEST_REVISION = "0006"
"""The revision that the code needs: the newest one in service/migrations."""

VERSION = sa.table("alembic_version", sa.column("version_num", sa.String()))

STORED = sa.select(VERSION.c.version_num).scalar_subquery()
"""The revision as a column of another statement, so that looking takes no round trip of its own."""

_LOOK = sa.select(VERSION.c.version_num)
_KEEP_OUT = sa.text(f"LOCK TABLE {VERSION.name} IN ACCESS EXCLUSIVE MODE")


def refuse_other(found: str | None) -> None:
    """Raises OtherRevision unless this is the revision that the code needs."""
    if found != NEWEST_REVISION:
        raise OtherRevision(found, NEWEST_REVISION)


def look(connection: sa.Connection) -> None:
    """The same of the ledger's revision, which stays what it is until the transaction ends."""
    refuse_other(connection.execute(_LOOK).scalar())


def keep_everybody_out(connection: sa.Connection) -> None:
    """Waits until every transaction that has looked has ended, and lets no other begin until this one ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_KEEP_OUT)
