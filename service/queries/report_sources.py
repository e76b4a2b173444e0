"""Chooses where a report comes from: a standby that holds all that its caller was told before, or else the primary.

Each of them has a memory of its own, so no figure of one is ever mixed with a figure of the other. Nothing is decided
from a standby: a caller is let in by the primary's newest state, and by the standby's only while no primary answers.
"""

import contextlib
import threading
import time
from collections import deque
from typing import NamedTuple

from service.domain.errors import Unavailable
from service.figures import caller_marks
from service.figures.standbys import REPORTS_FROM
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.queries.ledger_state import LedgerStateReader
from service.queries.primary_looks import Look, PrimaryLooks
from service.queries.reports import Reporter
from service.queries.sessions import EndedSessions
from service.storage import ledger_state
from service.storage.cluster_identity import identity_of
from service.storage.faults import DatabaseUnavailable
from service.storage.ledger_state import LedgerState, LoggedState

STANDBY_WITHIN_S = 0.25
"""How long a report waits for the standby while the primary could answer it."""
POSITION_WITHIN_S = 5.0
"""How long a report waits for a position while no primary answers."""
PRIMARY_SHOWS_WITHIN_S = 1.0
"""How long a commit that a standby has shown may wait for other standbys before the primary shows it."""
FAR_BEHIND_S = 10.0
"""A standby that is this far behind is not asked while the primary answers."""
SILENT_FOR_S = 5.0
"""How long a standby is not asked that has fallen silent, while the primary answers; a process that serves asks in the
background meanwhile."""
LOOK_AGAIN_S = 0.01
SAMPLE_EVERY_S = 0.25
SAMPLES_MAX = 4096
READS_MAX = 3
"""One read tells how far the standby is, the next one is behind that; a third, where another standby has answered."""

WantedPosition = tuple[int, int]
"""The block and the length of the tail that an answer must have reached."""

_FUTURE = "The ledger has not reached the Hushi-Min-Position {0}.{1} yet; send the Hushi-Position of an earlier answer."
_BEHIND = "No server that answers now holds all that you were told before. Ask again."


class ReportSource:
    """One database that reports come from, with what a process has in memory of it."""

    def __init__(self, ledger: Ledger, states: LedgerStateReader, keys: ApiKeyCache, sessions: EndedSessions) -> None:
        """Loads nothing; the first report does."""
        self.ledger, self.states, self.keys, self.sessions = ledger, states, keys, sessions
        self.reporter = Reporter(ledger, states)


class Chosen(NamedTuple):
    """Where a report comes from, and the state that it is not older than. `switches` tells whether that still holds."""

    source: ReportSource
    logged: LoggedState
    switches: int
    is_standby: bool

    @property
    def state(self) -> LedgerState:
        """The state that the report is not older than."""
        return self.logged.state


