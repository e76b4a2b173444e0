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
from tests.torture.asking import Log
from tests.torture.disks.control import Control, controlled
from tests.torture.disks.images import Disk, Event, read_events
from tests.torture.disks.places import Placed, disk_of, engine_in, run_as_program, run_undurably
from tests.torture.markets import Market, market
from tests.torture.traffic import Traffic

SYNC_US = 300
"""A sync in memory would take no time, and no two requests would ever share a commit."""
WRITES_LATE = {"wal_writer_delay": "10s"}
"""With it, PostgreSQL's commits that do not wait are on the disk later, so that the control loses some at each cut."""
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
def watched_engine(
    engine: str, made: Market, control: Control, place: pathlib.Path, *, weak: bool = False
) -> Iterator[PostgreSQL | None]:
    """The engine of a market, with its disk watched. On SQLite the engine is part of the server, which is watched.

    With `weak`, commits do not wait for the disk.
    """
    made.hushi = run_undurably if weak else run_as_program
    if engine == "sqlite":
        made.environment.update(control.environment)
    with engine_in(engine, place, control.environment, **(WRITES_LATE if weak else {})) as (_, server):
        made.postgresql = server
        try:
            yield server
        finally:
            made.stop(signal.SIGKILL)
            for name in control.environment:
                made.environment.pop(name, None)


def record(engine: str, folder: pathlib.Path, chance: random.Random, entries: int, *, weak: bool = False) -> Recording:
    """Lets clients post until so many entries are acknowledged, with a checkpoint in the middle, and then kills all."""
    log = Log()
    with watched_market(engine, folder) as (made, control, place):
        disk = Disk(disk_of(engine, place), folder / "base")
        control.record(sync_us=SYNC_US)
        with watched_engine(engine, made, control, place, weak=weak) as server:
            made.start()
            traffic = Traffic("recorded", made, chance, log)
            traffic.wait_for_more(entries // 2)
            if not weak:
                _checkpoint(made, server, control)
            traffic.wait_for_more(entries - entries // 2)
            traffic.stop()
            control.stop_recording()
    return Recording(engine, made, log, read_events(control.log), disk)


def _checkpoint(made: Market, server: PostgreSQL | None, control: Control) -> None:
    if server is not None:
        server.execute("CHECKPOINT")
        return
    path = made.environment["HUSHI_DATABASE_URL"].removeprefix("sqlite:///")
    subprocess.run([sys.executable, "-c", _CHECKPOINT, path], check=True, env=control.environment)


def cut_points(recording: Recording, count: int, chance: random.Random) -> list[int]:
    """Chooses points of a record, in order: how many of its events have happened at the cut."""
    return sorted(chance.randrange(1, len(recording.events) + 1) for _ in range(count))


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
