"""How long the parts of a run take, so that its time can be looked after."""

import contextlib
import time
from collections.abc import Iterator


class Phases:
    """Adds up the time of each part."""

    def __init__(self) -> None:
        """Begins now."""
        self._began = time.monotonic()
        self._took_s: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds the time of what is done inside to this part."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._took_s[name] = self._took_s.get(name, 0.0) + time.monotonic() - began

    def told(self) -> str:
        """One line: each part with its seconds, and all of it."""
        parts = ", ".join(f"{name} {took_s:.1f}" for name, took_s in self._took_s.items())
        return f"seconds: {parts}; in all {time.monotonic() - self._began:.1f}"
