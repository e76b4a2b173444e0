"""A campaign: cycles of faults under load, the check after each, and what came out."""

import os
import pathlib
import random
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.cluster.callers import Callers
from tests.cluster.cluster import Cluster
from tests.cluster.faults import FAULTS, HOLDS_MAX_S
from tests.cluster.serving import run_command

BACK_WITHIN_S = 30.0
BACK_MEDIAN_S = 10.0
FLOWS_S = 1.0
"""Posts work again when both processes have acknowledged some after this time without a longer gap."""
LONGER_S = 3.0
AFTER_S = 1.0
BEGIN, END = "<!-- cluster: begin -->", "<!-- cluster: end -->"
HEADS = "| fault | cycles | acknowledged | lost | doubled | went back | posts work again after: median | longest |"


@dataclass
class Cycle:
    """What became of one fault."""

    fault: str
    told: str
    back_s: float
    acknowledged: int
    lost: int
    doubled: int
    load: float
    wrong: list[str] = field(default_factory=list)


class Campaign:
    """Runs cycles on a cluster that is served, and keeps what came out."""

    def __init__(self, cluster: Cluster, callers: Callers, seed: int) -> None:
        """Begins without cycles."""
        self.cluster, self.callers, self.seed = cluster, callers, seed
        self.cycles: list[Cycle] = []
        self._checked: set[int] = set()

    def run(self, name: str, number: int) -> Cycle:
        """Runs one cycle: whole, fault, back, healed, whole, checked. Seed, fault and number decide what is done."""
        dice = random.Random(f"{self.seed}/{name}/{number}")
        self.cluster.wait_until_whole()
        self._wait_for_posts(time.monotonic())
        wrong_before = len(self.callers.kept.wrong)
        time.sleep(dice.uniform(0.0, LONGER_S))
        fault, began = FAULTS[name], time.monotonic()
        told = fault.begin(self.cluster, dice)
        if fault.until_back:
            self._wait_for_posts(began, within_s=HOLDS_MAX_S)
            time.sleep(dice.uniform(0.0, LONGER_S))
        self.cluster.heal()
        self._wait_until_whole_again()
        self._wait_for_posts(time.monotonic())
        back_s = self._gap_s(began)
        self.callers.settle_unknown()
        acknowledged, lost, doubled = self._check()
        wrong = self.callers.kept.wrong[wrong_before:]
        cycle = Cycle(name, told, back_s, acknowledged, lost, doubled, os.getloadavg()[0], wrong)
        self.cycles.append(cycle)
        return cycle

    def _wait_until_whole_again(self) -> None:
        """Waits, and notes when the cluster does not become whole: the next cycle waits for it once more."""
        try:
            self.cluster.wait_until_whole()
        except AssertionError as error:
            self.callers.kept.wrong.append(str(error))

    def _wait_for_posts(self, since: float, within_s: float = 90.0) -> None:
        """Waits until both processes have acknowledged posts after a moment, without a gap in the last second."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            now = time.monotonic()
            enough = now - since > FLOWS_S + AFTER_S
            if enough and all(
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
        return len(new), len(lost), doubled

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
        for place in self.callers.places:
            _, document = place.ask("GET", "/v1/reports/trade?period=2024&compare=none")
            total = document["total"]
            reported = (total["transactions"]["current"], total["amount_cny"]["current"])
            counted = (sum(1 if number > 0 else -1 for number in entries), f"{sum(entries) / 100:.2f}")
            if reported != counted:
                wrong.append(f"{place.name} reports {reported}, and a recount of the journal has {counted}")
        return wrong


def read_journal(cluster: Cluster) -> tuple[dict[int, str], int]:
    """The journal's entries by their numbers, and how many are there a second time."""
    with cluster.connect(database="hushi") as connection:
        rows = connection.execute("SELECT amount_fen, transaction_id::text FROM journal").fetchall()
    entries = dict(rows)
    return entries, len(rows) - len(entries)


def table(cycles: Sequence[Cycle]) -> str:
    """The table of a campaign: a row for each kind of fault, and one for all."""
    kinds = list(dict.fromkeys(cycle.fault for cycle in cycles))
    groups = [(kind, [one for one in cycles if one.fault == kind]) for kind in kinds]
    lines = [HEADS, re.sub(r"[^|]+", "---", HEADS)]
    for name, group in [*groups, ("all", list(cycles))]:
        backs = [one.back_s for one in group]
        lines.append(
            f"| {name} | {len(group)} | {sum(one.acknowledged for one in group):,} | {sum(one.lost for one in group)} "
            f"| {sum(one.doubled for one in group)} | {sum(len(one.wrong) for one in group)} "
            f"| {statistics.median(backs):.1f} s | {max(backs):.1f} s |"
        )
    return "\n".join(lines)


def write_page(told: str, page: pathlib.Path) -> None:
    """Puts a table into its place on a page."""
    text = page.read_text("utf-8")
    inside = re.search(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", text, re.DOTALL)
    assert inside is not None, f"{page.name} has no place for the table: {BEGIN}, {END}"
    page.write_text(text.replace(inside[0], f"{BEGIN}\n{told}\n{END}"), "utf-8")
