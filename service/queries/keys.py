"""Looking up API keys."""

import hmac
from collections.abc import Sequence

from service.domain.keys import key_digest
from service.ledger import Ledger
from service.storage import keys
from service.storage.keys import ApiKey


def find_live_key(ledger: Ledger, key: str) -> ApiKey | None:
    """The key if it is known and not revoked; compared in constant time, read anew for each request."""
    digest = key_digest(key)
    with ledger.database.reading() as connection:
        found = keys.find_by_digest(connection, digest)
    if found is None or found.revoked_at is not None or not hmac.compare_digest(found.digest, digest):
        return None
    return found


def list_api_keys(ledger: Ledger) -> Sequence[ApiKey]:
    """Every key without its secret, oldest first."""
    with ledger.database.reading() as connection:
        return keys.list_keys(connection)
