"""API keys: their scopes, as the contract names them, and the digest under which a key is kept."""

import hashlib

from service.domain.personal_data import has_citizen_number
from service.domain.texts import normal_text

OPERATOR_KEY_ID, OPERATOR_NAME = 0, "operator"
"""The id and the name of what is recorded at the command line (import, demo): no API key has this id."""

KEY_PREFIX = "hushi_"
KEY_ID_MAX = 2**31 - 1
KEY_NAME_LENGTH_MAX = 60
DIGEST_BYTES = 32
NAME_BYTES = 8
"""The beginning of a digest by which a key is looked up; a look-up takes longer the more of it fits, so the rest of the
digest is compared in constant time."""

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


def check_key_name(name: str) -> str:
    """The name of a key as text is kept (domain.texts).

    Raises ValueError on one that a list can't show in a line, and on one with a citizen number; it repeats none.
    """
    name = normal_text(name)
    if not name or len(name) > KEY_NAME_LENGTH_MAX or not name.isprintable():
        raise ValueError(f"send 1 to {KEY_NAME_LENGTH_MAX} characters without tabs or line breaks")
    if has_citizen_number(name):
        raise ValueError("a citizen number stands here; send a name without it")
    return name


def covers(held: frozenset[str], needed: str) -> bool:
    """Whether the scopes of a key allow what a route needs; `admin` is all of them."""
    return needed in held or "admin" in held


def key_digest(key: str) -> bytes:
    """The SHA-256 under which a key is kept: 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).digest()
