"""What an error of PostgreSQL means for a transaction that writes: one table, by code and by the moment of the error.

docs/RELIABILITY.md shows the same table, and a test compares the two. Every fault is answered 503 with Retry-After,
unless a second try of ours succeeds; a retry with the same key then tells what is in the ledger.
"""

from dataclasses import dataclass
from enum import StrEnum

READ_ONLY = "25006"
"""PostgreSQL's code for a write on a server that takes none."""


class Ending(StrEnum):
    """What is known of a transaction after an error."""

    NOT_BEGUN = "not begun"
    """Nothing was sent. The caller gets 503, after a second try on a new connection where the old one had died."""
    RACE = "not written: a race"
    """Another transaction was first. The committer runs the batch again, and sees what the other has written."""
    NOT_WRITTEN = "not written"
    """The server has rolled everything back. The committer runs the batch again."""
    UNKNOWN = "unknown"
    """The commit may have happened. The caller gets 503 at once, and a retry with the key tells."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the errors with these codes mean; a code of two characters stands for its whole class.

    `began` is the outcome when a connection is made or a transaction begun, `wrote` when a statement before COMMIT has
    failed, and `committed` when COMMIT has. None: the error does not come at that moment.
    """

    codes: tuple[str, ...]
    what: str
    began: Ending | None
    wrote: Ending | None
    committed: Ending | None


_LOST = (Ending.NOT_BEGUN, Ending.NOT_WRITTEN, Ending.UNKNOWN)
_RACE = (None, Ending.RACE, Ending.RACE)

MEANINGS = (
    Meaning(("23",), "a constraint: somebody has taken the key, the reference or the row", *_RACE),
    Meaning(("40001",), "serialization failure", *_RACE),
    Meaning(("40P01",), "deadlock", *_RACE),
    Meaning(("55P03",), "a lock was not given in time", None, Ending.RACE, None),
    Meaning((READ_ONLY,), "the server takes no writes: it is a standby, or has become one", *_LOST),
    Meaning(("25P03",), "idle in the transaction for too long", None, Ending.NOT_WRITTEN, Ending.NOT_WRITTEN),
    Meaning(("53300",), "too many connections", Ending.NOT_BEGUN, None, None),
    Meaning(("53",), "no disk or memory left", *_LOST),
    Meaning(("57014",), "the statement was cancelled, or took too long", *_LOST),
    Meaning(("57P01",), "terminated by an administrator, or by a shutdown", *_LOST),
    Meaning(("57P02",), "another process of the server has crashed", *_LOST),
    Meaning(("57P03",), "the server is starting or stopping", Ending.NOT_BEGUN, None, None),
    Meaning(("08",), "the connection failed", *_LOST),
    Meaning((), "the connection was lost without a word, or nothing came in time", *_LOST),
    Meaning(("01",), "a warning at COMMIT: the wait for the standbys was cut short", None, None, Ending.UNKNOWN),
)
"""The meaning of each error. An error with another code is like a lost connection."""

ANY_OTHER = next(meaning for meaning in MEANINGS if not meaning.codes)
_BY_CODE = {code: meaning for meaning in MEANINGS for code in meaning.codes}


def meaning_of(code: str | None) -> Meaning:
    """What an error with this SQLSTATE means; None stands for an error without a code, such as a lost connection."""
    code = code or ""
    return _BY_CODE.get(code) or _BY_CODE.get(code[:2]) or ANY_OTHER
