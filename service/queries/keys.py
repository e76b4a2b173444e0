"""Looks up API keys."""

import contextlib
import datetime
import hmac
from collections.abc import Sequence
from typing import NamedTuple

from service.domain.keys import NAME_BYTES, OPERATOR_KEY_ID, OPERATOR_NAME, has_expired, key_digest
from service.ledger import Ledger
from service.storage import key_uses, keys
from service.storage.faults import AnotherLedger
from service.storage.keys import ApiKey
from service.storage.ledger_state import LedgerState

KEYS_KNOWN_MAX = 1000


class ApiKeyCache:
    """The API keys that a process has looked up. It forgets them when any key is revoked, or the ledger is another one.

    A key is looked up by the beginning of its digest, which is no secret. Then the whole digest is compared, in a time
    that does not tell how much of it is equal.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Begins without keys."""
        self._ledger = ledger
        self._known: dict[bytes | int, Sequence[ApiKey]] = {}
        self._as_of = (0, 0)
        self._names: dict[int, str] = {}
        self._named_in = 0

    def find_live(self, key: str, at: LedgerState) -> ApiKey | None:
        """The key, if it exists, is not revoked at this state of the ledger and has not expired; else None."""
        return self._unless_expired(self.find_unrevoked(key, at))

    def find_unrevoked(self, key: str, at: LedgerState) -> ApiKey | None:
        """The key, if it exists and is not revoked at this state of the ledger; else None. It may have expired."""
        digest = key_digest(key)
        return _right_one(self._find(digest[:NAME_BYTES], at), digest)

    def find_known(self, key: str) -> ApiKey | None:
        """The key, if this process has looked it up before and it has not expired; else None.

        It may have been revoked since.
        """
        if self._as_of[0] != self._ledger.lineage.seen.generation:
            return None
        digest = key_digest(key)
        return self._unless_expired(_right_one(self._known.get(digest[:NAME_BYTES], ()), digest))

    def find_unrevoked_by_id(self, key_id: int, at: LedgerState) -> ApiKey | None:
        """The key with this id, if it is not revoked at this state of the ledger; else None. It may have expired.

        The caller must have proved in another way, for instance by a session, that the key is theirs.
        """
        return next(iter(self._find(key_id, at)), None)

    def _unless_expired(self, found: ApiKey | None) -> ApiKey | None:
        # A key that expires stays in the cache: its end never changes, and the clock decides at each use.
        return None if found is None or has_expired(found.expires_at, self._ledger.now()) else found

    def name_of(self, key_id: int) -> str | None:
        """The name of a key, revoked or not; None when there is no such key. A name never changes."""
        if key_id == OPERATOR_KEY_ID:
            return OPERATOR_NAME
        name = self._known_names().get(key_id)
        if name is None:
            with self._ledger.database.reading() as connection:
                found = keys.find_by_id(connection, key_id)
            if found is not None:
                name = self._known_names()[key_id] = found.name
        return name

    def _known_names(self) -> dict[int, str]:
        """The names that are known of this ledger: after a fail-over or a restore, another one may answer."""
        generation = self._ledger.lineage.seen.generation
        if generation != self._named_in or len(self._names) >= KEYS_KNOWN_MAX:
            self._names, self._named_in = {}, generation
        return self._names

    def _find(self, name: bytes | int, at: LedgerState) -> Sequence[ApiKey]:
        """The keys that are not revoked with an id, or whose digests have this beginning."""
        as_of = (self._generation_of(at), at.revoked_keys)
        if as_of != self._as_of or len(self._known) >= KEYS_KNOWN_MAX:
            # The dictionary must be a new one: another thread may be putting a key into the old one that it has read
            # before the revocation.
            self._known, self._as_of = {}, as_of
        known = self._known
        found = known.get(name, ())
        if not found:
            found = _find_unrevoked(self._ledger, name)
            if found:
                known[name] = found
                self._known_names().update({one.id: one.name for one in found})
        return found

    def _generation_of(self, at: LedgerState) -> int:
        """How often the ledger has become another one, up to the ledger that answered with this state."""
        lineage = self._ledger.lineage
        with contextlib.suppress(AnotherLedger):
            lineage.look(self._ledger.database, at.register)
        return lineage.seen.generation


def is_live(ledger: Ledger, key: str) -> bool:
    """Whether a key exists, is not revoked and has not expired."""
    digest = key_digest(key)
    found = _right_one(_find_unrevoked(ledger, digest[:NAME_BYTES]), digest)
    return found is not None and not has_expired(found.expires_at, ledger.now())


def _right_one(candidates: Sequence[ApiKey], digest: bytes) -> ApiKey | None:
    return next((one for one in candidates if hmac.compare_digest(one.digest, digest)), None)


def _find_unrevoked(ledger: Ledger, name: bytes | int) -> Sequence[ApiKey]:
    with ledger.database.reading() as connection:
        if isinstance(name, bytes):
            found = keys.find_by_name(connection, name)
        else:
            found = [one for one in (keys.find_by_id(connection, name),) if one is not None]
    return [one for one in found if one.revoked_at is None]


class ListedKey(NamedTuple):
    """A key as lists show it, and the last business day on which it was used; None before it is used."""

    key: ApiKey
    last_used_on: datetime.date | None


def list_api_keys(ledger: Ledger) -> list[ListedKey]:
    """All keys without their secrets, the oldest first."""
    with ledger.database.reading() as connection:
        used = key_uses.last_uses(connection)
        return [ListedKey(key, used.get(key.id)) for key in keys.list_keys(connection)]
