"""Memory of a process that answers thousands of requests a second.

How often Python looks for cycles among its objects, and that what a large request took goes back to the system.
"""

import ctypes
import gc
import sys

ALLOCATIONS_BETWEEN_LOOKS = 500_000
"""More than a batch of 10,000 lines makes. Python's own 700 make it walk through every line of a batch again and again
while it is being written, and 100,000 three times."""


def look_for_cycles_rarely() -> None:
    """For a process whose objects are freed by their counts: a batch of 10,000 lines makes some 300,000 of them.

    Loading modules makes many as well, and frees none.
    """
    gc.set_threshold(ALLOCATIONS_BETWEEN_LOOKS, 20, 20)


def keep_what_is_loaded() -> None:
    """What is loaded by now stays: the garbage collector need not go through millions of objects again and again."""
    gc.collect()
    gc.freeze()


def give_back_what_is_free() -> None:
    """What the allocator holds and nobody uses goes back to the system: after a large request, in some milliseconds."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):
            libc.malloc_trim(0)
