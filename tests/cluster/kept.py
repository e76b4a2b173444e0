"""What the callers of a cluster know: what they sent and were told, and when. The checks are made against it."""

import bisect
import itertools
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.cluster.places import Position, is_reversed, position_of


@dataclass(frozen=True)
class Report:
    """What a report has said: the position that it names, and how many trades of which sum there are."""

    place: str
    answered_at: float
    position: Position
    trades: int
    fen: int


@dataclass
class Kept:
    """What the callers know: the acknowledged posts with their entries, those that are unknown, and what was wrong."""

    acknowledged: dict[int, str] = field(default_factory=dict)
    sent_at: dict[int, float] = field(default_factory=dict)
    """When each post was sent for the first time. All moments are of time.monotonic."""
    acknowledged_at: dict[int, float] = field(default_factory=dict)
    told: dict[str, set[int]] = field(default_factory=dict)
    """By process: the acknowledged trades that are never reversed, which its reports must hold."""
    positions: list[Position] = field(default_factory=list)
    """In order, the positions that the answers to these trades named."""
    newest: Position = (0, 0)
    """The newest position that any answer has named."""
    unknown: list[int] = field(default_factory=list)
    asked_again: int = 0
    reports: list[Report] = field(default_factory=list)
    """Those that were not compared with the posts yet."""
    answered_reports: int = 0
    unanswered_reports: int = 0
    slowest_report_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    """When a post was acknowledged, by the serving process."""
    inside: threading.Lock = field(default_factory=threading.Lock)

    def send(self, number: int) -> None:
        """Keeps that a post is sent."""
        with self.inside:
            self.sent_at.setdefault(number, time.monotonic())

    def take(self, number: int, transaction_id: str, place: str, headers: Mapping[str, str] | None = None) -> None:
        """Keeps an acknowledged post. A second answer must name the same entry."""
        named = (headers or {}).get("Hushi-Position")
        with self.inside:
            now = time.monotonic()
            self.times.setdefault(place, []).append(now)
            self.acknowledged_at.setdefault(number, now)
            if named is not None:
                self.newest = max(self.newest, position_of(named))
            if not is_reversed(number):
                self.told.setdefault(place, set()).add(number)
                if named is not None and number not in self.acknowledged:
                    bisect.insort(self.positions, position_of(named))
            if self.acknowledged.setdefault(number, transaction_id) != transaction_id:
                self.wrong.append(f"post {number} was answered with two entries")

    def take_report(self, report: Report) -> None:
        """Keeps what a report has said."""
        with self.inside:
            self.answered_reports += 1
            self.reports.append(report)
            self.newest = max(self.newest, report.position)

    def told_by(self, place: str) -> int:
        """How many trades a report of this process must hold, for the caller who has posted them there."""
        with self.inside:
            return len(self.told.get(place, ()))

    def held_at(self, position: Position) -> int:
        """How many trades a report at this position must hold, or at a later one."""
        with self.inside:
            return bisect.bisect_right(self.positions, position)

    def note_wrong(self, what: str) -> None:
        """Keeps what breaks a promise."""
        with self.inside:
            self.wrong.append(f"{time.strftime('%H:%M:%S')} {what}")

    def longest_gap_s(self, place: str, since: float, until: float) -> float:
        """The longest time without an acknowledged post between two moments, through one process."""
        with self.inside:
            times = self.times.get(place, [])
            moments = [since, *times[bisect.bisect(times, since) : bisect.bisect(times, until)], until]
        return max(after - before for before, after in itertools.pairwise(moments))
