"""After a sync that failed, nothing is acknowledged that is not on the disk: by a commit, or by a replay of it.

A later sync that succeeds does not mean that the data is there. The system takes the pages that it could not write for
clean, so they can be read, and no later sync writes them.
"""

import pathlib
import random

import pytest

from tests.builders import a_trade
from tests.torture.asking import Document, Log, Request
from tests.torture.checking import Findings
from tests.torture.disks.control import CAN_SIMULATE, WHY_NOT
from tests.torture.disks.images import Disk, read_events
from tests.torture.disks.looking import look, opened_image
from tests.torture.disks.places import disk_of, new_folder
from tests.torture.disks.poster import Poster, posting
from tests.torture.disks.recording import watched_market

pytestmark = pytest.mark.skipif(not CAN_SIMULATE, reason=WHY_NOT)
SEED, CUTS = 17, 3
WRITTEN_BEFORE = 3
"""Then all connections are open, each of which has synced the log at its beginning."""
ATTEMPTS_MAX = 40
"""Another commit of the process, such as the note of a key's use, may write over what the failed one has left."""


def _request(number: int) -> Request:
    mark = f"m{number}"
    return Request(
        "trade", "/v1/transactions", a_trade(amount_cny="1.00", metadata={"mark": mark}), f"k-{mark}", (mark,)
    )


def _sent(poster: Poster, request: Request, headers: dict[str, str]) -> tuple[int, Document, dict[str, str]]:
    status, document, is_replay = poster.post(request.path, request.body, {**headers, "Idempotency-Key": request.key})
    return status, document, {"idempotency-replayed": "true"} if is_replay else {}


def _found_after_a_failed_sync(folder: pathlib.Path, weak: str = "") -> Findings:
    """A sync fails, the process is killed, the next one is asked again, and then the power goes."""
    log, found = Log(), Findings()
    with watched_market("sqlite", folder) as (made, control, place):
        disk = Disk(disk_of("sqlite", place), folder / "base")
        control.record()
        with posting(control.environment) as poster:
            while not (log.requests and log.requests[-1].was_there):
                assert len(log.requests) < ATTEMPTS_MAX
                poster.begin(made.environment, weak=weak)
                for _ in range(WRITTEN_BEFORE):
                    log.add(_request(len(log.requests)))
                    log.requests[-1].take(*_sent(poster, log.requests[-1], made.headers))
                log.add(_request(len(log.requests)))
                control.fail("sync", 0, 1)
                assert _sent(poster, log.requests[-1], made.headers)[0] == 503
                poster.kill()
                poster.begin(made.environment, weak=weak)
                log.requests[-1].tries = 2
                log.requests[-1].take(*_sent(poster, log.requests[-1], made.headers))
                poster.kill()
    for event in read_events(control.log):
        disk.feed(event, SEED)
    for seed in range(SEED, SEED + CUTS):
        image = folder / f"image-{seed}"
        disk.cut(seed, disk_of("sqlite", image))
        with opened_image("sqlite", image, made.environment) as ledger:
            found.add(look(ledger, log, random.Random(seed), made.headers))
    return found


def test_a_replay_after_a_failed_sync_and_a_crash_outlives_a_power_cut() -> None:
    with new_folder() as folder:
        assert _found_after_a_failed_sync(folder).told() == ""


def test_with_a_second_sync_alone_it_is_lost() -> None:
    """A negative control."""
    with new_folder() as folder:
        assert _found_after_a_failed_sync(folder, "sync only").lost
