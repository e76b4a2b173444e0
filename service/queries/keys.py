"""Looking up API keys."""

import contextlib
import hmac
from collections.abc import Sequence

from service.domain.keys import NAME_BYTES, key_digest
from service.ledger import Ledger
from service.storage import keys
from service.storage.faults import AnotherLedger
from service.storage.keys import ApiKey
from service.storage.ledger_state import LedgerState

KEYS_KNOWN_MAX = 1000


class ApiKeyCache:
    """The keys that a process has looked up; forgotten as soon as any key is revoked, or the ledger is another one.

    A key is found by the beginning of its digest, which is no secret, and it is the right one if the whole digest is:
    how long that comparison takes says nothing of how much of it fits.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Knows no key yet."""
        self._ledger = ledger
        self._known: dict[bytes | int, Sequence[ApiKey]] = {}
        self._as_of = (0, 0)

    def find_live(self, key: str, at: LedgerState) -> ApiKey | None:
        """The key if it is known and not revoked at this state of the ledger."""
        digest = key_digest(key)
        return _right_one(self._find(digest[:NAME_BYTES], at), digest)

    def find_known(self, key: str) -> ApiKey | None:
        """The key if this process has met it; it may have been revoked since."""
        if self._as_of[0] != self._ledger.lineage.seen.generation:
            return None
        digest = key_digest(key)
        return _right_one(self._known.get(digest[:NAME_BYTES], ()), digest)

    def find_live_by_id(self, key_id: int, at: LedgerState) -> ApiKey | None:
        """The key with this id, by the same rule; whoever asks has proved otherwise that the key was theirs."""
        return next(iter(self._find(key_id, at)), None)

    def _find(self, name: bytes | int, at: LedgerState) -> Sequence[ApiKey]:
        """The live keys of a digest's beginning or of an id."""
        as_of = (self._generation_of(at), at.revoked_keys)
        if as_of != self._as_of or len(self._known) >= KEYS_KNOWN_MAX:
            # A new dictionary: another thread may be putting what it read before the revocation into the old one.
            self._known, self._as_of = {}, as_of
        known = self._known
        found = known.get(name, ())
        if not found:
            found = _find_live(self._ledger, name)
            if found:
                known[name] = found
        return found

    def _generation_of(self, at: LedgerState) -> int:
        """The generation of the ledger that answered with this state."""
        lineage = self._ledger.lineage
        with contextlib.suppress(AnotherLedger):
            lineage.look(self._ledger.database, at.register)
        return lineage.seen.generation


def is_live(ledger: Ledger, key: str) -> bool:
    """Whether a key is known and not revoked."""
    digest = key_digest(key)
    return _right_one(_find_live(ledger, digest[:NAME_BYTES]), digest) is not None


def _right_one(candidates: Sequence[ApiKey], digest: bytes) -> ApiKey | None:
    return next((one for one in candidates if hmac.compare_digest(one.digest, digest)), None)


def _find_live(ledger: Ledger, name: bytes | int) -> Sequence[ApiKey]:
    with ledger.database.reading() as connection:
        if isinstance(name, bytes):
            found = keys.find_by_name(connection, name)
        else:
            found = [one for one in (keys.find_by_id(connection, name),) if one is not None]
    return [one for one in found if one.revoked_at is None]


def list_api_keys(ledger: Ledger) -> Sequence[ApiKey]:
    """Every key without its secret, oldest first."""
    with ledger.database.reading() as connection:
        return keys.list_keys(connection)
