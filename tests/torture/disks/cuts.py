"""Power cuts of a simulated disk: what the unchanged programs write is recorded, and each cut rebuilds the disk."""

import pathlib

from tests.torture.checking import Findings, check
from tests.torture.disks.looking import answered_before, look, opened_image
from tests.torture.disks.recording import Recording, cut_points, images, record
from tests.torture.markets import Market
from tests.torture.running import Count, Fault, Plan, cycle_of, demand_well, say

CUTS = 300
CUTS_PER_RECORD = 20
ENTRIES, ENTRIES_QUICK = 600, 60
SYNC_FAILS_IN = 0.5
"""In what part of the records a sync fails as well."""
SERVED_EACH = 10
"""Each so many cuts, a server is started on what is left, and everything is checked over HTTP as well."""


def run_simulated(plan: Plan) -> Count:
    """Records one run after the other, and cuts the power at many points of each."""
    count = Count()
    for first in plan.numbers[::CUTS_PER_RECORD]:
        numbers = range(first, min(first + CUTS_PER_RECORD, plan.numbers.stop))
        folder = plan.folder / f"record-{first}"
        entries = ENTRIES_QUICK if plan.is_quick else ENTRIES
        with cycle_of(plan, first):
            fails = plan.chance(first, "fails").random() < SYNC_FAILS_IN and not plan.is_quick
            recording = record(plan.engine, folder, plan.chance(first, "clients"), entries, fails=fails)
        points = cut_points(recording, len(numbers), plan.chance(first, "points"))
        left = images(recording, points, plan.chance(first, "sectors").randrange(2**32), folder)
        for number, (image, at_s) in zip(numbers, left, strict=True):
            with cycle_of(plan, number):
                found = look_at(plan, recording, number, image, at_s)
            demand_well(plan, number, found)
            count.add(found)
        say(plan, count)
    return count


def look_at(plan: Plan, recording: Recording, number: int, image: pathlib.Path, at_s: float) -> Findings:
    """What is wrong after a cut: first in the ledger itself, and each so many times with a server on it."""
    log, made = answered_before(recording.log, at_s), recording.market
    with opened_image(plan.engine, image, made.environment) as ledger:
        found = look(ledger, log, plan.chance(number, "asked"), made.headers)
        if number % SERVED_EACH == 0 and not plan.is_quick:
            ledger.database.close()
            url = ledger.database.url.render_as_string(hide_password=False)
            served = Market({**made.environment, "HUSHI_DATABASE_URL": url}, made.headers, made.log)
            served.start()
            checked = check(served, log, plan.chance(number, "check"))
            served.stop()
            found.add(checked)
            found.acknowledged -= checked.acknowledged
    return found


FAULTS = (
    Fault(
        "power-simulated", "power", CUTS, run_simulated, part=CUTS_PER_RECORD,
        told="power cut of a simulated disk that keeps or drops each unflushed sector and name",
    ),
)  # fmt: skip
