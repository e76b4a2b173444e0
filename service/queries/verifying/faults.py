"""The faults that verifying finds: the first thing that is wrong, and rows that can't be read."""

import contextlib
import struct
from collections.abc import Iterator

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, struct.error)
"""The errors that reading a row may raise when its bytes were changed: when they are no JSON, day, text or set."""


class Wrong(Exception):
    """The first thing that is wrong with a ledger; the message names the row, cell or block."""


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Raises Wrong when the code inside reads values that can't be converted; `what` names them."""
    try:
        yield
    except UNREADABLE as error:
        raise unreadable(what, error) from None


def unreadable(what: str, error: Exception) -> Wrong:
    """Makes the fault of a row that can't be read."""
    return Wrong(f"{what} can't be read ({type(error).__name__}: {error}).".encode("utf-8", "replace").decode())
