"""Callers who ask for reports all the time, and compare each with what docs/OPERATIONS.md promises them.

* The one who posts gets from each process all that this process has acknowledged.
* The one who only reads may get an older report than others, and never an older one than before from the same process.
* The one who hands positions on gets from either process what it has to have at the position that it sends, in time.

Whether each report is the recount at the position that it names is checked after the cycle (`exactness`).
"""

import time
from dataclasses import dataclass, field

from tests.cluster.kept import Kept, Report
from tests.cluster.places import BUREAU, CLERK, FOLLOWER, NO_ANSWER, REPORT, Place, Position, position_of

POSITION_WITHIN_S = 8.0
"""How long a report may take to say that a position is not reached: 5 s, 2 s for a look at the primary, and some."""
REPORT_WITHIN_S = 15.0
FUTURE_EACH = 20
"""Each twentieth position that is sent is of the future."""
IN_TIME = frozenset({429, 503})


@dataclass
class Reader:
    """A caller of reports, with one API key, at all processes."""

    caller: str
    kept: Kept
    seen: dict[str, tuple[int, Position]] = field(default_factory=dict)
    """By process: how many trades its last report held, and its position."""
    asked: int = 0

    def ask(self, place: Place) -> bool:
        """Asks for a report, and notes what breaks a promise. Returns whether a report came."""
        self.asked += 1
        if self.caller != FOLLOWER:
            return self._ask(place, self.kept.told_by(place.name) if self.caller == CLERK else 0, None)
        if self.asked % FUTURE_EACH == 0:
            self._ask_for_the_future(place)
        wanted = self.kept.newest
        return self._ask(place, self.kept.held_at(wanted), wanted)

    def _ask(self, place: Place, least: int, wanted: Position | None) -> bool:
        """Asks for a report that must hold `least` trades and have reached the position."""
        headers = {} if wanted is None else {"Hushi-Min-Position": "{}.{}".format(*wanted)}
        answer = place.send("GET", REPORT, headers=headers, caller=self.caller, within_s=REPORT_WITHIN_S)
        self.kept.slowest_report_s = max(self.kept.slowest_report_s, answer.took_s)
        self._demand(answer.took_s <= POSITION_WITHIN_S, f"status {answer.status} after {answer.took_s:.1f} s", place)
        if answer.status != 200:
            self.kept.unanswered_reports += 1
            self._demand(answer.status in {NO_ANSWER, *IN_TIME}, f"status {answer.status}: {answer.document}", place)
            return False
        report = report_of(place, answer.document)
        self._compare(report, least, wanted, place)
        return True

    def _compare(self, report: Report, least: int, wanted: Position | None, place: Place) -> None:
        """Compares a report with what it must hold, and with the one before."""
        self.kept.take_report(report)
        trades, position = self.seen.get(place.name, (0, (0, 0)))
        told = f"{report.trades} trades at {report.position}"
        self._demand(report.trades >= least, f"{told}, and it must hold {least}", place)
        self._demand(wanted is None or report.position >= wanted, f"{told}, and {wanted} was wanted", place)
        self._demand(report.trades >= trades, f"{told}, after {trades} trades", place)
        self._demand(report.position >= position, f"{told}, after {position}", place)
        self.seen[place.name] = max(trades, report.trades), max(position, report.position)

    def _ask_for_the_future(self, place: Place) -> None:
        """A position that the ledger has not reached must be refused in time."""
        block, tail = self.kept.newest
        headers = {"Hushi-Min-Position": f"{block + 1_000_000}.{tail}"}
        answer = place.send("GET", REPORT, headers=headers, caller=self.caller, within_s=REPORT_WITHIN_S)
        self._demand(answer.status in IN_TIME, f"status {answer.status} to a position of the future", place)
        self._demand(answer.took_s <= POSITION_WITHIN_S, f"a position of the future took {answer.took_s:.1f} s", place)

    def _demand(self, is_right: bool, told: str, place: Place) -> None:
        if not is_right:
            self.kept.note_wrong(f"a report of {place.name} to the {self.caller}: {told}")


def report_of(place: Place, document: dict[str, object]) -> Report:
    """What is kept of a report."""
    total = document["total"]
    assert isinstance(total, dict)
    amount = str(total["amount_cny"]["current"])
    position = position_of(str(document["position"]))
    return Report(
        place.name, time.monotonic(), position, int(total["transactions"]["current"]), int(amount.replace(".", ""))
    )


def readers(kept: Kept) -> list[Reader]:
    """One of each kind."""
    return [Reader(caller, kept) for caller in (CLERK, BUREAU, FOLLOWER)]
