"""What callers were told is forgotten after a fail-over, also by processes that have ended, and by no other."""

import os
import signal
from collections.abc import Iterator

import pytest

from service.figures import caller_marks
from service.figures.memory import Counts

CALLER, LSN, POSITION = 7, 5000.0, 100.0


@pytest.fixture(autouse=True)
def _parts() -> Iterator[None]:
    """Memory for two processes; this one counts in the last part."""
    before = Counts._shared, Counts._part, Counts._of_this_process
    Counts.share(2)
    yield
    Counts._shared, Counts._part, Counts._of_this_process = before


def _tell_in_another_process() -> int:
    """Forks a process that notes what it has shown, and sleeps. Returns its id."""
    told, telling = os.pipe()
    Counts.take_part(0)
    process = os.fork()
    if process == 0:
        caller_marks.note_shown(CALLER, LSN, POSITION)
        os.write(telling, b".")
        signal.pause()
    assert os.read(told, 1) == b"."
    os.close(told)
    os.close(telling)
    return process


def test_what_a_process_has_told_that_has_ended_is_forgotten_by_the_others() -> None:
    """After SIGHUP, nobody else would: its caller got 503 until the ledger had grown beyond what it was shown."""
    other = _tell_in_another_process()
    caller_marks.note_shown(CALLER, LSN - 1, POSITION - 1)
    try:
        assert caller_marks.mark_of(CALLER)[:2] == (LSN, POSITION)
        caller_marks.forget_places(1.0)
        assert caller_marks.mark_of(CALLER)[:2] == (LSN, POSITION), "a process that lives forgets its own by itself"
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
    assert caller_marks.mark_of(CALLER)[:2] == (LSN, POSITION), "its caller goes on to another process"
    caller_marks.forget_places(2.0)
    assert caller_marks.mark_of(CALLER)[:2] == (0.0, 0.0)
