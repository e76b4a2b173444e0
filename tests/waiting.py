"""Waits for an effect of another thread, process or server."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_AGAIN_S = 0.005


def wait_until(look: Callable[[], T], within_s: float = 20.0) -> T:
    """Calls `look` until it returns a true value, and returns that. Raises AssertionError when it does not in time."""
    until = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(LOOK_AGAIN_S)
    return found
