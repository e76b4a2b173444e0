"""Compares the schema of a database with the one that the code needs, and upgrades it.

Alembic is loaded only when there is something to do. To find out that there is not, a command does not need it.
"""

import importlib.resources
from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from service.domain.macs import Macs
from service.storage import facts, idempotency, presence, revisions
from service.storage.columns import Uuid
from service.storage.engine import Connection, Database
from service.storage.revisions import NEWEST_REVISION, VERSION
from service.storage.tables import metadata

__all__ = ["MACS_SINCE", "NEWEST_REVISION", "differences", "find_revision", "is_current", "revision", "upgrade"]

if TYPE_CHECKING:
    import alembic.config

_LITESTREAM = "_litestream_"
_MIGRATION_LOCK = 0x48555349
Refuse = Callable[[Connection, str], None]
"""Raises what an upgrade is refused with. It gets the connection, at the new schema, and the revision of before."""

MACS_SINCE = "0004"
"""The revision that introduced MACs: when a row of a later revision has no MAC, there is another reason."""


def upgrade(database: Database, macs: Macs, refuse: Refuse | None = None) -> None:
    """Brings the database to the newest revision, in one transaction; a second process that does so waits for it.

    Rows that are older than MACs get a MAC without being checked; so this needs the MAC keys. `refuse` looks at the
    migrated ledger before the upgrade commits; what it raises leaves the ledger as it was. Raises StillServed when a
    SQLite ledger is being served, OtherRevision when the database is at a revision that is newer than the code,
    NotWritten when writers on PostgreSQL did not end in time.
    """
    if is_current(database):
        return
    import alembic.command

    with presence.alone(database), database.writing(at_length=True, looks_at_revision=False) as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        before = revision(connection)
        if before is not None:
            revisions.keep_everybody_out(connection)
            before = revision(connection)  # Another upgrade may have ended while this one waited.
            if before is not None and before > NEWEST_REVISION:
                revisions.refuse_other(before)
        alembic.command.upgrade(_config(connection), "head")
        if before is not None and refuse is not None:
            refuse(connection, before)
        if before is not None and before < MACS_SINCE:
            facts.add_older(connection, macs.facts)
            idempotency.add_macs_to_older(connection, macs.answers)


def revision(connection: sa.Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    if not sa.inspect(connection).has_table(VERSION.name):
        return None
    found: str | None = connection.scalar(sa.select(VERSION.c.version_num))
    return found


def find_revision(database: Database) -> str | None:
    """The revision that the database is at, read in a new snapshot; None for an empty one."""
    with database.reading() as connection:
        return revision(connection)


def is_current(database: Database) -> bool:
    """Whether the database is at the revision that the code needs."""
    return find_revision(database) == NEWEST_REVISION


def differences(database: Database) -> list[str]:
    """The differences between the database and the code, one line each; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with database.reading() as connection:
        found = revision(connection)
        if found != NEWEST_REVISION:
            return [f"The database is at revision {found or 'none'}, the code needs {NEWEST_REVISION}."]
        context = MigrationContext.configure(connection, opts={"compare_type": _differs, "include_name": _is_ours})
        return [str(difference) for difference in compare_metadata(context, metadata)]


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a table may belong to Hushi. Litestream keeps two small tables of its own in a ledger that it copies."""
    return kind != "table" or name is None or not name.startswith(_LITESTREAM)


def _differs(_context: object, _inspected: object, _column: object, found: object, wanted: object) -> bool | None:
    # Alembic knows only SQLAlchemy's own types. Our UUID column is a native type on PostgreSQL and a BLOB on SQLite.
    if isinstance(wanted, Uuid):
        return not isinstance(found, sa.Uuid | sa.LargeBinary)
    return None


def _config(connection: sa.Connection) -> "alembic.config.Config":
    import alembic.config

    config = alembic.config.Config()
    config.set_main_option("script_location", str(importlib.resources.files("service.migrations")))
    config.attributes["connection"] = connection
    return config
