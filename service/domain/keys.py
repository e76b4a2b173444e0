"""API keys: their scopes, as the contract names them, and the digest under which a key is kept."""

import hashlib

KEY_PREFIX = "hushi_"

SCOPES = (
    "residents:read",
    "residents:write",
    "residents:reveal",
    "transactions:read",
    "transactions:write",
    "reports:read",
    "ledger:verify",
    "admin",
)


def covers(held: frozenset[str], needed: str) -> bool:
    """Whether the scopes of a key allow what a route needs; `admin` is all of them."""
    return needed in held or "admin" in held


def key_digest(key: str) -> bytes:
    """The SHA-256 under which a key is kept: 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).digest()
