"""Idempotency keys: what names one request (key, route, API key), and what makes two requests mean the same.

Both are 128-bit BLAKE2b digests, kept as UUIDs: 16 bytes on disk for a key of 1 or of 255 characters.
"""

import hashlib
import json
import re
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
    values = (
        trade.resident, trade.category, trade.commodity, trade.origin, trade.quantity_g, trade.amount_fen,
        trade.traded_at.timestamp(), trade.traded_at.microsecond, trade.hs_code, trade.direction, trade.trade_point,
        trade.consignment, trade.vehicle_plate, trade.seller, trade.reference, trade.refuse_over_allowance,
        sorted(trade.metadata.items()),
    )  # fmt: skip
    return _digest(_compact_json(values))


def reversal_fingerprint(transaction_id: UUID, reason: str) -> UUID:
    """What a reversal means: which trade, and why."""
    return _digest(json.dumps((transaction_id.hex, reason)))


def _digest(text: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())
