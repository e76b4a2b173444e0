"""Serves ledgers that are broken on purpose, for the controls: TORTURE_BREAK names the protections that are taken away.

The product has no such switch: this program replaces functions of the service in its own process, and then serves.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

from service import judging
from service.cli.main import main as hushi_main
from service.domain.allowance import Judgement
from service.domain.transactions import Recording, Trade, Transaction, business_day
from service.queries.cube import CubeKeeper
from service.storage import idempotency, postgresql
from service.storage.engine import Connection, Database

BREAK = "TORTURE_BREAK"
IMPATIENT = "impatient"
LATE_S, SHORT_S = 0.1, 0.4
STALE_S = 1.0


def forget_keys() -> None:
    """Stores no answer under its key, so that a retry is a new request."""
    idempotency.insert = lambda connection, outcomes: None


def answer_early() -> None:
    """Answers a post before its commit, which follows a moment later."""
    real = Database.writing

    @contextlib.contextmanager
    def writing(self: Database, **how: bool) -> Iterator[Connection]:
        begun = contextlib.ExitStack()
        connection = begun.enter_context(real(self, **how))
        try:
            yield connection
        except BaseException:
            if not begun.__exit__(*sys.exc_info()):
                raise
        if how.get("is_post"):
            threading.Timer(LATE_S, begun.close).start()
        else:
            begun.close()

    # The turn is that of the transaction, and ends with it.
    Database.turn_to_post = contextlib.nullcontext  # type: ignore[method-assign, assignment] # (this is what breaks it)
    Database.writing = writing  # type: ignore[method-assign] # (this is what breaks it)


def report_late() -> None:
    """Answers reports from a cube that may be a second old."""
    real = CubeKeeper._bring_up_to_date
    brought: dict[tuple[Any, ...], float] = {}

    def bring_up_to_date(self: CubeKeeper, connection: Connection, grains: Any, **which: Any) -> None:
        if brought.get(tuple(grains), 0.0) < time.monotonic() - STALE_S:
            real(self, connection, grains, **which)
            brought[tuple(grains)] = time.monotonic()

    CubeKeeper._bring_up_to_date = bring_up_to_date  # type: ignore[method-assign] # (this is what breaks it)


def date_by_the_clock() -> None:
    """Takes the business day of a trade from the clock, and not from the trade."""
    real = vars(judging)["record"]

    def record(trade: Trade, judgement: Judgement, recording: Recording) -> Transaction:
        of_now = recording._replace(day=business_day(recording.recorded_at))
        return cast(Transaction, real(trade, judgement, of_now))

    vars(judging)["record"] = record


def lose_patience() -> None:
    """Breaks nothing: waits for PostgreSQL for a short time only, so that a frozen connection is soon given up."""
    postgresql.ANSWER_WITHIN_S = SHORT_S  # type: ignore[assignment] # (seconds, whole ones in the product)
    postgresql._Connection.answer_within_s = SHORT_S
    for name in ("_WRITING", "_READING"):
        text = getattr(postgresql, name)
        setattr(postgresql, name, text.replace("_timeout=10", "_timeout=1"))


BREAKS: dict[str, Callable[[], None]] = {
    "forgets-keys": forget_keys,
    "answers-early": answer_early,
    "reports-late": report_late,
    "days-by-the-clock": date_by_the_clock,
    IMPATIENT: lose_patience,
}


def main() -> None:
    """Breaks what the environment names, and runs the command."""
    for name in os.environ.get(BREAK, "").split():
        BREAKS[name]()
    hushi_main()


if __name__ == "__main__":
    main()
