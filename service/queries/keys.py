"""Looking up API keys."""

import hmac
from collections.abc import Sequence

from service.domain.keys import key_digest
from service.ledger import Ledger
from service.storage import keys
from service.storage.keys import ApiKey
from service.storage.standing import Standing

KEYS_KNOWN_MAX = 1000


class KeyRing:
    """The keys that a process has looked up; forgotten as soon as any key is revoked."""

    def __init__(self, ledger: Ledger) -> None:
        """Knows no key yet."""
        self._ledger = ledger
        self._known: dict[bytes | int, ApiKey] = {}
        self._revoked_keys = 0

    def find_live(self, key: str, at: Standing) -> ApiKey | None:
        """The key if it is known and not revoked at this state of the ledger; compared in constant time."""
        digest = key_digest(key)
        found = self._find(digest, at)
        return found if found is not None and hmac.compare_digest(found.digest, digest) else None

    def find_known(self, key: str) -> ApiKey | None:
        """The key if this process has met it; it may have been revoked since."""
        digest = key_digest(key)
        found = self._known.get(digest)
        return found if found is not None and hmac.compare_digest(found.digest, digest) else None

    def find_live_by_id(self, key_id: int, at: Standing) -> ApiKey | None:
        """The key with this id, by the same rule; whoever asks has proved otherwise that the key was theirs."""
        return self._find(key_id, at)

    def _find(self, name: bytes | int, at: Standing) -> ApiKey | None:
        """The live key of a digest or an id."""
        if at.revoked_keys != self._revoked_keys or len(self._known) >= KEYS_KNOWN_MAX:
            # A new dictionary: another thread may be putting what it read before the revocation into the old one.
            self._known, self._revoked_keys = {}, at.revoked_keys
        known = self._known
        found = known.get(name)
        if found is None:
            found = _find_live(self._ledger, name)
            if found is not None:
                known[name] = found
        return found


def is_live(ledger: Ledger, key: str) -> bool:
    """Whether a key is known and not revoked."""
    return _find_live(ledger, key_digest(key)) is not None


def _find_live(ledger: Ledger, name: bytes | int) -> ApiKey | None:
    with ledger.database.reading() as connection:
        found = keys.find_by_id(connection, name) if isinstance(name, int) else keys.find_by_digest(connection, name)
    return found if found is not None and found.revoked_at is None else None


def list_api_keys(ledger: Ledger) -> Sequence[ApiKey]:
    """Every key without its secret, oldest first."""
    with ledger.database.reading() as connection:
        return keys.list_keys(connection)
