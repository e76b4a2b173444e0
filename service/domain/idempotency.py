"""Idempotency keys: what names one request (key, route, API key), and what makes two requests mean the same.

Both are 128-bit BLAKE2b digests: 16 bytes on disk for a key of 1 or of 255 characters.
"""

import datetime
import functools
import hashlib
import json
import re
from json.encoder import encode_basestring_ascii
from uuid import UUID

from service.domain.errors import IdempotencyKeyInvalid, IdempotencyKeyMissing
from service.domain.transactions import Trade, Transaction

KEY_LENGTH_MAX = 255
DIGEST_BYTES = 16
TEXTS_KNOWN_MAX = 10_000
INSTANTS_KNOWN_MAX = 16
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


def key_digest(api_key_id: int, route: str, key: str) -> bytes:
    """The name of one request: the same key of another API key, or on another route, is another request."""
    return _digest(f"{api_key_id}\n{route}\n{key}")


def trade_fingerprint(trade: Trade) -> bytes:
    """What a posting means: the parsed values, so "8000" and "8000.00", or one instant in two offsets, are the same."""
    return _digest(_json_of(trade))


def _json_of(trade: Trade) -> str:
    """The values as one JSON array, written at once: a batch has ten thousand of them."""
    (
        resident, category, commodity, origin, quantity_g, amount_fen, at, hs_code, direction, trade_point,
        consignment, vehicle_plate, seller, reference, refuses, metadata,
    ) = trade  # fmt: skip
    return (
        f"[{resident},{_text(category)},{_text(commodity)},{_text(origin)},{quantity_g},{amount_fen},"
        f"{at.timestamp()!r},{at.microsecond},{_text(hs_code)},{_text(direction)},{_text(trade_point)},"
        f"{_text(consignment)},{_text(vehicle_plate)},{_text(seller)},"
        f"{'null' if reference is None else encode_basestring_ascii(reference)},{'true' if refuses else 'false'},"
        f"{_compact_json(sorted(metadata.items())) if metadata else '[]'}]"
    )


@functools.lru_cache(TEXTS_KNOWN_MAX)
def _text(text: str | None) -> str:
    """Of what comes back from line to line; a reference does not."""
    return "null" if text is None else encode_basestring_ascii(text)


def reversal_fingerprint(transaction_id: UUID, reason: str) -> bytes:
    """What a reversal means: which trade, and why."""
    return _digest(json.dumps((transaction_id.hex, reason)))


def request_fingerprint(*values: object) -> bytes:
    """What a request means that is no transaction: the parsed values. None may be a citizen number or a name."""
    return _digest(json.dumps(values, default=str, sort_keys=True))


def answer_message(digest: bytes, fingerprint: bytes, outcome: bytes) -> bytes:
    """What the MAC of an answer covers: the name of the request, what it meant, and its outcome."""
    return digest + fingerprint + outcome


def accepted_outcome(entry: Transaction) -> bytes:
    """What the MAC covers of an entry that was accepted: its id, and what only the ledger knew then.

    Which group and settlement its resident was in depends on what had been recorded by then. Nothing but the order of
    recording tells that, and no clock: so the MAC covers it when it is known.
    """
    known = f" {_instant_text(entry.recorded_at)} {entry.group} {_text(entry.settlement)}"
    return entry.transaction_id.bytes + known.encode()


def outcomes_of(entry: Transaction) -> tuple[bytes, bytes]:
    """What a MAC may cover of an entry: `accepted_outcome`, or the id alone, as it was before the group was covered."""
    return accepted_outcome(entry), entry.transaction_id.bytes


@functools.lru_cache(INSTANTS_KNOWN_MAX)
def _instant_text(instant: datetime.datetime) -> str:
    """The entries of a batch have one."""
    return f"{instant.timestamp()!r} {instant.microsecond}"


def stated_trade(entry: Transaction) -> Trade:
    """What a caller stated, of the entry that it became."""
    return Trade(
        entry.resident, entry.category, entry.commodity, entry.origin, entry.quantity_g, entry.amount_fen,
        entry.traded_at, entry.hs_code, entry.direction, entry.trade_point, entry.consignment, entry.vehicle_plate,
        entry.seller, entry.reference, entry.refuse_over_allowance, entry.metadata,
    )  # fmt: skip


def fingerprint_of(entry: Transaction) -> bytes:
    """What the request meant that an entry was the answer to."""
    if entry.reverses is None:
        return trade_fingerprint(stated_trade(entry))
    return reversal_fingerprint(entry.reverses, entry.reason or "")


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()
