"""The HTTP server: Granian with two processes, for both engines, and beside them the one that folds."""

import gc
import importlib
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from service.config import Settings
from service.server.counting import Counts
from service.server.lifetimes import be_the_parent, start_thread
from service.server.logs import let_nothing_wait_for_standard_error, server_log_config
from service.server.replacements import YOUNG_S, Replacements, pause_s
from service.server.stalled import CONNECTIONS_MAX, IDLE_S
from service.storage.identity import FileId

APPLICATION = "service.app"
THREADS_PER_WORKER = 704
"""More than are admitted of reads, writes and bodies on their way (service.http.admission): a request that is refused
must not wait for those that are not. Threads begin when they are needed."""
THREAD_IDLE_S = 30
"""After so long without a request a thread ends, and with it whatever it keeps for itself."""
WAITING_CONNECTIONS_MAX = 4096
OTHER_FILES_MAX = 512
"""Of a process beside its connections: databases, logs, counters."""
SHUTDOWN_TIMEOUT_S = 30
PAUSE_BEFORE_A_FOLDER_S = 1.0
COUNTED_TOGETHER = 2
"""Processes of one place that count at the same time: while all are exchanged (SIGHUP), the old one and the new one."""


_log = structlog.get_logger()


class FoldingProcess:
    """The process that folds, beside those that serve. Should it die, another takes its place."""

    def __init__(self, served: FileId | None) -> None:
        """Starts nothing yet. `served` is the file of a ledger on SQLite."""
        self._served = served
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None

    def start(self) -> None:
        """Begins to fold, and keeps folding."""
        self._keeper = start_thread(self._keep, "folding")

    def stop(self) -> None:
        """Ends after the fold at hand."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
        if self._keeper is not None:  # It is not there when the server did not get as far as to start.
            self._keeper.join(SHUTDOWN_TIMEOUT_S)

    def _keep(self) -> None:
        # Those who serve start first: there is nothing to fold yet.
        young_deaths = 0
        while not self._stopping.wait(max(PAUSE_BEFORE_A_FOLDER_S, pause_s(young_deaths))):
            began = time.monotonic()
            status = self._fold_until_it_ends()
            if not self._stopping.is_set():
                _log.warning("folder-died", status=status)
            young_deaths = young_deaths + 1 if time.monotonic() - began < YOUNG_S else 0

    def _fold_until_it_ends(self) -> int | str:
        """The exit code of a process that folds, or why there could be none."""
        command = [sys.executable, "-m", "service.server.folder", *map(str, (os.getpid(), *(self._served or ())))]
        try:
            self._process = subprocess.Popen(command)  # noqa: S603 (nothing in it comes from outside)
        except OSError as error:
            return type(error).__name__
        if self._stopping.is_set():  # Told to stop just now, and the one before was told.
            self._process.terminate()
        return self._process.wait()


class _Server(MPServer):
    """Granian's server, but for three things.

    It is told to stop once however often the signal comes: Granian's handler sets an event, and a second signal in the
    middle of that waits for a lock that the first one holds, so that the server never stops. While one process
    serves, the others are replaced for as long as they die: Granian ends all when one dies twice within 5.5 s. And
    each process counts in the part of the counts that belongs to its place.
    """

    _replacements: Replacements
    _generation = 0

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Notes the first signal to stop."""
        if not self.interrupt_signal:
            super_of: Any = super()
            super_of.signal_handler_interrupt(*args, **kwargs)

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any, *more: Any) -> Any:
        Counts.take_part(idx + self._generation % COUNTED_TOGETHER * self.workers)
        return super()._spawn_worker(idx, target, callback_loader, *more)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        self._replacements = Replacements(self.workers)
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(self._replacements.next_in_s(time.monotonic()))
            self.main_loop_interrupt.clear()
            if self.reload_signal:
                self._generation += 1  # Old and new ones count at the same time.
                super()._reload(spawn_target, target_loader)  # type: ignore[no-untyped-call] # (Granian's)
            self._note_deaths()
            if self._replacements.is_hopeless:
                _log.error("nobody-serves")
                self.interrupt_children.extend(range(self.workers))  # Granian's exit code tells of them.
                return
            for idx in [] if self.interrupt_signal else self._replacements.take_due(time.monotonic()):
                self._replace(idx, spawn_target, target_loader)

    def _note_deaths(self) -> None:
        now = time.monotonic()
        while self.interrupt_children:
            idx = self.interrupt_children.pop(0)
            self._replacements.note_death(idx, now - self.wrks[idx].birth, now)

    def _replace(self, idx: int, spawn_target: Any, target_loader: Any) -> None:
        worker = self._spawn_worker(idx, spawn_target, target_loader)
        try:
            worker.start()
        except OSError as error:  # There is no process to be had at the moment.
            _log.warning("worker-not-started", error=type(error).__name__)
            self._replacements.note_death(idx, 0, time.monotonic())
            return
        self.wrks[idx] = worker


def _hold_back_the_end() -> None:
    """Before a process that is to serve is forked off: whatever tells it to end waits until it can.

    It begins with its parent's handler, which only notes the signal; it would start, serve, and be killed in the end.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _be_told() -> None:
    """In its parent, as before."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_when_told() -> None:
    """In that process: until it serves, it ends at once when it is told to, also if that has been meanwhile."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _allow_connections() -> int:
    """How many connections each process may admit. Each is an open file: as many as allowed are asked for.

    A server that runs out of files can't even refuse.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + OTHER_FILES_MAX
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS_MAX, soft - OTHER_FILES_MAX))


def serve(settings: Settings, host: str, port: int, workers: int, served: FileId | None = None) -> None:
    """Serves until the process is told to stop; requests in flight end first.

    `served` is the file of a ledger on SQLite: no process of the server opens another one in its place.
    """
    # Loaded once, before the processes that serve are forked off: they share it, and the next ones start at once.
    importlib.import_module(APPLICATION).serve_only(served)
    gc.freeze()  # A search for cycles writes to every object that it looks at, and each process would get its own copy.
    # Granian takes what is usual, which is to begin anew, and not to fork, on macOS and from Python 3.14 on.
    multiprocessing.set_start_method("fork", force=True)
    Counts.share(workers * COUNTED_TOGETHER)
    be_the_parent()
    let_nothing_wait_for_standard_error()
    folding = FoldingProcess(served)
    server = _Server(
        f"{APPLICATION}:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=THREADS_PER_WORKER,
        blocking_threads_idle_timeout=THREAD_IDLE_S,
        backlog=WAITING_CONNECTIONS_MAX,
        workers_kill_timeout=SHUTDOWN_TIMEOUT_S,
        respawn_failed_workers=True,
        websockets=False,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=IDLE_S * 1000),
        backpressure=_allow_connections(),
        log_level=LogLevels(settings.log_level.lower()),
        log_dictconfig=server_log_config(settings.log_level),
    )
    os.register_at_fork(before=_hold_back_the_end, after_in_parent=_be_told, after_in_child=_end_when_told)
    server.on_startup(folding.start)
    server.on_shutdown(folding.stop)
    server.serve()
