"""One node of the cluster: etcd, Patroni and its PostgreSQL on a machine, with the timer that resets a hung machine.

Processes are started from the files that `deploy/cluster/render.py` makes of the templates of a real deployment, and
started again as `hushi-patroni.service` says.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping

import psutil

from tests.cluster.network import Machine
from tests.cluster.watchdogs import Watchdog
from tests.waiting import wait_until

DEPLOYED = pathlib.Path(__file__).parents[2] / "deploy/cluster"
PATRONI = pathlib.Path(sys.executable).parent / "patroni"
LOOK_AGAIN_S = 0.1
REBOOT_S = 2.0


def _seconds_before_restart() -> float:
    """How long systemd waits before it starts Patroni again, as the unit says."""
    unit = (DEPLOYED / "hushi-patroni.service").read_text("utf-8")
    assert "\nRestart=always\n" in unit
    found = re.search(r"^RestartSec=(\d+)$", unit, re.MULTILINE)
    assert found is not None
    return float(found.group(1))


class Node:
    """A machine of the database, and what runs on it."""

    def __init__(self, machine: Machine, folder: pathlib.Path, values: Mapping[str, str]) -> None:
        """Keeps where the node's files are, and the values of the templates. Nothing runs yet."""
        self.name, self.machine, self.folder, self.values = machine.name, machine, folder, values
        self.watchdog = Watchdog(folder / "watchdog", self._reset)
        self.resets = 0
        self._inside = threading.Lock()
        self._etcd: subprocess.Popen[bytes] | None = None
        self._patroni: subprocess.Popen[bytes] | None = None
        self._is_on = False
        self._paused: list[psutil.Process] = []
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._ended = threading.Event()

    @property
    def data(self) -> pathlib.Path:
        """The folder of the node's PostgreSQL."""
        return self.folder / "data"

    def power_on(self) -> None:
        """Starts what the machine runs when it boots, and goes on supervising it."""
        with self._inside:
            if self._is_on:
                return
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # As after a real boot: the pid is of another boot.
            self._is_on = True
        self.start_etcd()
        if not self._supervisor.is_alive() and not self._ended.is_set():
            self._supervisor.start()

    def power_off(self) -> None:
        """Kills all processes of the machine at once, as when its power is lost."""
        with self._inside:
            self._is_on = False
            _kill(self.processes())
            self._paused.clear()
        self.watchdog.disarm()

    def kill_database(self) -> None:
        """Kills Patroni and PostgreSQL. systemd starts Patroni again; the timer goes on, and may reset the machine."""
        with self._inside:
            _kill(self.processes(etcd=False))

    def kill_postgresql(self) -> None:
        """Kills PostgreSQL only, so that Patroni finds it gone."""
        with self._inside:
            _kill(self._postgresql())

    def kill_etcd(self) -> None:
        """Kills etcd, until `start_etcd`."""
        with self._inside:
            _kill([] if self._etcd is None else _tree(self._etcd.pid))

    def start_etcd(self, *arguments: str) -> None:
        """Starts etcd on a machine that is on, unless it runs."""
        with self._inside:
            if self._is_on and (self._etcd is None or self._etcd.poll() is not None):
                self._etcd = self._start("etcd", ["etcd", *arguments], self._etcd_environment())

    def pause(self, *, only_patroni: bool = False) -> None:
        """Stops all processes as when the machine hangs, and its timer too; or only Patroni, and the timer goes on."""
        with self._inside:
            stopped = [] if self._patroni is None else [psutil.Process(self._patroni.pid)]
            if not only_patroni:
                self.watchdog.pause()
                stopped = self.processes()
            for process in stopped:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGSTOP)
            self._paused = stopped

    def resume(self) -> None:
        """Lets the processes continue that were stopped, all at once."""
        for process in self._paused:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
        self._paused = []
        self.watchdog.resume()

    def processes(self, *, etcd: bool = True) -> list[psutil.Process]:
        """All processes of the node that run."""
        roots = [self._patroni, *([self._etcd] if etcd else [])]
        found = [one for root in roots if root is not None and root.poll() is None for one in _tree(root.pid)]
        return [*found, *self._postgresql()]

    def close(self) -> None:
        """Ends everything, for good."""
        self._ended.set()
        self.power_off()
        self.watchdog.close()

    def _postgresql(self) -> list[psutil.Process]:
        try:
            postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return []
        if postmaster < 0:  # It is of a process that recovers the database alone, a child of Patroni.
            return []
        return [one for one in _tree(postmaster) if one.name() == "postgres"]

    def _supervise(self) -> None:
        """Starts Patroni when it does not run, as systemd does."""
        pause_s = _seconds_before_restart()
        while not self._ended.wait(LOOK_AGAIN_S):
            with self._inside:
                if not self._is_on or (self._patroni is not None and self._patroni.poll() is None):
                    continue
                is_first = self._patroni is None
            if not is_first:
                self._ended.wait(pause_s)
            with self._inside:
                if self._is_on and not self._ended.is_set():
                    config = str(self.folder / "etc/patroni.yml")
                    self._patroni = self._start("patroni", [str(PATRONI), config], {})

    def _reset(self) -> None:
        """What the timer does when Patroni has not reset it in time: the machine boots."""
        self.resets += 1
        self.power_off()
        time.sleep(REBOOT_S)
        if not self._ended.is_set():
            self.power_on()

    def _start(self, name: str, program: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                self.machine.command(*program),
                env={"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", **environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _etcd_environment(self) -> dict[str, str]:
        lines = (self.folder / "etc/etcd.default").read_text("utf-8").splitlines()
        pairs = (line.partition("=") for line in lines if line.startswith("ETCD_"))
        return {name: value for name, _, value in pairs}


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _kill(processes: Iterable[psutil.Process]) -> None:
    """Kills processes: first stops them, so that none of them notices that others are dying."""
    found = list(processes)
    for how in (signal.SIGSTOP, signal.SIGKILL):
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(how)
    wait_until(lambda: not [one for one in found if _runs(one)])


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
