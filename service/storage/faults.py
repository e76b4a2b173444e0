"""The faults of a database. Code that catches them can import this module without loading SQLAlchemy or a driver."""


class DatabaseUnavailable(Exception):
    """The database does not answer, or not in time; nothing was written."""

    advice = "is it running, and is the URL right?"
    """Tells an operator what to check."""
    told = "The database does not answer; ask again, writes with the same key."
    """Tells a caller of the API what to do."""


class ConnectionRefused(DatabaseUnavailable):
    """The database answers, but does not admit the connection; the message says why."""

    advice = "see the URL, and the settings of the server or of the pooler before it."


class ReadOnlyDatabase(DatabaseUnavailable):
    """The database can't be written: it is a standby, or it was made read-only, or its file may not be written."""

    advice = "reports can be read here, but this needs a database that can be written, such as the primary."
    told = (
        "The ledger can be read here, but not written: its database is read-only. Ask again with the same key, later."
    )


class BecameReadOnly(ReadOnlyDatabase):
    """The server of this connection takes no writes; a new connection may find one that does, after a fail-over."""


class NoPrimary(DatabaseUnavailable):
    """Servers of the database answer, and none of them takes writes: a fail-over is going on, or a primary is away."""

    advice = "no server of the URL takes writes: see whether the primary runs, and whether its host is in the URL."


class ReadOnlyFolder(DatabaseUnavailable):
    """SQLite needs files beside the ledger's file, and may not make them."""

    advice = "let Hushi write there, or copy the ledger to where it may."


class DiskFault(DatabaseUnavailable):
    """The disk under the database is full, or fails; nothing was written."""

    advice = "make room on it, or see what is wrong with it, and run the same command again."


class WrongFile(DatabaseUnavailable):
    """SQLite's file was moved away or replaced while it was in use; nothing was written."""

    advice = "put the ledger's files back, or restart what uses them to go on with what is there."


class ForeignFile(DatabaseUnavailable):
    """The file that the URL names is not that of a ledger; nothing about it was changed."""

    advice = "name the file of a ledger, or a new one."


class LeftLog(DatabaseUnavailable):
    """SQLite's log exists without its file. For a new file, SQLite would delete the log and the entries in it."""

    advice = "put the ledger's file back, or move the log away to begin a new ledger."


class NotDurable(DatabaseUnavailable):
    """A commit would be acknowledged before it is on the disk; nothing was written."""

    advice = "see its setting synchronous_commit."


class AnotherLedger(DatabaseUnavailable):
    """The database answers with another ledger than before, after a fail-over or a restore; nothing was written.

    The process drops what it knew of the ledger before, so that a second try gets an answer from this ledger.
    """


class OtherRevision(DatabaseUnavailable):
    """The ledger's schema is of another revision than the code; nothing was written. The message says what to do."""

    def __init__(self, found: str | None, needed: str) -> None:
        """Takes the two revisions; `found` is None when there is no schema yet."""
        self.is_code_older = found is not None and found > needed
        if self.is_code_older:
            what = f"this hushi is older than the ledger's schema ({found}, it knows {needed}); start the newer one"
        else:
            what = f"the ledger's schema ({found or 'none'}) is older than this hushi ({needed}); run hushi db upgrade"
        self.told = f"Nothing was written: {what}."
        super().__init__(what)


class StillServed(Exception):
    """The ledger is being served, and so it can't be migrated."""


class UnusableUrl(ValueError):
    """The URL of the database can't be used. The message does not repeat it, because it may hold a password."""


class NotWritten(Exception):
    """A transaction was rolled back whole. `is_race`: another process was first, and a second try sees its work."""

    def __init__(self, message: str, *, is_race: bool) -> None:
        """Takes the message, and `is_race`.

        A connection that was lost before the commit is no race, but a second try is allowed as well.
        """
        super().__init__(message)
        self.is_race = is_race


class OutcomeUnknown(Exception):
    """The connection was lost while committing. Only the ledger can tell the outcome, by the idempotency key."""
