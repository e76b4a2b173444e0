"""Starts processes by forking them off a process that has loaded the service. Else each would load it for a second.

They are normal processes, in their own session, with the arguments, environment and streams that they are given. Tests
about what a command loads, or about the installed script, start the command themselves.
"""

import contextlib
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

_LOADED = (
    "alembic.command", "service.app", "service.cli.opening", "service.cli.serving", "service.importing.recording",
    "service.server.processes", "tests.forked",
)  # fmt: skip

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(list(_LOADED))


class Forked:
    """A process that runs a program's function. It has the methods of `subprocess.Popen` that the tests use."""

    def __init__(
        self,
        main: Callable[[], None],
        arguments: Sequence[str],
        environment: Mapping[str, str],
        output: pathlib.Path,
        errors: pathlib.Path,
    ) -> None:
        """Starts the process with its own arguments and variables. Its output is added to the files."""
        streams = ((str(output), 1), (str(errors), 2))
        self._process = _forking.Process(
            target=_become, args=(main, tuple(arguments), {**os.environ, **environment}, streams), daemon=False
        )
        self._process.start()
        self.pid: int = self._process.pid or 0

    def poll(self) -> int | None:
        """The process's exit code; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Waits until the process has ended, and returns its exit code."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self._process.exitcode

    def send_signal(self, how: signal.Signals) -> None:
        """Sends the process a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, how)

    def kill(self) -> None:
        """Ends the process at once."""
        self.send_signal(signal.SIGKILL)


def run_together(
    main: Callable[[], None],
    calls: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    folder: pathlib.Path,
    timeout: float = 60,
) -> list[subprocess.CompletedProcess[str]]:
    """Runs a program once for each list of arguments, all at the same time, and waits until all have ended.

    Their output goes to files in a folder.
    """
    started = []
    for number, arguments in enumerate(calls):
        output, errors = folder / f"output-{number}", folder / f"errors-{number}"
        started.append((Forked(main, arguments, environment, output, errors), arguments, output, errors))
    try:
        return [
            subprocess.CompletedProcess(
                list(arguments), process.wait(timeout), output.read_text("utf-8"), errors.read_text("utf-8")
            )
            for process, arguments, output, errors in started
        ]
    finally:
        for process, *_ in started:
            if process.poll() is None:
                process.kill()


def _become(
    main: Callable[[], None],
    arguments: tuple[str, ...],
    environment: dict[str, str],
    streams: tuple[tuple[str, int], ...],
) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    for path, stream in streams:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, stream)
        os.close(opened)
    sys.argv = ["hushi", *arguments]
    main()
