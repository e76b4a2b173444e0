"""The idempotency key of a line: the key that it states, else its document number, else a hash of its content.

When an import was cut off and the same file is imported again, its lines must get the same keys. So the keys depend on
the content of the lines only, and not on line numbers: a blank line or a corrected neighbour does not change them.
"""

import contextlib
import datetime
import hashlib
from typing import Any

import orjson

from service.domain.texts import normal_text
from service.domain.transactions import DEFAULT_TRADE_POINT, MARKET_TIME
from service.importing.numbers import CNY_DECIMALS, KG_DECIMALS

KEY_LENGTH_MAX = 255
HASH_BYTES = 16
COUNTED_HASH_BYTES = 8
DECIMALS = {"quantity_kg": KG_DECIMALS, "amount_cny": CNY_DECIMALS}
FREE_TEXTS = ("commodity", "consignment", "vehicle_plate", "seller")
DEFAULTS = {"direction": "import", "trade_point": DEFAULT_TRADE_POINT, "over_allowance": "tax", "metadata": {}}


class LineKeys:
    """Gives the lines of one file their keys.

    Identical lines without a document number are separate trades, so they are numbered from 1. For that, each line
    without a document number takes about 100 bytes of memory: 100 MB for a million such lines. Lines with a document
    number take none. When the first 8 hash bytes of two different lines are equal, the lines are numbered together.
    That does no harm: their keys still differ by the rest of the hash, and are the same in the next run.
    """

    def __init__(self) -> None:
        self._times_seen: dict[bytes, int] = {}

    def key_of(self, body: dict[str, object], own_key: str | None) -> str:
        """The key of a line. Raises ValueError on a stated key that is no valid key, or a body that JSON can't hold."""
        if own_key is not None:
            return _checked(own_key)
        reference = _one_text(body.get("reference"))
        if isinstance(reference, str) and reference:
            return document_key(body.get("trade_point", DEFAULT_TRADE_POINT), reference)
        digest = _digest(_meaning(body))
        seen = self._times_seen
        prefix = digest[:COUNTED_HASH_BYTES]
        times = seen[prefix] = seen.get(prefix, 0) + 1
        return f"line:{digest.hex()}:{times}"


def _meaning(body: dict[str, object]) -> dict[str, Any]:
    """The content of a body in one spelling: the same line in NDJSON and in a table is the same trade.

    A field that states the API's default means the same as a field that is left out. A value that the API would refuse
    stays as it is, because the line will be refused later.
    """
    meant: dict[str, Any] = {
        field: value for field, value in body.items() if value is not None and DEFAULTS.get(field) != value
    }
    for field in FREE_TEXTS:
        if field in meant:
            meant[field] = _one_text(meant[field])
    if isinstance(meant.get("metadata"), dict):
        meant["metadata"] = {_one_text(name): _one_text(text) for name, text in meant["metadata"].items()}
    for field, decimals in DECIMALS.items():
        if field in meant:
            whole, _, fraction = str(meant[field]).partition(".")
            meant[field] = f"{whole}.{fraction.ljust(decimals, '0')}"
    with contextlib.suppress(ValueError, OverflowError):
        at = datetime.datetime.fromisoformat(str(meant.get("traded_at")))
        meant["traded_at"] = at.astimezone(MARKET_TIME).isoformat()
    return meant


def _one_text(value: object) -> object:
    """A text as the ledger will keep it, so that another spelling of the same text leads to the same key."""
    return normal_text(value) if isinstance(value, str) else value


def document_key(trade_point: object, reference: str) -> str:
    """The key of a document number, such as "doc:erenhot:D2024-0001". A document number is unique at its trade point.

    The key is a hash of both, "dochash:" and 32 digits, when the plain text would not be a valid key (Chinese letters,
    spaces, too long), or would not be unambiguous (a colon in the trade point).
    """
    key = f"doc:{trade_point}:{reference}"
    if _is_visible_ascii(key) and ":" not in str(trade_point):
        return key
    return f"dochash:{_digest([trade_point, reference]).hex()}"


def _checked(key: str) -> str:
    if not key or not _is_visible_ascii(key):
        raise ValueError(f"key: send 1 to {KEY_LENGTH_MAX} visible ASCII characters, or leave it out.")
    return key


def _is_visible_ascii(key: str) -> bool:
    return len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable() and " " not in key


def _digest(content: object) -> bytes:
    try:
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise ValueError("The line holds a number or character that JSON can't carry; send plain text.") from None
    return hashlib.blake2b(text, digest_size=HASH_BYTES).digest()
