"""Committing: what an answer promises is on the disk, and on the standby where there is one, before it is given."""

from typing import Any

import sqlalchemy as sa

from service.storage.faults import NotWritten, OutcomeUnknown

WARNINGS = "hushi-warnings"
"""Where a connection of PostgreSQL keeps what the server has warned of."""

_IDLE_FOR_TOO_LONG = "25P03"
"""PostgreSQL: it has ended a transaction that did nothing for longer than it was told to wait."""

_COMMIT_THAT_WAITS = sa.text("SELECT pg_logical_emit_message(true, 'hushi', '')")


def commit_durably(connection: sa.Connection) -> None:
    """Makes the commit of this transaction as durable as one that writes an entry: nothing that it has seen is lost.

    PostgreSQL: a commit whose wait for the standby was cut short is visible on the primary and nowhere else. Only a
    transaction that has written to the log waits for the standby, and then for all that was written before; one that
    has merely been given an id does not (findings/postgresql-commits-that-wait.sh). SQLite: an entry is synced before
    another process sees it, and by whoever opens the file after a crash (engines.sync_log).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_COMMIT_THAT_WAITS)


def commit(connection: sa.Connection, transaction: sa.RootTransaction) -> None:
    """Commits. Raises OutcomeUnknown when the connection is lost, or the server warns that it has not waited.

    Raises NotWritten when the server had ended the transaction before.
    """
    warnings: list[str] = connection.info.setdefault(WARNINGS, [])
    warnings.clear()
    try:
        transaction.commit()
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _IDLE_FOR_TOO_LONG:
            raise NotWritten(str(error.orig), is_race=False) from error
        raise OutcomeUnknown("the connection was lost while committing") from error
    if warnings:
        # A wait for the standby that somebody cancels ends as a success, with a warning beside it.
        raise OutcomeUnknown(f"the database warned while committing: {warnings[0]}")


def collect_warnings(engine: sa.Engine) -> None:
    """Lets each connection of PostgreSQL keep what the server warns of, for whoever commits."""

    @sa.event.listens_for(engine, "connect")
    def listen(connection: Any, record: Any) -> None:
        """Notices and the like say nothing of what was done, and are not kept."""
        warnings = record.info[WARNINGS] = []

        def note(notice: Any) -> None:
            """Keeps the text of a warning."""
            if notice.severity_nonlocalized == "WARNING":
                warnings.append(notice.message_primary)

        connection.add_notice_handler(note)
