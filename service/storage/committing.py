"""Commits. Everything that an answer promises is on the disk, and on a standby if there is one, before the answer."""

from typing import Any

import sqlalchemy as sa

from service.storage.disk_faults import disk_fault_of
from service.storage.faults import NotWritten, OutcomeUnknown
from service.storage.meanings import Ending, meaning_of

WARNINGS = "hushi-warnings"
"""The name under which a connection of PostgreSQL keeps the server's warnings."""

_COMMIT_THAT_WAITS = sa.text("SELECT pg_logical_emit_message(true, 'hushi', '')")


def commit_durably(connection: sa.Connection) -> None:
    """Makes the commit of this transaction as durable as one that writes an entry: nothing that it has seen is lost.

    On PostgreSQL, a commit whose wait for the standby was cut short is visible on the primary only. A transaction waits
    for the standby only if it has written to the log, and then it waits for everything that was written before. A
    transaction that has only got an id does not wait (findings/postgresql-commits-that-wait.sh). On SQLite, an entry is
    synced before another process sees it, and the process that opens the file after a crash writes its log
    again and syncs it (left_log.write_log_again).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_COMMIT_THAT_WAITS)


def commit(connection: sa.Connection, transaction: sa.RootTransaction) -> None:
    """Commits. Raises OutcomeUnknown when the connection is lost, or the server warns that it has not waited.

    Raises NotWritten when the server has ended the transaction before the commit, or refused the commit
    (`service.storage.meanings`).
    """
    warnings: list[str] = connection.info.setdefault(WARNINGS, [])
    warnings.clear()
    try:
        transaction.commit()
    except sa.exc.DBAPIError as error:
        outcome = meaning_of(code_of(error)).committed
        if outcome in {Ending.RACE, Ending.NOT_WRITTEN}:
            raise NotWritten(str(error.orig), is_race=outcome == Ending.RACE) from error
        disk = disk_fault_of(error)
        raise OutcomeUnknown(
            f"the commit failed ({disk})" if disk else "the connection was lost while committing"
        ) from error
    if warnings:
        # When somebody cancels the wait for the standby, PostgreSQL reports a success and adds a warning.
        raise OutcomeUnknown(f"the database warned while committing: {warnings[0]}")


def code_of(error: sa.exc.DBAPIError) -> str | None:
    """The SQLSTATE of an error of PostgreSQL; None for a lost connection, and on SQLite."""
    code: str | None = getattr(error.orig, "sqlstate", None)
    return code


def collect_warnings(engine: sa.Engine) -> None:
    """Makes each connection of PostgreSQL keep the server's warnings, for `commit`."""

    @sa.event.listens_for(engine, "connect")
    def listen(connection: Any, record: Any) -> None:
        """Keeps warnings only: notices and other messages say nothing about the commit."""
        warnings = record.info[WARNINGS] = []

        def note(notice: Any) -> None:
            """Adds the text of a warning to the list."""
            if notice.severity_nonlocalized == "WARNING":
                warnings.append(notice.message_primary)

        connection.add_notice_handler(note)
