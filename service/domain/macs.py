"""Seals: what only the holder of the secrets can press, on what nobody else may change.

The journal is sealed by its chain, which anybody can check. Facts about people and keys, and what was answered under
which idempotency key, are nobody's to read: they bear a keyed digest (BLAKE2b with a key, 128 bits) instead.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

SEAL_BYTES = 16
NO_SEAL = bytes(SEAL_BYTES)
"""What the first fact names as the seal before its own."""


class Signet:
    """Presses seals with the current key, and knows those of the keys before it."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The current key comes first. A key has at most 64 bytes."""
        self._blanks = [hashlib.blake2b(key=key, digest_size=SEAL_BYTES) for key in keys]

    def seal(self, message: bytes) -> bytes:
        """The seal of a message; a copy of the prepared state takes two thirds of the time of a new one."""
        pressed = self._blanks[0].copy()
        pressed.update(message)
        return pressed.digest()

    def fits(self, seal: bytes, message: bytes) -> bool:
        """Whether this is the seal of the message, under any of the keys."""
        for blank in self._blanks:
            pressed = blank.copy()
            pressed.update(message)
            if hmac.compare_digest(pressed.digest(), seal):
                return True
        return False


class Signets(NamedTuple):
    """A signet for each purpose: a seal of one says nothing for another."""

    facts: Signet
    answers: Signet


def fact_message(previous: bytes, no: int, kind: str, line: bytes) -> bytes:
    """What is sealed of a fact: its number, its kind, its row as a line of JSON, and the seal of the fact before."""
    return b"%b%d %b %b" % (previous, no, kind.encode(), line)
