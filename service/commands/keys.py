"""Creates and revokes API keys. A key is shown once, and only its SHA-256 is stored."""

import datetime
import secrets
from collections.abc import Sequence

from service.domain.keys import KEY_PREFIX, SCOPES, check_key_name, check_trade_point, has_expired, key_digest
from service.ledger import Ledger
from service.storage import facts, keys, residents

_SECRET_BYTES = 32


def create_key(
    ledger: Ledger,
    name: str,
    scopes: Sequence[str],
    *,
    trade_point: str | None = None,
    expires_at: datetime.datetime | None = None,
) -> tuple[int, str]:
    """Creates a key, and returns its id and the key itself, which is not stored.

    A key with a trade point sees and writes that point only. A key that expires is refused from `expires_at` on. Raises
    ValueError for a name, a scope or a trade point that can't be used, and for an end that has passed.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"unknown scope {', '.join(unknown) or '(none)'}; choose from {', '.join(SCOPES)}")
    name, trade_point = check_key_name(name), None if trade_point is None else check_trade_point(trade_point)
    if has_expired(expires_at, ledger.now()):
        raise ValueError("the key would have expired already; send a later end")
    key = KEY_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    with ledger.database.writing() as connection:
        residents.lock_registrations(connection)
        key_id = keys.insert(
            connection,
            name=name,
            digest=key_digest(key),
            scopes=scopes,
            created_at=ledger.now(),
            trade_point=trade_point,
            expires_at=expires_at,
        )
        facts.add(connection, ledger.vault.macs.facts, "api_key", [key_id])
    return key_id, key


def revoke_key(ledger: Ledger, key_id: int) -> bool:
    """Revokes a key, so that the next request with it is refused. Returns false when no live key has this id."""
    with ledger.database.writing() as connection:
        residents.lock_registrations(connection)
        is_revoked = keys.revoke(connection, key_id, ledger.now())
        facts.add(connection, ledger.vault.macs.facts, "revocation", [key_id] if is_revoked else [])
        return is_revoked