class ReportSources:
    """The primary, and its standby if there is one."""

    def __init__(self, primary: ReportSource, standby: ReportSource | None) -> None:
        """Asks neither of them yet."""
        self.primary, self.standby = primary, standby
        self._looks = PrimaryLooks(primary.states)
        self._reached = (-1, 0)
        self._same: tuple[int, int] | None = None
        self._known_ledger = (0, 0)
        self._is_behind = False
        self._silent_until = 0.0
        self._sampling = threading.Lock()
        self._sent: deque[tuple[float, int]] = deque(maxlen=SAMPLES_MAX)

    def look(self) -> Look:
        """Looks at the primary. Without a standby it raises DatabaseUnavailable; with one, the look may be empty."""
        if self.standby is None:
            since_s = time.monotonic()
            return Look(self.primary.states.logged(), since_s)
        look = self._looks.look()
        if look.logged is not None:
            with self._sampling:
                if not self._sent or look.since_s - self._sent[-1][0] >= SAMPLE_EVERY_S:
                    self._sent.append((look.since_s, look.logged.lsn))
        known = (self.primary.ledger.database.switches, self.primary.ledger.lineage.seen.generation)
        if known != self._known_ledger:
            # After a fail-over or a restore the log may have another end: where callers are has to be found out again.
            self._known_ledger = known
            caller_marks.forget_places(time.monotonic())
        return look

    def note_written(self) -> None:
        """Notes that the primary has just written something: it is there, also if a look had found it away."""
        self._looks.note_answer()

    def choose(self, caller: int, look: Look, wanted: WantedPosition | None) -> Chosen:
        """Where the next report of a caller comes from.

        Raises Unavailable when no server that answers holds what the caller was told, or the wanted position.
        """
        newest = look.logged
        if newest is not None and wanted is not None and _place(newest) < wanted:
            raise not_reached(wanted)
        if self.standby is None:
            assert newest is not None, "a look without a standby has a state"
            return Chosen(self.primary, newest, 0, is_standby=False)
        lsn = self._needed(caller, look, wanted)
        found = self._on_standby(self.standby, lsn, wanted, newest)
        if found is not None:
            self.note_shown(caller, found)
            return found
        return self._on_primary(caller, newest)

    def again(self, caller: int, look: Look, wanted: WantedPosition | None) -> Chosen:
        """The primary, in place of a standby that has failed. Raises Unavailable where the primary does not answer."""
        if look.logged is not None and wanted is not None and _place(look.logged) < wanted:
            raise not_reached(wanted)
        return self._on_primary(caller, look.logged)

    def holds(self, chosen: Chosen) -> bool:
        """Whether the same server has answered since a source was chosen, so that nothing has gone back."""
        return not chosen.is_standby or chosen.source.ledger.database.switches == chosen.switches

    def note_shown(self, caller: int, chosen: Chosen, state: LedgerState | None = None) -> None:
        """Notes that a report shows a caller this state, or the chosen one. Raises DatabaseUnavailable."""
        if self.standby is None:
            return
        logged = chosen.logged
        if state is not None and state != logged.state:
            logged = LoggedState(state, chosen.source.states.logged().lsn)  # The report is newer than the choice was.
        caller_marks.note_shown(caller, logged.lsn, caller_marks.number_of(*_place(logged)))

    def lag_s(self) -> float:
        """How long ago the primary was where the standby is, as far as this process has looked at both."""
        reached = self._reached[1]
        with self._sampling:
            while self._sent and self._sent[0][1] <= reached:
                self._sent.popleft()
            return time.monotonic() - self._sent[0][0] if self._sent else 0.0

    def _needed(self, caller: int, look: Look, wanted: WantedPosition | None) -> float:
        """The place of the log that a standby must have applied for this caller."""
        mark = caller_marks.mark_of(caller)
        if look.logged is None:
            if not mark.is_known:
                raise Unavailable(_BEHIND)
            return mark.lsn
        if mark.is_known and wanted is None:
            return min(mark.lsn, look.logged.lsn)
        # All that any server has told before this look is in the log up to here.
        caller_marks.note_found(caller, look.since_s, look.logged.lsn)
        return look.logged.lsn

    def _on_standby(
        self, standby: ReportSource, lsn: float, wanted: WantedPosition | None, newest: LoggedState | None
    ) -> Chosen | None:
        """The standby, when it holds what is needed in time; else None."""
        if newest is not None and time.monotonic() < self._silent_until:
            return None
        if newest is not None and self.lag_s() > FAR_BEHIND_S:
            with contextlib.suppress(DatabaseUnavailable):
                self.state_behind(standby, 0)  # It may have caught up.
            if self.lag_s() > FAR_BEHIND_S:
                return None
        within_s = POSITION_WITHIN_S if newest is None else 0.0 if self._is_behind else STANDBY_WITHIN_S
        until = time.monotonic() + within_s
        while True:
            asked_at = time.monotonic()
            try:
                found = self.state_behind(standby, lsn)
            except DatabaseUnavailable:
                if time.monotonic() - asked_at > STANDBY_WITHIN_S:
                    self._silent_until = time.monotonic() + SILENT_FOR_S
                return None
            if found is not None and (wanted is None or _place(found[0]) >= wanted):
                self._is_behind = False
                is_same = self.is_same(found[0], newest)
                return Chosen(standby, *found, is_standby=True) if is_same else None
            if time.monotonic() >= until:
                self._is_behind = newest is not None
                return None
            time.sleep(LOOK_AGAIN_S)

    def state_behind(self, standby: ReportSource, lsn: float) -> tuple[LoggedState, int] | None:
        """The standby's state, read after it had applied the log up to a place; None when it has not.

        The second value is the number of switches at which that holds: another standby may be further behind.
        """
        database = standby.ledger.database
        for _ in range(READS_MAX):
            switches = database.switches
            of_server, reached = self._reached
            logged = standby.states.logged()
            self._silent_until = 0.0
            if database.switches != switches:
                continue
            self._reached = (switches, logged.lsn)
            if of_server == switches and reached >= lsn:
                return logged, switches
            if logged.lsn < lsn:
                return None
        return None

    def is_same(self, logged: LoggedState, newest: LoggedState | None) -> bool:
        """Whether the standby holds the primary's ledger, and not one that was lost or is another's.

        It must be a copy of the primary's cluster, and what it has last must be on the primary. That is asked once for
        each pair of servers. While no primary answers, the standby is believed: it is what is left of the ledger.
        """
        assert self.standby is not None, "there is a standby to compare"
        servers = (self.standby.ledger.database.switches, self.primary.ledger.database.switches)
        if newest is None or self._same == servers:
            return True
        try:
            with self.standby.ledger.database.reading() as connection:
                of_standby = identity_of(connection)
            with self.primary.ledger.database.reading() as connection:
                _, has_all = ledger_state.read(connection, logged.state)
                is_same = has_all and identity_of(connection) == of_standby
        except DatabaseUnavailable:
            return False
        if is_same:
            self._same = servers
        return is_same

    def _on_primary(self, caller: int, newest: LoggedState | None) -> Chosen:
        """The primary, when it shows what the caller was shown before. Raises Unavailable."""
        if newest is None:
            raise Unavailable(_BEHIND)
        until = time.monotonic() + PRIMARY_SHOWS_WITHIN_S
        shown = caller_marks.mark_of(caller).position
        # A commit that waits for other standbys may be visible on one standby before it is visible on the primary.
        while caller_marks.number_of(*_place(newest)) < shown:
            if time.monotonic() >= until:
                raise Unavailable(_BEHIND)
            time.sleep(LOOK_AGAIN_S)
            newest = self.primary.states.logged()
        chosen = Chosen(self.primary, newest, 0, is_standby=False)
        self.note_shown(caller, chosen)
        return chosen


def _place(logged: LoggedState) -> WantedPosition:
    position = logged.state.position
    return position.block, position.tail_length


def sources_of(ledger: Ledger, primary: ReportSource) -> ReportSources:
    """The sources of a ledger's reports; `primary` is what the process has of the ledger's own database."""
    of_standby = ledger.standby
    if of_standby is None:
        return ReportSources(primary, None)
    states = LedgerStateReader(of_standby, with_log=True)
    standby = ReportSource(of_standby, states, ApiKeyCache(of_standby), EndedSessions(of_standby))
    return ReportSources(primary, standby)


def not_reached(wanted: WantedPosition) -> Unavailable:
    """The refusal of a position that the ledger has not reached: it is of the future, or of another ledger."""
    return Unavailable(_FUTURE.format(*wanted))


def count_report(chosen: Chosen) -> None:
    """Counts a report by where it came from."""
    REPORTS_FROM.add(1, "standby" if chosen.is_standby else "primary")
