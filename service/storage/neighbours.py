"""A courtesy among the processes of one server on PostgreSQL: one after the other posts, so each takes more together.

PostgreSQL needs no turns. But two processes that post at the same time make two transactions of what could be one, and
each costs eight statements. So a process lets its neighbour send its statements first, and meanwhile collects what its
own callers post. Nobody waits for a commit, nor for long: after PATIENCE_S a process goes on without a turn. So a
neighbour that is stopped, or that waits for a lock, slows the others down and does not hold them up.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from typing import ClassVar

PATIENCE_S = 0.05
"""Longer than the statements of most transactions take."""
LOOK_EVERY_S = 0.001


class Neighbours:
    """The lock of the processes that one server has forked off. The system frees the lock of a process that dies."""

    _descriptor: ClassVar[int | None] = None
    waited_s = 0.0
    """Nobody is told of this wait: it is no sign that another process writes much."""

    @classmethod
    def share(cls) -> None:
        """Makes the lock of the processes that begin from now on, where the system has files without a name."""
        if hasattr(os, "memfd_create"):
            with contextlib.suppress(OSError):  # Without the lock the processes serve, and nobody waits.
                cls._descriptor = os.memfd_create("hushi-neighbours")

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until no neighbour has the turn, or until the patience is at its end; for one thread at a time."""
        descriptor = self._descriptor
        if descriptor is None:
            yield
            return
        until, is_mine = time.monotonic() + PATIENCE_S, _try(descriptor)
        while not is_mine and time.monotonic() < until:
            time.sleep(LOOK_EVERY_S)
            is_mine = _try(descriptor)
        try:
            yield
        finally:
            if is_mine:
                fcntl.lockf(descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Does nothing: the descriptor is the server's, and is needed as long as the process lives."""


def _try(descriptor: int) -> bool:
    """Whether this process has the lock now. It is the system's lock by process, because forks share the descriptor."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
