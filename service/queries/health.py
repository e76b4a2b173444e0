"""Tells whether the ledger can serve, as far as reading can tell."""

import datetime
from dataclasses import dataclass
from typing import Literal

from service.ledger import Ledger
from service.storage import blocks, schema, self_checks, tail
from service.storage.faults import DatabaseUnavailable
from service.storage.self_checks import SelfCheck

FOLD_STANDS_STILL_AFTER_S = 60
"""The folder works every second. When an entry waits for more than this, the ledger is not being folded at all."""
LOG_LONG_BYTES = 512 * 1024 * 1024
"""SQLite copies its log into the ledger's file at 64 MiB, unless a reader keeps an older snapshot open."""

Schema = Literal["ok", "old", "newer"]
"""The database's schema, compared with the one that the code needs."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the database answers, and what it tells of its schema, its chain, its tail, its log and its self-check.

    `tail_length` counts the entries that are posted and not folded yet, and `fold_lag_s` is the age of the oldest of
    them. A field that could not be read is None: when the database does not answer, that is every other field.
    `log_bytes` is None on PostgreSQL too.
    """

    database: bool
    schema: Schema | None = None
    head_block: int | None = None
    tail_length: int | None = None
    fold_lag_s: float | None = None
    log_bytes: int | None = None
    self_check: SelfCheck | None = None

    @property
    def is_folding(self) -> bool | None:
        """Whether the tail is being folded; None when unknown. Without folding, reports stay exact but get slower."""
        return None if self.fold_lag_s is None else int(self.fold_lag_s) <= FOLD_STANDS_STILL_AFTER_S

    @property
    def is_log_short(self) -> bool | None:
        """Whether SQLite's log is not longer than LOG_LONG_BYTES; None when unknown, and on PostgreSQL."""
        return None if self.log_bytes is None else self.log_bytes <= LOG_LONG_BYTES


def count_mismatches(ledger: Ledger) -> int:
    """How often the self-check has found a wrong figure."""
    with ledger.database.reading() as connection:
        return self_checks.read(connection).mismatches


def readiness(ledger: Ledger) -> Readiness:
    """Reads whether the database and its schema are ready. Raises nothing: a database that can't be reached is not."""
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
                self_check=self_checks.read(connection),
            )
    except DatabaseUnavailable:
        return Readiness(database=False)
