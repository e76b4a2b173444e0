"""What verifying finds: the first thing that is wrong, and rows that can't be read."""

import contextlib
import struct
from collections.abc import Iterator

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, struct.error)
"""What taking a row apart may raise when somebody has left other bytes in it: no JSON, no day, no text, no set."""


class Wrong(Exception):
    """The first thing that is wrong with a ledger; the message names the row, cell or block."""


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Raises Wrong when what is read inside can't be taken apart."""
    try:
        yield
    except UNREADABLE as error:
        raise unreadable(what, error) from None


def unreadable(what: str, error: Exception) -> Wrong:
    """The fault of a row that can't be taken apart."""
    return Wrong(f"{what} can't be read ({type(error).__name__}: {error}).".encode("utf-8", "replace").decode())
