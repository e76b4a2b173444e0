"""The HTTP server: Granian with two processes that serve, for both engines, and one process beside them that folds."""

import contextlib
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
from service.figures.families import Family
from service.figures.machine import STARTED_AT
from service.figures.memory import Counts
from service.server.lifetimes import be_the_parent, start_thread
from service.server.logs import let_nothing_wait_for_standard_error, server_log_config
from service.server.replacements import YOUNG_S, Replacements, pause_s
from service.server.stalled import CONNECTIONS_MAX, IDLE_S
from service.server.traces import tell_whether_tracing_can_be
from service.storage.identity import FileId
from service.storage.neighbours import Neighbours
from service.storage.sleepers import is_stopped

APPLICATION = "service.app"
FOLDER_COMMAND = (sys.executable, "-m", "service.server.folder")
THREADS_PER_WORKER = 704
"""More threads than service.http.admission admits reads, writes and arriving bodies together: a request that is to be
refused must not wait for the requests that are admitted. Threads begin when they are needed."""
THREAD_IDLE_S = 30
"""A thread ends after so many seconds without a request, and frees what it keeps for itself."""
WAITING_CONNECTIONS_MAX = 4096
OTHER_FILES_MAX = 512
"""How many files a process may have open beside its connections: databases, logs, counters."""
SHUTDOWN_TIMEOUT_S = 30
PAUSE_BEFORE_A_FOLDER_S = 1.0
LOOK_FOR_SIGNALS_S = 0.1
WAKES_WITHIN_S = 0.5
COUNTED_TOGETHER = 2
"""How many processes of one place count at the same time: the old one and the new one, while SIGHUP exchanges all."""


_log = structlog.get_logger()


class FoldingProcess:
    """The process that folds, beside the processes that serve. When it dies, another takes its place."""

    def __init__(self, served: FileId | None, part: int) -> None:
        """Keeps `served`, the file of a ledger on SQLite, and the part of the figures; `start` begins to fold."""
        self._served = served
        self._part = part
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None

    def start(self) -> None:
        """Starts the process that folds, and replaces it when it dies."""
        self._keeper = start_thread(self._keep, "folding")

    def stop(self) -> None:
        """Tells the process to end after the fold that is running, and waits for it. Its patience has an end."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)  # It may have been stopped.
        if self._keeper is not None:  # There is no thread when the server failed before it called `start`.
            self._keeper.join(SHUTDOWN_TIMEOUT_S)
            if self._keeper.is_alive() and self._process is not None:
                self._process.kill()

    def _keep(self) -> None:
        # The processes that serve start first, because there is nothing to fold yet.
        young_deaths = 0
        while not self._stopping.wait(max(PAUSE_BEFORE_A_FOLDER_S, pause_s(young_deaths))):
            began = time.monotonic()
            status = self._fold_until_it_ends()
            if not self._stopping.is_set():
                _log.warning("folder-died", status=status)
            young_deaths = young_deaths + 1 if time.monotonic() - began < YOUNG_S else 0

    def _fold_until_it_ends(self) -> int | str:
        """Runs a process that folds, and returns its exit code, or the name of the error when it can't start."""
        descriptor = Counts.descriptor()
        shared = [-1] if descriptor is None else [descriptor, self._part, Family.layout()]
        told = os.getpid(), ",".join(map(str, shared)), *(self._served or ())
        try:
            self._process = subprocess.Popen(  # noqa: S603 (nothing in it comes from outside)
                [*FOLDER_COMMAND, *map(str, told)],
                pass_fds=() if descriptor is None else [descriptor],
            )
        except OSError as error:
            return type(error).__name__
        if self._stopping.is_set():  # `stop` was called a moment ago, and it terminated the process before this one.
            self._process.terminate()
        return self._process.wait()


