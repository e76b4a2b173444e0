"""A lock that is given in the order of asking.

Python's own goes to whoever is quickest, and a thread that writes all the time is always quicker than one that waits.
"""

import threading
from collections import deque


class Turns:
    """Whoever asks gets the turn after those who asked before."""

    def __init__(self) -> None:
        """Nobody has the turn."""
        self._inside = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, timeout_s: float) -> bool:
        """Waits for the turn; False when it did not come in time."""
        with self._inside:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=timeout_s):
            return True
        with self._inside:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # It was handed over in the last moment.

    def give_back(self) -> None:
        """Hands the turn to the next who waits."""
        with self._inside:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
