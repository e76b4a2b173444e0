"""Ctrl-C on the terminal of `hushi verify`: one line, no process is left, and `--resume` goes on from there."""

import contextlib
import fcntl
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
import sqlalchemy as sa

from service.commands.folding import fold
from service.ledger import Ledger
from service.storage.tables import verified_block
from tests.builders import a_trade
from tests.conftest import Caller
from tests.waiting import wait_until

BLOCKS, ENTRIES_EACH = 8, 2
CTRL_C = b"\x03"


class Typed:
    """A slow verification on a terminal of its own."""

    def __init__(self, environment: dict[str, str], folder: pathlib.Path, processes: str, *arguments: str) -> None:
        """Starts it. It is the foreground process of the terminal, as after a command that a person types."""
        self.counted = folder / f"counted-{len(list(folder.glob('counted-*')))}"
        self.counted.touch()
        program = [sys.executable, "-m", "tests.verifying.slow_verification", str(self.counted), processes]
        self._screen, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [*program, "verify", *arguments],
            env={**os.environ, **environment, "TERM": "xterm"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 (it takes no lock)
        )
        os.close(terminal)
        self._shown: list[bytes] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # The terminal has ended.
            while some := os.read(self._screen, 4096):
                self._shown.append(some)

    def press(self, key: bytes) -> None:
        """Presses a key."""
        os.write(self._screen, key)

    def hashed(self) -> int:
        """How many entries it has hashed so far."""
        return self.counted.stat().st_size

    def helper(self) -> psutil.Process | None:
        """The process that verifies beside it, if it has started."""
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if any("spawn_main" in word for word in child.cmdline()):
                    return child
        return None

    def others(self) -> list[int]:
        """The processes that are left of it."""
        found = []
        for pid in psutil.pids():
            with contextlib.suppress(ProcessLookupError):
                if pid != self.process.pid and os.getsid(pid) == self.process.pid:
                    found.append(pid)
        return found

    def end(self) -> tuple[int, str]:
        """Waits until it has ended; returns its exit code and what the terminal showed, without control sequences."""
        status = self.process.wait(30)
        self._reading.join(10)
        shown = b"".join(self._shown).decode()
        return status, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", shown)

    def close(self) -> None:
        """Ends whatever is left of it."""
        for pid in [self.process.pid, *self.others()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._reading.join(10)
        os.close(self._screen)


@pytest.fixture
def verification(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> Iterator[Callable[..., Typed]]:
    """Starts slow verifications of a ledger of some blocks."""
    admin.register(1)
    for _ in range(BLOCKS):
        for _ in range(ENTRIES_EACH):
            assert admin.trade(a_trade(amount_cny="1.00")).status_code == 201
        fold(ledger)
    started: list[Typed] = []

    def start(*arguments: str) -> Typed:
        started.append(Typed(environment, tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.close()


def _records(ledger: Ledger) -> list[tuple[int, bool]]:
    with ledger.database.reading() as connection:
        columns = verified_block.c
        rows = connection.execute(sa.select(columns.block, columns.is_whole).order_by(columns.id)).all()
    return [(row.block, bool(row.is_whole)) for row in rows]


@pytest.mark.parametrize("processes", ["one", "two"])
def test_a_run_that_is_interrupted_is_kept_and_another_goes_on_from_there(
    ledger: Ledger, verification: Callable[..., Typed], processes: str
) -> None:
    run = verification(processes)
    wait_until(lambda: run.hashed() > 3 * ENTRIES_EACH)
    assert (run.helper() is not None) == (processes == "two")
    run.press(CTRL_C)
    status, shown = run.end()
    assert status == 130, shown
    wait_until(lambda: run.others() == [])
    (told,) = re.findall(r"Interrupted behind block (\d+); hushi verify --resume goes on from there\.", shown)
    assert "Traceback" not in shown
    assert _records(ledger) == [(int(told), False)]
    assert 3 <= int(told) < BLOCKS

    resumed = verification("one", "--resume")
    status, shown = resumed.end()
    assert (status, "every figure is what the journal adds up to" in shown) == (0, True), shown
    assert resumed.hashed() == (BLOCKS - int(told)) * ENTRIES_EACH
    assert _records(ledger)[1:] == [(BLOCKS, True)]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_run_is_interrupted_while_the_process_beside_it_starts(
    ledger: Ledger, verification: Callable[..., Typed]
) -> None:
    """Ctrl-C reaches that process, too, in the second that Python needs to start."""
    run = verification("late")
    wait_until(run.helper)
    time.sleep(0.3)
    run.press(CTRL_C)
    status, shown = run.end()
    assert status == 130, shown
    wait_until(lambda: run.others() == [])
    assert "Traceback" not in shown
    assert shown.splitlines()[-1] == "Interrupted before a block was verified: run the same command again."
    assert _records(ledger) == []
