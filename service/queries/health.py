"""Whether the ledger can serve."""

from dataclasses import dataclass

from service.ledger import Ledger
from service.storage import schema, tail
from service.storage.engine import DatabaseUnavailable


@dataclass(frozen=True, slots=True)
class Readiness:
    """What serving needs; `tail_length` counts what is posted and not folded yet."""

    database: bool
    schema: bool
    tail_length: int | None

    @property
    def is_ready(self) -> bool:
        """Whether requests can be answered."""
        return self.database and self.schema


def readiness(ledger: Ledger) -> Readiness:
    """The state of the database and its schema. Raises nothing: what can't be reached is not ready."""
    try:
        if not schema.is_current(ledger.database):
            return Readiness(database=True, schema=False, tail_length=None)
        with ledger.database.reading() as connection:
            return Readiness(database=True, schema=True, tail_length=tail.length(connection))
    except DatabaseUnavailable:
        return Readiness(database=False, schema=False, tail_length=None)
