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


class NotDurable(DatabaseUnavailable):
    """A commit would be acknowledged before it is on the disk; nothing was written."""

    advice = "see its setting synchronous_commit."


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
