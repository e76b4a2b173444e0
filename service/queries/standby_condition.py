"""How the standby of HUSHI_READ_URL is, for monitoring: whether reports can come from it, and how far behind it is."""

import contextlib
import time
from dataclasses import dataclass
from typing import Literal

from service.figures.standbys import STANDBY_LAG_ENTRIES, STANDBY_LAG_SECONDS, STANDBY_UP
from service.queries.ledger import get_head
from service.queries.report_sources import FAR_BEHIND_S, ReportSource, ReportSources
from service.storage.faults import DatabaseUnavailable

SEEK_EVERY_S = 5.0
"""How often a server that prefers standbys looks for one while its reports come from the primary."""

Condition = Literal["ok", "behind", "away", "another ledger"]


@dataclass(frozen=True, slots=True)
class StandbyCondition:
    """How the standby is, and how far behind the primary: in seconds, and in transactions; None where unknown."""

    condition: Condition
    lag_s: float | None
    lag_entries: int | None


class StandbyWatch:
    """Looks at the standby now and then, and remembers what it has found; None before, and without a standby."""

    def __init__(self, sources: ReportSources) -> None:
        """Looks at nothing yet."""
        self._sources = sources
        self._sought_at = 0.0
        self.found: StandbyCondition | None = None

    def look(self) -> None:
        """Looks at the primary and its standby; to be called about every second."""
        sources = self._sources
        if sources.standby is None:
            return
        with contextlib.suppress(DatabaseUnavailable):
            self._seek(sources.standby)
        condition: Condition = "away"
        lag_entries: int | None = None
        with contextlib.suppress(DatabaseUnavailable):
            newest = sources.look().logged
            found = sources.state_behind(sources.standby, 0) or sources.state_behind(sources.standby, 0)
            if found is not None and sources.is_same(found[0], newest):
                condition = "behind" if sources.lag_s() > FAR_BEHIND_S else "ok"
                # The standby is counted first, so that the difference is never too small.
                there = get_head(sources.standby.ledger).transactions
                if newest is not None:
                    lag_entries = max(0, get_head(sources.primary.ledger).transactions - there)
            elif found is not None:
                condition = "another ledger"
        self._note(StandbyCondition(condition, None if condition == "away" else sources.lag_s(), lag_entries))

    def _seek(self, standby: ReportSource) -> None:
        """After a fail-over reports may come from the new primary: this leaves it as soon as a standby is there."""
        if time.monotonic() - self._sought_at >= SEEK_EVERY_S:
            self._sought_at = time.monotonic()
            standby.ledger.database.seek_standby()

    def _note(self, found: StandbyCondition) -> None:
        self.found = found
        STANDBY_UP.set(found.condition in {"ok", "behind"})
        for gauge, lag in ((STANDBY_LAG_SECONDS, found.lag_s), (STANDBY_LAG_ENTRIES, found.lag_entries)):
            gauge.unset() if lag is None else gauge.set(lag)
