"""What a database may fail at, for whoever catches it: known without loading what talks to databases."""


class DatabaseUnavailable(Exception):
    """The database does not answer, or not in time; nothing was written."""

    advice = "is it running, and is the URL right?"
    """What an operator looks at."""
    told = "The database does not answer; ask again, writes with the same key."
    """What a caller is told."""


class ConnectionRefused(DatabaseUnavailable):
    """The database answers, and does not admit the connection; the message says why."""

    advice = "see the URL, and the settings of the server or of the pooler before it."


class ReadOnlyDatabase(DatabaseUnavailable):
    """Nothing can be written here: a standby, a database that was made read-only, a file that may not be written."""

    advice = "reports can be read here, but this needs a database that can be written, such as the primary."
    told = (
        "The ledger can be read here, but not written: its database is read-only. Ask again with the same key, later."
    )


class ReadOnlyFolder(DatabaseUnavailable):
    """SQLite keeps files beside the ledger's, and may not make them."""

    advice = "let Hushi write there, or copy the ledger to where it may."


class WrongFile(DatabaseUnavailable):
    """SQLite's file was moved away or replaced while it was being used; nothing was written."""

    advice = "put the ledger's files back, or restart what uses them to go on with what is there."


class LeftLog(DatabaseUnavailable):
    """SQLite's log is there without its file: a new file would have it thrown away, with the entries in it."""

    advice = "put the ledger's file back, or move the log away to begin a new ledger."


class NotDurable(DatabaseUnavailable):
    """A commit would be acknowledged before it is on the disk; nothing was written."""

    advice = "see its setting synchronous_commit."


class AnotherLedger(DatabaseUnavailable):
    """The database answers with another ledger than before, after a fail-over or a restore; nothing was written.

    What was known of the one before is dropped, so asking again gets an answer of this one.
    """


class OtherRevision(DatabaseUnavailable):
    """The ledger's schema is of another revision than the code; nothing was written. The message says what to do."""

    def __init__(self, found: str | None, needed: str) -> None:
        """`found` is None where there is no schema yet."""
        self.is_code_older = found is not None and found > needed
        if self.is_code_older:
            what = f"this hushi is older than the ledger's schema ({found}, it knows {needed}); start the newer one"
        else:
            what = f"the ledger's schema ({found or 'none'}) is older than this hushi ({needed}); run hushi db upgrade"
        self.told = f"Nothing was written: {what}."
        super().__init__(what)


class StillServed(Exception):
    """A ledger can't be migrated while it is being served."""


class UnusableUrl(ValueError):
    """The database can't be of this URL, which the message does not repeat: it may hold a password."""


class NotWritten(Exception):
    """A transaction was rolled back whole. `is_race`: another process was first; running again shows its work."""

    def __init__(self, message: str, *, is_race: bool) -> None:
        """A lost connection before the commit is no race, but may be run again as well."""
        super().__init__(message)
        self.is_race = is_race


class OutcomeUnknown(Exception):
    """The connection was lost while committing: only the ledger itself can tell, by the idempotency key."""
