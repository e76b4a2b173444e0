"""Memory of a process that answers thousands of requests a second.

These functions set how often Python looks for cycles among its objects, and give the memory that a large request took
back to the system.
"""

import ctypes
import gc
import sys

ALLOCATIONS_BETWEEN_LOOKS = 500_000
"""More allocations than a batch of 10,000 lines makes. With Python's own 700 the collector walks through every line of
a batch again and again while the batch is written; with 100,000 it does so three times."""


def look_for_cycles_rarely() -> None:
    """Makes Python look for cycles rarely, because reference counts free almost all objects of a process.

    A batch of 10,000 lines makes some 300,000 objects. Loading modules makes many as well, and frees none.
    """
    gc.set_threshold(ALLOCATIONS_BETWEEN_LOOKS, 20, 20)


def keep_what_is_loaded() -> None:
    """Takes all objects that are loaded by now out of the garbage collector's search, because they stay.

    Otherwise the collector goes through millions of objects again and again.
    """
    gc.collect()
    gc.freeze()


def give_back_what_is_free() -> None:
    """Gives the allocator's free memory back to the system. After a large request this takes some milliseconds."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):
            libc.malloc_trim(0)
