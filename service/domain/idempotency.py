"""Idempotency keys: what names one request (key, route, API key), and what makes two requests mean the same.

Both are 128-bit BLAKE2b digests, kept as UUIDs: 16 bytes on disk for a key of 1 or of 255 characters.
"""

import hashlib
import json
import re
from json.encoder import encode_basestring_ascii
from uuid import UUID

from service.domain.errors import IdempotencyKeyInvalid, IdempotencyKeyMissing
from service.domain.transactions import Trade

KEY_LENGTH_MAX = 255
_compact_json = json.JSONEncoder(separators=(",", ":")).encode
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def check_key(key: object) -> str:
    """The key itself. Raises IdempotencyKeyMissing or IdempotencyKeyInvalid, which say what to send."""
    if key is None:
        raise IdempotencyKeyMissing(
            "Send a key of your own for each new attempt, such as a UUID, and the same one to retry."
        )
    if not isinstance(key, str) or _KEY.fullmatch(key) is None:
        raise IdempotencyKeyInvalid("Send 1 to 255 visible ASCII characters without spaces, such as a UUID.")
    return key


def key_digest(api_key_id: int, route: str, key: str) -> UUID:
    """The name of one request: the same key of another API key, or on another route, is another request."""
    return _digest(f"{api_key_id}\n{route}\n{key}")


def trade_fingerprint(trade: Trade) -> UUID:
    """What a posting means: the parsed values, so "8000" and "8000.00", or one instant in two offsets, are the same."""
    return _digest(_json_of(trade))


def _json_of(trade: Trade) -> str:
    """The values as one JSON array, written at once: a batch has ten thousand of them."""
    t, at = trade, trade.traded_at
    metadata = _compact_json(sorted(t.metadata.items())) if t.metadata else "[]"
    return (
        f"[{t.resident},{_text(t.category)},{_text(t.commodity)},{_text(t.origin)},{t.quantity_g},{t.amount_fen},"
        f"{at.timestamp()!r},{at.microsecond},{_text(t.hs_code)},{_text(t.direction)},{_text(t.trade_point)},"
        f"{_text(t.consignment)},{_text(t.vehicle_plate)},{_text(t.seller)},{_text(t.reference)},"
        f"{'true' if t.refuse_over_allowance else 'false'},{metadata}]"
    )


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring_ascii(text)


def reversal_fingerprint(transaction_id: UUID, reason: str) -> UUID:
    """What a reversal means: which trade, and why."""
    return _digest(json.dumps((transaction_id.hex, reason)))


def _digest(text: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())
