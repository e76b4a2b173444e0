"""A campaign: cycles of faults under load, the check after each, and what came out."""

import os
import random
import time
from collections import Counter

from tests.cluster.callers import Callers
from tests.cluster.cluster import Cluster
from tests.cluster.cycles import Cycle
from tests.cluster.exactness import Posts, inexact
from tests.cluster.faults import FAULTS, HOLDS_MAX_S, Fault
from tests.cluster.places import FOLLOWER
from tests.cluster.readers import POSITION_WITHIN_S, Reader
from tests.cluster.serving import run_command

FLOWS_S = 1.0
"""Posts work again when both processes have acknowledged them for this time, without a gap of half of it."""
LONGER_S = 3.0
FOUND_WITHIN_S = 15.0
"""A server looks every 5 s whether there is a standby for its reports again."""


class Campaign:
    """Runs cycles on a cluster that is served, and keeps what came out."""

    def __init__(self, cluster: Cluster, callers: Callers, seed: int, longer_s: float = LONGER_S) -> None:
        """Begins without cycles. A fault strikes within `longer_s` at random, and is held as long as that at random."""
        self.cluster, self.callers, self.seed = cluster, callers, seed
        self.cycles: list[Cycle] = []
        self._longer_s = longer_s
        self._whole_since = time.monotonic()
        self._checked: set[int] = set()
        self._came_from = self._count_reports()

    def run(self, name: str, number: int) -> Cycle:
        """Runs one cycle and keeps it. Seed, name of the fault and number decide what is done."""
        cycle = self.strike(FAULTS[name], number)
        self.cycles.append(cycle)
        return cycle

    def strike(self, fault: Fault, number: int) -> Cycle:
        """Whole, fault, back, healed, whole, checked."""
        dice = random.Random(f"{self.seed}/{fault.name}/{number}")
        self.cluster.wait_until_whole()
        self._wait_for_posts(self._whole_since)
        wrong_before = len(self.callers.kept.wrong)
        time.sleep(dice.uniform(0.0, self._longer_s))
        began = time.monotonic()
        told = fault.begin(self.cluster, dice)
        if fault.until_back:
            self._wait_for_posts(began, within_s=HOLDS_MAX_S)
            time.sleep(dice.uniform(0.0, self._longer_s))
        self.cluster.heal()
        self._wait_until_whole_again()
        self._wait_for_posts(self._whole_since)
        back_s = self._gap_s(began)
        self._ask_for_last_position()
        return self._checked_cycle(fault, number, told, back_s, wrong_before)

    def lose(self, fault: Fault) -> Cycle:
        """For a control: the check as soon as posts are back. Nothing has to become whole again for that."""
        self.cluster.wait_until_whole()
        self._wait_for_posts(time.monotonic())
        wrong_before, began = len(self.callers.kept.wrong), time.monotonic()
        told = fault.begin(self.cluster, random.Random(self.seed))
        self._wait_for_posts(began, within_s=HOLDS_MAX_S)
        return self._checked_cycle(fault, 1, told, self._gap_s(began), wrong_before)

    def _checked_cycle(self, fault: Fault, number: int, told: str, back_s: float, wrong_before: int) -> Cycle:
        """What became of a fault, after all that has no answer was asked again."""
        self.callers.settle_unknown()
        acknowledged, lost, doubled = self._check()
        standby, primary = self._new_reports()
        wrong = self.callers.kept.wrong[wrong_before:]
        load = os.getloadavg()[0]
        return Cycle(fault.name, told, back_s, acknowledged, lost, doubled, load, wrong, number, standby, primary)

    def _wait_until_whole_again(self) -> None:
        """Waits, and notes when the cluster does not become whole: the next cycle waits for it once more."""
        try:
            self.cluster.wait_until_whole()
        except AssertionError as error:
            self.callers.kept.note_wrong(str(error))
        self._whole_since = time.monotonic()

    def _ask_for_last_position(self) -> None:
        """The cluster is whole: a report that has reached the position of the last post must come in time."""
        for place in self.callers.places:
            reader, until = Reader(FOLLOWER, self.callers.kept), time.monotonic() + POSITION_WITHIN_S
            while not reader.ask(place):
                if time.monotonic() > until:
                    self.callers.kept.note_wrong(f"{place.name} has no report with the position of the last post")
                    break
                time.sleep(0.1)

    def _count_reports(self) -> Counter[str]:
        """How many reports have come from standbys and from the primary until now, through both processes."""
        return sum((Counter(place.reports_from()) for place in self.callers.places), Counter())

    def _new_reports(self) -> tuple[int, int]:
        """How many have come from standbys and from the primary since this was asked last."""
        counted = self._count_reports()
        new, self._came_from = counted - self._came_from, counted
        return new["standby"], new["primary"]

    def _wait_for_posts(self, since: float, within_s: float = 90.0) -> None:
        """Waits until both processes have acknowledged posts after a moment, without a gap in the last second."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            now = time.monotonic()
            if now - since > FLOWS_S and all(
                self.callers.kept.longest_gap_s(place.name, now - FLOWS_S, now) < FLOWS_S / 2
                for place in self.callers.places
            ):
                return
            time.sleep(0.1)

    def _gap_s(self, began: float) -> float:
        """The longest time after a moment in which one of the two processes acknowledged nothing."""
        now = time.monotonic()
        return max(self.callers.kept.longest_gap_s(place.name, began, now) for place in self.callers.places)

    def _check(self) -> tuple[int, int, int]:
        """Counts what was acknowledged since the last check, what of all that is lost, and what is there twice."""
        with self.callers.kept.inside:
            acknowledged = dict(self.callers.kept.acknowledged)
        new = set(acknowledged) - self._checked
        self._checked |= new
        entries, doubled = read_journal(self.cluster)
        lost = [number for number, entry in acknowledged.items() if entries.get(number) != entry]
        self._compare_reports()
        return len(new), len(lost), doubled

    def _compare_reports(self) -> None:
        """Compares what reports have said since the last check with the posts."""
        kept = self.callers.kept
        with kept.inside:
            reports, kept.reports = kept.reports, []
            posts = Posts(dict(kept.sent_at), dict(kept.acknowledged_at))
        with self.cluster.connect(database="hushi") as connection:
            blocks = connection.execute("SELECT entries FROM block ORDER BY no").fetchall()
        for told in inexact(reports, posts, [entries for (entries,) in blocks]):
            kept.note_wrong(told)

    def finish(self) -> list[str]:
        """Checks the whole ledger, when nobody posts any more; returns what is wrong. Raises when `verify` finds it."""
        self.callers.settle_unknown()
        print(run_command(self.cluster, "verify").strip().splitlines()[-1])
        entries, _ = read_journal(self.cluster)
        acknowledged = self.callers.kept.acknowledged
        lost = [number for number, entry in acknowledged.items() if entries.get(number) != entry]
        unknown = set(entries) - set(acknowledged)
        wrong = [f"{len(lost)} posts are lost"] if lost else []
        wrong += [f"{len(unknown)} entries have no acknowledged post"] if unknown else []
        wrong += [] if self._standby_is_read() else ["reports do not come from a standby again"]
        for place in self.callers.places:
            _, document = place.ask("GET", "/v1/reports/trade?period=2024&compare=none")
            total = document["total"]
            reported = (total["transactions"]["current"], total["amount_cny"]["current"])
            counted = (sum(1 if number > 0 else -1 for number in entries), f"{sum(entries) / 100:.2f}")
            if reported != counted:
                wrong.append(f"{place.name} reports {reported}, and a recount of the journal has {counted}")
        return wrong

    def _standby_is_read(self) -> bool:
        """Whether the processes have found a standby for their reports, after the last fail-over."""
        network = self.cluster.network
        places = {
            place.address for place in self.callers.places if network.can_be_cut
        }  # On loopback all look the same.
        until = time.monotonic() + FOUND_WITHIN_S
        while not (found := addresses_of_readers(self.cluster)) or not places <= found:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True


def addresses_of_readers(cluster: Cluster) -> set[str]:
    """The machines that have connections to a standby: a URL that prefers standbys may also lead to the primary."""
    found = set()
    for name in cluster.standbys():
        with cluster.connect(name) as connection:
            asked = "SELECT host(client_addr) FROM pg_stat_activity WHERE usename = 'hushi'"
            found |= {str(address) for (address,) in connection.execute(asked)}
    return found


def read_journal(cluster: Cluster) -> tuple[dict[int, str], int]:
    """The journal's entries by their numbers, and how many are there a second time."""
    with cluster.connect(database="hushi") as connection:
        rows = connection.execute("SELECT amount_fen, transaction_id::text FROM journal").fetchall()
    entries = dict(rows)
    return entries, len(rows) - len(entries)