class _Server(MPServer):
    """Granian's server, with four differences.

    First, the handler of signals takes no lock. Granian's handlers set an event, which takes one: when the signal comes
    while the main thread holds it, for a moment in each wait, both wait for each other and the server never stops. So
    the handlers only note the signal, and the loop looks for it every LOOK_FOR_SIGNALS_S. Second, processes that die
    are replaced again and again, unless all fail at their start; Granian ends all of them when one dies twice within
    5.5 s. Third, each process counts in the part of the counts that belongs to its place. Fourth, a process that was
    stopped (SIGSTOP) is woken when it is to end.
    """

    _replacements: Replacements
    _generation = 0

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Notes a signal to stop."""
        self.interrupt_signal = True

    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:
        """Notes a signal to exchange the processes."""
        self.reload_signal = True

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any, *more: Any) -> Any:
        Counts.take_part(idx + self._generation % COUNTED_TOGETHER * self.workers)
        return super()._spawn_worker(idx, target, callback_loader, *more)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        self._replacements = Replacements(self.workers)
        while not self.interrupt_signal:
            next_in_s = self._replacements.next_in_s(time.monotonic())
            self.main_loop_interrupt.wait(
                LOOK_FOR_SIGNALS_S if next_in_s is None else min(next_in_s, LOOK_FOR_SIGNALS_S)
            )
            self.main_loop_interrupt.clear()
            if self.reload_signal:
                self._generation += 1  # The old and the new processes count at the same time.
                self._wake_workers()
                super()._reload(spawn_target, target_loader)  # type: ignore[no-untyped-call] # (Granian's)
            self._note_deaths()
            if self._replacements.is_hopeless:
                _log.error("nobody-serves")
                self.interrupt_children.extend(range(self.workers))  # Granian then exits with an error code.
                return
            for idx in [] if self.interrupt_signal else self._replacements.take_due(time.monotonic()):
                self._replace(idx, spawn_target, target_loader)

    def _stop_workers(self) -> None:
        self._wake_workers()
        super()._stop_workers()  # type: ignore[no-untyped-call] # (Granian's)

    def _wake_workers(self) -> None:
        stopped = [worker.inner.pid for worker in self.wrks if is_stopped(worker.inner.pid)]
        for process in stopped:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGCONT)
        if stopped:  # Until its first thread is awake, another would get the next signal, and that one sleep on.
            time.sleep(WAKES_WITHIN_S)

    def _note_deaths(self) -> None:
        now = time.monotonic()
        while self.interrupt_children:
            idx = self.interrupt_children.pop(0)
            died = self.wrks[idx]
            was_killed = died.inner.exitcode == -signal.SIGKILL
            self._replacements.note_death(idx, now - died.birth, now, was_killed=was_killed)

    def _replace(self, idx: int, spawn_target: Any, target_loader: Any) -> None:
        worker = self._spawn_worker(idx, spawn_target, target_loader)
        try:
            worker.start()
        except OSError as error:  # The system can't start a process at the moment.
            _log.warning("worker-not-started", error=type(error).__name__)
            self._replacements.note_death(idx, 0, time.monotonic())
            return
        self.wrks[idx] = worker


def _hold_back_the_end() -> None:
    """Blocks SIGTERM before a process that is to serve is forked off, so that the signal waits until it can end.

    The new process begins with its parent's handler, which only notes the signal. Without the block it would start,
    serve, and be killed after the timeout.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _be_told() -> None:
    """Lets SIGTERM reach the parent process again, after a fork."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_when_told() -> None:
    """Makes the forked process end at once on SIGTERM until it serves, also when the signal came during the fork."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _allow_connections() -> int:
    """Raises the limit of open files as far as needed and allowed; returns how many connections a process may admit.

    Each connection is an open file, and a server that runs out of files can't even refuse a request.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + OTHER_FILES_MAX
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else max(1, min(CONNECTIONS_MAX, soft - OTHER_FILES_MAX))


def serve(settings: Settings, host: str, port: int, workers: int, served: FileId | None = None) -> None:
    """Serves until the process is told to stop; requests that are running end first.

    `served` is the file of a ledger on SQLite: no process of the server opens another file in its place.
    """
    # The application is loaded once, before the fork: the processes that serve share it, and new ones start at once.
    importlib.import_module(APPLICATION).serve_only(served)
    gc.freeze()  # A search for cycles writes to every object that it looks at, and each process would get its own copy.
    # Granian uses Python's default start method, which is not "fork" on macOS and from Python 3.14 on.
    multiprocessing.set_start_method("fork", force=True)
    serving_parts = workers * COUNTED_TOGETHER
    Counts.share(serving_parts + 2)  # One for the process that folds, and the last for this one.
    Neighbours.share()
    STARTED_AT.set(time.time(), "server")
    tell_whether_tracing_can_be(os.environ)
    be_the_parent()
    let_nothing_wait_for_standard_error()
    folding = FoldingProcess(served, serving_parts)
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
