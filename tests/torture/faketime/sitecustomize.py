"""Python loads this where libfaketime sets the clock: its release 0.9.10 makes time.sleep fail (its issue 426)."""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex) -> None:
    select.select([], [], [], float(seconds))


time.sleep = _sleep
