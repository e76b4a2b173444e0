"""What a database may fail at, for whoever catches it: known without loading what talks to databases."""


class DatabaseUnavailable(Exception):
    """The database does not answer, or not in time; nothing was written."""


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
