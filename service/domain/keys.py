"""API keys: their scopes, their names, and the digest of a key that is stored."""

import datetime
import hashlib
import re
from typing import NamedTuple

from service.domain.errors import Forbidden
from service.domain.personal_data import has_citizen_number
from service.domain.texts import normal_text

OPERATOR_KEY_ID, OPERATOR_NAME = 0, "operator"
"""The id and the name that entries of the command line (import, demo) get in the place of an API key's."""

KEY_PREFIX = "hushi_"
KEY_ID_MAX = 2**31 - 1
KEY_NAME_LENGTH_MAX = 60
DIGEST_BYTES = 32
NAME_BYTES = 8
"""A key is looked up by this many bytes from the beginning of its digest. A look-up takes longer the more bytes are
equal, so the whole digest is then compared in constant time."""

SCOPES = (
    "residents:read",
    "residents:write",
    "residents:reveal",
    "transactions:read",
    "transactions:write",
    "transactions:reverse_any",
    "reports:read",
    "reports:publish",
    "signals:read",
    "ledger:verify",
    "admin",
)


_TRADE_POINT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)

REVERSES_ANY = "transactions:reverse_any"
"""The scope that a key needs to reverse a trade that another key has recorded."""


class ReversalRights(NamedTuple):
    """What a key may reverse beside its own trades: the trades of all keys, or nothing; and at which trade point.

    Without a trade point the key may reverse trades of all trade points.
    """

    reverses_any: bool = False
    trade_point: str | None = None

    def refuse_others(self, name: object, recorded_by: int | None, api_key: int) -> None:
        """Raises Forbidden for what another key has recorded, unless the key may reverse that; `name` names it."""
        if recorded_by != api_key and not self.reverses_any:
            raise Forbidden(f"Another key has recorded {name}; to reverse it, a key needs the scope {REVERSES_ANY}.")


OPERATOR_RIGHTS = ReversalRights(reverses_any=True)
"""What the command line may reverse: everything."""


def check_key_name(name: str) -> str:
    """The name of a key in the normal form of texts (domain.texts).

    Raises ValueError for a name that a list can't show in a line, and for a name with a citizen number. The error never
    repeats the name.
    """
    name = normal_text(name)
    if not name or len(name) > KEY_NAME_LENGTH_MAX or not name.isprintable():
        raise ValueError(f"send 1 to {KEY_NAME_LENGTH_MAX} characters without tabs or line breaks")
    if has_citizen_number(name):
        raise ValueError("a citizen number stands here; send a name without it")
    return name


def covers(held: frozenset[str], needed: str) -> bool:
    """Whether the scopes that a key has include the scope that a route needs; `admin` includes all scopes."""
    return needed in held or "admin" in held


def check_trade_point(name: str) -> str:
    """The name of a trade point as trades bear it. Raises ValueError for a name that no trade can bear."""
    if _TRADE_POINT.fullmatch(name) is None:
        raise ValueError("send 1 to 40 lower-case letters, digits, - or _, such as erenhot")
    if has_citizen_number(name):
        raise ValueError("a citizen number stands here; send a name without it")
    return name


def has_expired(expires_at: datetime.datetime | None, now: datetime.datetime) -> bool:
    """Whether a key may not be used any more at this instant. It may be used up to `expires_at`, and not at it."""
    return expires_at is not None and expires_at <= now


def key_digest(key: str) -> bytes:
    """The SHA-256 that is stored of a key. A key has 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(key.encode()).digest()
