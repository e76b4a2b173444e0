"""Looks at the gauges of a process every second and notes them for /metrics, in memory that all processes share."""

import functools
import os
import pathlib
import shutil
import sys
import threading
import time
from collections.abc import Callable

import structlog

from service.config import Settings
from service.figures.backups import BACKUP_AGE_SECONDS, NEWEST_BACKUP_AT
from service.figures.families import Gauge
from service.figures.machine import (
    CONNECTIONS,
    CONNECTIONS_MAX,
    DISK_BYTES,
    DISK_FREE_BYTES,
    RESIDENT_BYTES,
    STARTED_AT,
)
from service.ledger import Ledger
from service.queries.backups import find_backup_age_s
from service.storage.engine import Database

LOOK_EVERY_S = 1.0
TELL_AGAIN_AFTER_S = 60.0
_MEMORY = pathlib.Path("/proc/self/statm")

_log = structlog.get_logger()


class Sampler:
    """The gauges of one process, each with the question for its number."""

    def __init__(self) -> None:
        """Begins without gauges."""
        self._questions: list[Callable[[], None]] = []
        self._told_at = -TELL_AGAIN_AFTER_S

    def add(self, gauge: Gauge, ask: Callable[[], float], *labels: str) -> None:
        """Adds a gauge; `ask` is called every second and returns its number."""
        self.add_question(lambda: gauge.set(ask(), *labels))

    def add_question(self, look: Callable[[], None]) -> None:
        """Adds a function that sets gauges by itself."""
        self._questions.append(look)

    def look(self) -> None:
        """Notes all numbers now. A number that can't be found out keeps no other from being noted."""
        for question in self._questions:
            try:
                question()
            except Exception as error:  # noqa: BLE001 (the thread goes on after any error)
                if time.monotonic() - self._told_at >= TELL_AGAIN_AFTER_S:
                    self._told_at = time.monotonic()
                    _log.warning("figure-not-read", error=type(error).__name__)

    def start(self) -> None:
        """Starts a thread that looks as long as the process lives."""
        threading.Thread(target=self._keep_looking, name="figures", daemon=True).start()

    def _keep_looking(self) -> None:
        while True:
            self.look()
            time.sleep(LOOK_EVERY_S)


def sampler_of(process: str, ledger: Ledger, settings: Settings) -> Sampler:
    """A sampler with what every process notes: its beginning, its memory, its connections, the room on the disks."""
    STARTED_AT.set(time.time(), process)
    sampler, database = Sampler(), ledger.database
    sampler.add_question(lambda: _look_at_connections(database))
    if database.file is not None:
        folder = database.file.parent
        sampler.add_question(lambda: _look_at_disk("ledger", folder))
    sampler.add_question(lambda: _look_at_disk("data", settings.data_dir))
    if settings.backup_dir is not None:
        sampler.add_question(functools.partial(_look_at_backups, settings.backup_dir, ledger))
    if sys.platform == "linux":
        sampler.add(RESIDENT_BYTES, _resident_bytes, process)
    return sampler


def _look_at_connections(database: Database) -> None:
    for pool, (used, most) in database.connections().items():
        CONNECTIONS.set(used, pool)
        CONNECTIONS_MAX.set(most, pool)


def _look_at_disk(of: str, folder: pathlib.Path) -> None:
    if folder.exists():  # With PostgreSQL, nobody may have made the data folder.
        disk = shutil.disk_usage(folder)
        DISK_FREE_BYTES.set(disk.free, of)
        DISK_BYTES.set(disk.total, of)


def _look_at_backups(folder: pathlib.Path, ledger: Ledger) -> None:
    now = ledger.now()
    age_s = find_backup_age_s(folder, now)
    if age_s is None:
        BACKUP_AGE_SECONDS.unset()
        NEWEST_BACKUP_AT.unset()
        return
    BACKUP_AGE_SECONDS.set(age_s)
    NEWEST_BACKUP_AT.set(now.timestamp() - age_s)


def _resident_bytes() -> float:
    return float(int(_MEMORY.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE"))
