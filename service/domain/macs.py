"""MACs: keyed digests, which only the holder of the secrets can make, on what nobody else may change.

The chain proves the journal to anybody. Facts about people and keys, and what was answered under which idempotency key,
are not public: each bears a message authentication code instead (BLAKE2b with a key, RFC 7693, 128 bits).
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

MAC_BYTES = 16
NO_MAC = bytes(MAC_BYTES)
"""What the first fact names as the MAC of the fact before it."""


class MacKeys:
    """Makes MACs with the current key, and recognises those of the keys before it."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The current key comes first. A key has at most 64 bytes."""
        self._blanks = [hashlib.blake2b(key=key, digest_size=MAC_BYTES) for key in keys]

    def mac_of(self, message: bytes) -> bytes:
        """The MAC of a message, 16 bytes; a copy of the prepared state takes two thirds of the time of a new one."""
        digest = self._blanks[0].copy()
        digest.update(message)
        return digest.digest()

    def fits(self, mac: bytes, message: bytes) -> bool:
        """Whether this is the MAC of the message, under any of the keys."""
        for blank in self._blanks:
            digest = blank.copy()
            digest.update(message)
            if hmac.compare_digest(digest.digest(), mac):
                return True
        return False


class Macs(NamedTuple):
    """Keys for each purpose: a MAC of one says nothing for another."""

    facts: MacKeys
    answers: MacKeys


def fact_message(previous: bytes, no: int, kind: str, line: bytes) -> bytes:
    """What the MAC of a fact covers: the MAC of the fact before, its number, its kind, its row as a line of JSON."""
    return b"%b%d %b %b" % (previous, no, kind.encode(), line)
