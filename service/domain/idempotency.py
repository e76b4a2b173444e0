"""Idempotency keys: the name of a request (from key, route and API key), and the fingerprint of what it means.

Both are 128-bit BLAKE2b digests: they take 16 bytes on disk for a key of 1 or of 255 characters.
"""

import datetime
import functools
import hashlib
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple, TypeGuard
from uuid import UUID

from service.domain.allowance import Judgement
from service.domain.errors import IdempotencyKeyInvalid, IdempotencyKeyMissing
from service.domain.fields import FIRST_VERSION, EntryField, ValueKind, fields_of
from service.domain.made_once import MadeOnce
from service.domain.transactions import FIELDS, Trade, Transaction

KEY_LENGTH_MAX = 255
DIGEST_BYTES = 16
TEXTS_KNOWN_MAX = 10_000
MICROSECONDS_PER_S = 1_000_000
_compact_json = json.JSONEncoder(separators=(",", ":")).encode
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def check_key(key: object) -> str:
    """Returns a valid key. Raises IdempotencyKeyMissing or IdempotencyKeyInvalid, which say what to send."""
    if key is None:
        raise IdempotencyKeyMissing(
            "Send a key of your own for each new attempt, such as a UUID, and the same one to retry."
        )
    if not is_key(key):
        raise IdempotencyKeyInvalid("Send 1 to 255 visible ASCII characters without spaces, such as a UUID.")
    return key


