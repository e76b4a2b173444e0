"""Whether the ledger can serve, as far as reading it tells."""

import datetime
from dataclasses import dataclass
from typing import Literal

from service.ledger import Ledger
from service.storage import blocks, schema, tail
from service.storage.faults import DatabaseUnavailable

FOLD_STANDS_STILL_AFTER_S = 60
"""The folder works every second; a ledger that takes a minute is not being folded at all."""
LOG_LONG_BYTES = 512 * 1024 * 1024
"""SQLite copies its log into the ledger's file at 64 MiB, unless somebody goes on reading what stood there before."""

Schema = Literal["ok", "old", "newer"]
"""The database's schema beside the one that the code needs."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What serving needs; `tail_length` counts what is posted and not folded yet, `fold_lag_s` its oldest's age.

    What could not be asked is None: of a database that does not answer nothing is known, its schema neither.
    `log_bytes` is None on PostgreSQL, too.
    """

    database: bool
    schema: Schema | None = None
    head_block: int | None = None
    tail_length: int | None = None
    fold_lag_s: float | None = None
    log_bytes: int | None = None

    @property
    def is_folding(self) -> bool | None:
        """Whether the tail is being folded; None when unknown. Reports are exact without it, only slower."""
        return None if self.fold_lag_s is None else int(self.fold_lag_s) <= FOLD_STANDS_STILL_AFTER_S

    @property
    def is_log_short(self) -> bool | None:
        """Whether SQLite's log is as long as it should be; None when unknown, and on PostgreSQL."""
        return None if self.log_bytes is None else self.log_bytes <= LOG_LONG_BYTES


def readiness(ledger: Ledger) -> Readiness:
    """The state of the database and its schema. Raises nothing: what can't be reached is not ready."""
    try:
        with ledger.database.reading_apart() as connection:
            found = schema.revision(connection)
            if found != schema.NEWEST_REVISION:
                return Readiness(database=True, schema="newer" if (found or "") > schema.NEWEST_REVISION else "old")
            head = blocks.find_head(connection)
            oldest = tail.oldest_recorded_at(connection)
            lag = datetime.timedelta(0) if oldest is None else max(datetime.timedelta(0), ledger.now() - oldest)
            return Readiness(
                database=True,
                schema="ok",
                head_block=0 if head is None else head.block.no,
                tail_length=tail.length(connection),
                fold_lag_s=lag.total_seconds(),
                log_bytes=ledger.database.log_bytes,
            )
    except DatabaseUnavailable:
        return Readiness(database=False)
