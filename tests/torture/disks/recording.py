"""Records what the unchanged programs write while clients post, for cuts at any point of it (images.py)."""

import contextlib
import dataclasses
import itertools
import pathlib
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tests.postgresql import PostgreSQL
from tests.torture.asking import Log, settle
from tests.torture.disks.control import Control, controlled
from tests.torture.disks.images import SYNC_FAILED, Disk, Event, read_events
from tests.torture.disks.places import Placed, bring_back, disk_of, engine_in, run_as_program
from tests.torture.markets import Market, market
from tests.torture.traffic import Traffic
from tests.waiting import wait_until

SYNC_US = 300
"""A sync in memory would take no time, and no two requests would ever share a commit."""
_CHECKPOINT = """
import sys, pysqlite3.dbapi2
connection = pysqlite3.dbapi2.connect(sys.argv[1])
connection.execute("PRAGMA synchronous=FULL")
connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
"""


@dataclasses.dataclass
class Recording:
    """What was recorded of one ledger, and what its clients know."""

    engine: str
    market: Market
    log: Log
    events: Sequence[Event]
    disk: Disk


@contextlib.contextmanager
def watched_market(engine: str, folder: pathlib.Path) -> Iterator[tuple[Market, Control, pathlib.Path]]:
    """A market whose ledger lies on a disk that is watched; its engine and its server do not run yet."""
    place = folder / "place"
    with engine_in(engine, place) as (url, server), market(Placed(engine, url, server), folder / "market") as made:
        pass
    with controlled(disk_of(engine, place), folder / "beside") as control:
        yield made, control, place


@contextlib.contextmanager
def watched_engine(engine: str, made: Market, control: Control, place: pathlib.Path) -> Iterator[PostgreSQL | None]:
    """The engine of a market, with its disk watched. On SQLite the engine is part of the server, which is watched."""
    made.hushi = run_as_program
    if engine == "sqlite":
        made.environment.update(control.environment)
    with engine_in(engine, place, control.environment) as (_, server):
        made.postgresql = server
        try:
            yield server
        finally:
            made.stop(signal.SIGKILL)
            for name in control.environment:
                made.environment.pop(name, None)


def record(engine: str, folder: pathlib.Path, chance: random.Random, entries: int, *, fails: bool = False) -> Recording:
    """Lets clients post until so many entries are acknowledged, with a checkpoint in the middle, and then kills all.

    With `fails`, a sync fails in the middle, everything is killed and started again, and each request that has no
    answer is sent again.
    """
    log = Log()
    with watched_market(engine, folder) as (made, control, place):
        disk = Disk(disk_of(engine, place), folder / "base")
        control.record(sync_us=SYNC_US)
        with watched_engine(engine, made, control, place) as server:
            made.start()
            traffic = Traffic("first", made, chance, log)
            traffic.wait_for_more(entries // 2)
            if fails:
                _fail_a_sync(made, control, chance)
            else:
                _checkpoint(made, server, control)
            traffic.stop()
            if fails:
                _start_again(made, server, log)
            traffic = Traffic("second", made, chance, log)
            traffic.wait_for_more(entries - entries // 2)
            traffic.stop()
            control.stop_recording()
    return Recording(engine, made, log, read_events(control.log), disk)


def _fail_a_sync(made: Market, control: Control, chance: random.Random) -> None:
    """Lets one of the next syncs fail, and on SQLite kills all that serve, before they write again if that is quick."""
    control.fail("sync", chance.randrange(4), 1)
    wait_until(lambda: control.failed > 0)
    if made.postgresql is None:
        made.stop(signal.SIGKILL)


def _start_again(made: Market, server: PostgreSQL | None, log: Log) -> None:
    if server is None:
        made.start()
    else:
        bring_back(server)
    wire = made.wire()
    assert settle(wire, log.unknown) == []
    wire.close()


def _checkpoint(made: Market, server: PostgreSQL | None, control: Control) -> None:
    if server is not None:
        server.execute("CHECKPOINT")
        return
    path = made.environment["HUSHI_DATABASE_URL"].removeprefix("sqlite:///")
    subprocess.run([sys.executable, "-c", _CHECKPOINT, path], check=True, env=control.environment)


def cut_points(recording: Recording, count: int, chance: random.Random) -> list[int]:
    """Chooses points of a record, in order: how many of its events have happened at the cut.

    PostgreSQL does not survive a power cut while it recovers from a sync of its log that failed: it reads from memory
    what is not on the disk, takes it for written, and changes tables by it. So its points are before that or after.
    """
    left_out = recovery_after_a_failed_sync(recording) if recording.engine == "postgresql" else range(0)
    points = [point for point in range(1, len(recording.events) + 1) if point not in left_out]
    return sorted(points[chance.randrange(len(points))] for _ in range(count))


def recovery_after_a_failed_sync(recording: Recording) -> range:
    """The points from a failed sync until the engine has recovered, as an answer shows to a request that came again."""
    events = recording.events
    failed = next((number for number, event in enumerate(events) if event.kind == SYNC_FAILED), None)
    if failed is None:
        return range(0)
    asked_again = (one.acknowledged_at for one in recording.log if one.tries > 1)
    answered_at = min((at_s for at_s in asked_again if at_s > events[failed].at_s), default=float("inf"))
    until = next((number for number, event in enumerate(events) if event.at_s > answered_at), len(events))
    return range(failed + 1, until + 1)


def images(
    recording: Recording, points: Sequence[int], seed: int, folder: pathlib.Path
) -> Iterator[tuple[pathlib.Path, float]]:
    """The place as each cut leaves it, one after the other, and the time before which all answers count.

    An image is removed before the next one is made, so the last one stays when something was wrong with it.
    """
    fed = 0
    for number, point in enumerate(points):
        for event in itertools.islice(recording.events, fed, point):
            recording.disk.feed(event, seed)
        fed = point
        target = folder / f"image-{number}"
        recording.disk.cut(seed + number, disk_of(recording.engine, target))
        at_s = recording.events[point].at_s if point < len(recording.events) else float("inf")
        yield target, at_s
        shutil.rmtree(target)
