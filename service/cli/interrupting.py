"""How a command ends before its time: by Ctrl-C, or by the signal of a system that shuts down (SIGTERM)."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

EXIT_INTERRUPTED = 130
"""What a shell tells of a program that Ctrl-C has ended."""
EXIT_TERMINATED = 143


def is_interruption(error: BaseException | None) -> bool:
    """Whether an error is Ctrl-C, or what a library made of it: orjson makes it a TypeError, in functions of ours."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__
    return error is not None


@contextlib.contextmanager
def cleaning_up_at_the_end() -> Iterator[None]:
    """Inside, SIGTERM raises SystemExit, so that a command removes what it holds; it would end the process at once."""
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(EXIT_TERMINATED)
