"""How often Python looks for cycles among the objects of a process that answers thousands of requests a second."""

import gc

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
