"""Whether the ledger can serve."""

import datetime
from dataclasses import dataclass
from typing import Literal

from service.ledger import Ledger
from service.queries.ledger import fold_lag
from service.storage import schema, tail
from service.storage.faults import DatabaseUnavailable

FOLD_STANDS_STILL_AFTER_S = 60
"""The folder works every second; a ledger that takes a minute is not being folded at all."""

Schema = Literal["ok", "old", "newer"]
"""The database's schema beside the one that the code needs."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What serving needs; `tail_length` counts what is posted and not folded yet, `fold_lag_s` its oldest's age.

    What could not be asked is None: of a database that does not answer nothing is known, its schema neither.
    """

    database: bool
    schema: Schema | None
    tail_length: int | None = None
    fold_lag_s: int | None = None

    @property
    def is_ready(self) -> bool:
        """Whether requests can be answered."""
        return self.database and self.schema == "ok"

    @property
    def is_folding(self) -> bool | None:
        """Whether the tail is being folded; None when unknown. Reports are exact without it, only slower."""
        return None if self.fold_lag_s is None else self.fold_lag_s <= FOLD_STANDS_STILL_AFTER_S


def readiness(ledger: Ledger) -> Readiness:
    """The state of the database and its schema. Raises nothing: what can't be reached is not ready."""
    try:
        found = schema.find_revision(ledger.database)
        if found != schema.NEWEST_REVISION:
            return Readiness(database=True, schema="newer" if (found or "") > schema.NEWEST_REVISION else "old")
        with ledger.database.reading() as connection:
            waiting = tail.length(connection)
        lag_s = fold_lag(ledger) // datetime.timedelta(seconds=1)
        return Readiness(database=True, schema="ok", tail_length=waiting, fold_lag_s=lag_s)
    except DatabaseUnavailable:
        return Readiness(database=False, schema=None)