def check_sent_key(header: str | None) -> str:
    """Returns the valid key of a request's header. Raises as `check_key` does, also when the header came twice.

    A server joins two headers of one name with a comma. A client that sends its key twice, and once in a retry, would
    have two entries.
    """
    key = check_key(header)
    half = key[: len(key) // 2]
    if half and key == f"{half},{half}":
        raise IdempotencyKeyInvalid("Send the header Idempotency-Key once: its key came twice.")
    return key


def is_key(key: object) -> TypeGuard[str]:
    """Whether a value is a valid key."""
    return isinstance(key, str) and _KEY.fullmatch(key) is not None


def key_digest(api_key_id: int, route: str, key: str) -> bytes:
    """The name of one request: the same key of another API key, or on another route, is another request."""
    return _digest(f"{api_key_id}\n{route}\n{key}")


def place_digest(digest: bytes, place: int) -> bytes:
    """The name of one entry of a request that posts several under one key, from the request's name and its place."""
    return _digest(f"{digest.hex()}\n{place}")


def trade_fingerprint(trade: Trade) -> bytes:
    """The fingerprint of a trade, made from the parsed values.

    So "8000" and "8000.00" have the same fingerprint, and so has one instant in two offsets.
    """
    return _digest(_json_of(trade))


def _new_text(text: str | None) -> str:
    return "null" if text is None else encode_basestring_ascii(text)


_texts = MadeOnce(_new_text, TEXTS_KNOWN_MAX)
"""Texts as JSON. They are remembered, because most texts come in many lines; a reference does not (`_new_text`)."""


def _instant_text(instant: datetime.datetime) -> str:
    return f"{instant.timestamp()!r},{instant.microsecond}"


def _instant_text_plain(instant: int) -> str:
    return f"{instant / MICROSECONDS_PER_S!r},{instant % MICROSECONDS_PER_S}"


def json_writer(record: Any, instant_text: Callable[[Any], str] = _instant_text) -> Callable[[tuple[Any, ...]], str]:
    """The function that writes the values of a named tuple as one JSON array, in the order of its fields.

    A field that was added later is left out where it has its default, and is written with its name otherwise. So a
    trade that was stated before the field existed keeps its fingerprint.

    The text of the function is put together here from the fields: a loop over them would take three times as long.
    """
    fields = list(enumerate(fields_of(record)))
    used: dict[str, Any] = {"texts": _texts, "new_text": _new_text, "instants": MadeOnce(instant_text, TEXTS_KNOWN_MAX)}
    used |= {"pairs_text": _pairs_text, "defaults": [record._field_defaults.get(field.name) for _, field in fields]}
    first = ",".join(f"{{{_expression(n, field)}}}" for n, field in fields if field.since == FIRST_VERSION)
    later = [
        f"    if value{n} != defaults[{n}]:\n        later += f',\"{field.name}\",{{{_expression(n, field)}}}'\n"
        for n, field in fields
        if field.since > FIRST_VERSION
    ]
    source = (
        f"def write(values):\n"
        f"    {''.join(f'value{n}, ' for n, _ in fields)} = values\n"
        f"    later = ''\n{''.join(later)}"
        f"    return f'[{first}{{later}}]'\n"
    )
    exec(source, used)  # noqa: S102 (the source is made above from the names of fields, and no caller's text is in it)
    write: Callable[[tuple[Any, ...]], str] = used["write"]
    return write


def _expression(place: int, field: EntryField) -> str:
    """The Python expression that writes a field's value as JSON, without single quotation marks."""
    if field.kind is ValueKind.TEXT:
        return f"new_text(value{place})" if field.name == "reference" else f"texts[value{place}]"
    whole = f"repr(value{place})" if field.is_optional else f"value{place}!r"
    written = {
        ValueKind.ORDINAL: whole,
        ValueKind.MEASURE: whole,
        ValueKind.INSTANT: f"instants[value{place}]",
        ValueKind.FLAG: f'"true" if value{place} else "false"',
        ValueKind.PAIRS: f'pairs_text(value{place}) if value{place} else "[]"',
    }[field.kind]
    return f'"null" if value{place} is None else {written}' if field.is_optional else written


def _pairs_text(pairs: Mapping[str, str]) -> str:
    return _compact_json(sorted(pairs.items()))


_json_of = json_writer(Trade)
_json_of_plain = json_writer(Trade, _instant_text_plain)
"""Writes stored values, whose instants are microseconds since 1970, exactly as `_json_of` writes the domain's."""


def reversal_fingerprint(transaction_id: UUID, reason: str) -> bytes:
    """The fingerprint of a reversal, made from the trade's id and the reason."""
    return _digest(json.dumps((transaction_id.hex, reason)))


def request_fingerprint(*values: object) -> bytes:
    """The digest of the parsed values of a request that posts no entry. No value may be a citizen number or a name."""
    return _digest(json.dumps(values, default=str, sort_keys=True))


def answer_message(digest: bytes, fingerprint: bytes, outcome: bytes) -> bytes:
    """The message that the MAC of an answer covers: the request's name, its fingerprint, and its outcome."""
    return digest + fingerprint + outcome


def accepted_outcome(entry: Transaction) -> bytes:
    """The part of an accepted entry that the MAC covers: its id, and the values that only the ledger knew then.

    The resident's group and settlement depend on what had been recorded before. Only the order of recording tells
    that, and no clock does. So the MAC covers these values at the moment when the ledger knows them.
    """
    known, _ = _known_text(_known_values(entry))
    return entry.transaction_id.bytes + known


def outcomes_of(entry: Transaction) -> Sequence[bytes]:
    """The outcomes that a MAC may cover: `accepted_outcome`, and for an older entry the id alone.

    Before the group was covered, a MAC covered the id alone.
    """
    return _outcomes(entry.transaction_id.bytes, *_known_text(_known_values(entry)))


def _outcomes(transaction_id: bytes, known: bytes, is_older: bool) -> Sequence[bytes]:
    accepted = transaction_id + known
    return (accepted, transaction_id) if is_older else (accepted,)


_LATER_KNOWN = tuple(
    field
    for field in sorted(FIELDS, key=operator.attrgetter("since"))
    if field.since > FIRST_VERSION and field.name not in {*Trade._fields, *Judgement._fields}
)
KNOWN_FIELDS = ("recorded_at", "group", "settlement", *(field.name for field in _LATER_KNOWN))
_known_values: Callable[[Transaction], tuple[Any, ...]] = operator.itemgetter(
    *map(Transaction._fields.index, KNOWN_FIELDS)
)
"""The values that only the ledger knew: three of the first version, then those of later fields, version after version.

So the nulls of an older entry stand at the end, where they are left out, and its MAC keeps fitting.
"""


@functools.lru_cache(TEXTS_KNOWN_MAX)
def _known_text(values: tuple[Any, ...]) -> tuple[bytes, bool]:
    """These values as bytes, and whether none of the later fields has a value.

    The results are remembered, because the entries of a batch have few different values. Nulls at the end are left
    out, so that an entry without later fields has the same bytes as before these fields existed.
    """
    recorded_at, *others = values
    return _with_instant(recorded_at.timestamp(), recorded_at.microsecond, *others)


def _with_instant(
    seconds: float, microsecond: int, group: int | None, settlement: str | None, *later: Any
) -> tuple[bytes, bool]:
    stated = list(later)
    while stated and stated[-1] is None:
        stated.pop()
    text = f" {seconds!r} {microsecond} {group} {_texts[settlement]}"
    return (f"{text} {_compact_json(stated)}" if stated else text).encode(), not stated


@functools.lru_cache(TEXTS_KNOWN_MAX)
def _known_text_plain(values: tuple[Any, ...]) -> tuple[bytes, bool]:
    """`_known_text` of stored values: instants are microseconds, and SQLite has numbers for flags."""
    recorded_at, group, settlement, *stored = values
    later = [
        bool(value) if field.kind is ValueKind.FLAG and value is not None else value
        for field, value in zip(_LATER_KNOWN, stored, strict=True)
    ]
    seconds, microsecond = recorded_at / MICROSECONDS_PER_S, recorded_at % MICROSECONDS_PER_S
    return _with_instant(seconds, microsecond, group, settlement, *later)


_stated_values: Callable[[Transaction], tuple[Any, ...]] = operator.itemgetter(
    *map(Transaction._fields.index, Trade._fields)
)


def stated_trade(entry: Transaction) -> Trade:
    """The trade that a caller stated, from the entry that it became."""
    return Trade._make(_stated_values(entry))


def fingerprint_of(entry: Transaction) -> bytes:
    """The fingerprint of the request that an entry was the answer to."""
    if entry.reverses is None:
        return trade_fingerprint(stated_trade(entry))
    return reversal_fingerprint(entry.reverses, entry.reason or "")


class StoredAnswer(NamedTuple):
    """What the MAC of an accepted entry covers, as stored values: UUIDs are 16 bytes, instants are microseconds.

    `known` has the values of KNOWN_FIELDS, and `stated` those of a Trade.
    """

    transaction_id: bytes
    reverses: bytes | None
    reason: str | None
    known: tuple[Any, ...]
    stated: tuple[Any, ...]

    @property
    def fingerprint(self) -> bytes:
        """The fingerprint of the request that the entry was the answer to, as `fingerprint_of` makes it."""
        if self.reverses is None:
            return _digest(_json_of_plain(self.stated))
        return _digest(json.dumps((self.reverses.hex(), self.reason or "")))

    @property
    def outcomes(self) -> Sequence[bytes]:
        """The outcomes that a MAC may cover, as `outcomes_of` makes them."""
        return _outcomes(self.transaction_id, *_known_text_plain(self.known))


def _digest(text: str) -> bytes:
    digest = _BLANK.copy()  # Copying a prepared state takes two thirds of the time of making a new one.
    digest.update(text.encode())
    return digest.digest()


_BLANK = hashlib.blake2b(digest_size=DIGEST_BYTES)
