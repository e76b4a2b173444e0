"""The chain: the canonical bytes of an entry, and the links between blocks.

When an entry is changed, added or dropped, its leaf changes. So the root of its block changes, and the hash of that
block and of every later one. docs/CHAIN.md describes all of it byte by byte, with a test vector, for people who check
it without this code.
"""

import datetime
import functools
import hashlib
import operator
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.domain.fields import FIRST_VERSION, ValueKind, in_sealed_order, unless_null
from service.domain.macs import MAC_BYTES
from service.domain.merkle import merkle_root
from service.domain.transactions import FIELDS, MARKET_TIME, Transaction

HASH_BYTES = 32
GENESIS_HASH = bytes(HASH_BYTES)
"""The hash that block 1 names as the hash of the block before it."""
SEALED = in_sealed_order(FIELDS)
"""The fields of an entry in the order of its canonical bytes."""

PLACES: Mapping[str, int] = {field.name: place for place, field in enumerate(SEALED)}

REFUSES_OVER_ALLOWANCE, HAS_GROUP, IS_REVERSAL = 1, 2, 4
NULL_LENGTH = -1

# The first byte of the hashed bytes says what they are, as in service.domain.merkle.
_BLOCK = b"\x02"


def _span(*kinds: ValueKind) -> slice:
    """The places in SEALED of the fields of these kinds that every version has."""
    places = [PLACES[field.name] for field in SEALED if field.kind in kinds and field.since == FIRST_VERSION]
    return slice(places[0], places[-1] + 1)


_IDS, _TEXTS = _span(ValueKind.ID), _span(ValueKind.TEXT)
_NUMBERS = _span(ValueKind.ORDINAL, ValueKind.DAY, ValueKind.MEASURE, ValueKind.INSTANT)
_LATER = slice(sum(field.since == FIRST_VERSION for field in SEALED), None)
_LATER_FIELDS = SEALED[_LATER]
_GROUP, _REFUSES, _METADATA = PLACES["group"], PLACES["refuse_over_allowance"], PLACES["metadata"]

TEXT_FIELDS = tuple(field.name for field in SEALED[_TEXTS])
"""The texts of an entry in the order of the encoding."""

DESCRIBING_TEXTS = TEXT_FIELDS.index("settlement") + 1
"""How many texts describe goods, place and rules. They are the first ones; the others mark a single entry."""

_HEADER = struct.Struct(f">BB{'16s' * len(SEALED[_IDS])}{len(SEALED[_NUMBERS])}q")
_DESCRIBING_LENGTHS = struct.Struct(f">{DESCRIBING_TEXTS}i")
_OTHER_LENGTHS = struct.Struct(f">{len(TEXT_FIELDS) - DESCRIBING_TEXTS}iI")
_PAIR_LENGTHS = struct.Struct(">II")
_LENGTH, _NUMBER = struct.Struct(">i"), struct.Struct(">q")
_BLOCK_HEADER = struct.Struct(">cBq32s32sqq")
_REGISTER_HEAD = struct.Struct(f">q{MAC_BYTES}s")
_NO_UUID = bytes(16)

# The epoch is in the market's time zone, because Python subtracts instants of one zone three times as fast as of two.
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC).astimezone(MARKET_TIME)
_MICROSECOND = datetime.timedelta(microseconds=1)
_values_of = operator.attrgetter(*PLACES)


class RegisterHead(NamedTuple):
    """The newest fact of the register: its number and its MAC, which covers all facts before it."""

    no: int
    mac: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """A link of the chain: `count` entries sealed under one Merkle root. The numbers begin at 1 and have no gaps.

    `register` is the head of the register of facts at that time; None in blocks of version 1, which did not name it.
    """

    no: int
    previous_hash: bytes
    merkle_root: bytes
    count: int
    sealed_at: datetime.datetime
    hash: bytes
    register: RegisterHead | None = None


def encode(transaction: Transaction) -> bytes:
    """The canonical bytes of an entry: all fields in a fixed order, so that two different entries never have the same.

    Raises struct.error for a number beyond 64 bits and ValueError for text that UTF-8 can't hold.
    """
    values = list(_values_of(transaction))
    for place, plain in _TO_PLAIN:
        values[place] = plain(values[place])
    return _encode_values(values)


def encode_values(values: Sequence[Any]) -> bytes:
    """The canonical bytes of an entry from its plain values in the order of SEALED.

    A fold and `hushi verify` use it, and make no entry. UUIDs are 16 bytes, a day is an integer such as 20240630,
    instants are microseconds since 1970-01-01T00:00Z, metadata may be None.
    """
    return _encode_values(values)


def _made_encoder() -> Callable[[Sequence[Any]], bytes]:
    """The function that encodes values. Its text is put together here from the fields, once.

    Slices and loops over the fields would take twice the time, and a fold and `hushi verify` encode every entry.
    """
    values = [f"value{place}" for place in range(len(SEALED))]
    transaction_id, reverses = values[_IDS]
    texts, numbers, later = values[_TEXTS], values[_NUMBERS], values[_LATER]
    described, marks = texts[:DESCRIBING_TEXTS], texts[DESCRIBING_TEXTS:]
    group, refuses, pairs = values[_GROUP], values[_REFUSES], values[_METADATA]
    encoded = "".join(f"    {mark}_text = b'' if {mark} is None else {mark}.encode()\n" for mark in marks)
    lengths = ", ".join(f"{NULL_LENGTH} if {mark} is None else len({mark}_text)" for mark in marks)
    source = (
        f"def encode(values):\n"
        f"    {', '.join(values)} = values\n"
        f"    lengths, described = describe(({', '.join(described)}))\n"
        f"    version, later = encode_later(({', '.join(later)}))\n"
        f"    flags = ({REFUSES_OVER_ALLOWANCE} if {refuses} else 0) | (0 if {group} is None else {HAS_GROUP})\n"
        f"    flags |= 0 if {reverses} is None else {IS_REVERSAL}\n"
        f"    header = pack_header(version, flags, {transaction_id}, {reverses} or no_uuid,\n"
        f"        {', '.join(f'{number} or 0' for number in numbers)})\n{encoded}"
        f"    others = pack_lengths({lengths}, len({pairs}) if {pairs} else 0)\n"
        f"    pairs = encode_pairs({pairs}) if {pairs} else b''\n"
        f"    return b''.join((header, lengths, others, described, "
        f"{', '.join(f'{mark}_text' for mark in marks)}, pairs, later))\n"
    )
    used: dict[str, Any] = {
        "describe": _described, "encode_later": _later, "pack_header": _HEADER.pack, "no_uuid": _NO_UUID,
        "pack_lengths": _OTHER_LENGTHS.pack, "encode_pairs": _encode_pairs,
    }  # fmt: skip
    exec(source, used)  # noqa: S102 (the source is made above from places of fields, and no caller's text is in it)
    encode: Callable[[Sequence[Any]], bytes] = used["encode"]
    return encode


@functools.lru_cache(maxsize=10_000)
def _later(values: tuple[Any, ...]) -> tuple[int, bytes]:
    """The version of an entry, and the bytes of the fields that later versions added, from the values of these fields.

    The version is the lowest one that has a place for all values that are not null. So an entry that was sealed before
    a field was added keeps the same bytes for ever. The length of a field's bytes stands before them.
    """
    named = list(zip(_LATER_FIELDS, values, strict=True))
    version = max((field.since for field, value in named if value is not None), default=FIRST_VERSION)
    return version, b"".join(_with_length(value) for field, value in named if field.since <= version)


def _with_length(value: bytes | str | int | None) -> bytes:
    if value is None:
        return _LENGTH.pack(NULL_LENGTH)
    if isinstance(value, str):
        value = value.encode()
    plain = value if isinstance(value, bytes) else _NUMBER.pack(value)
    return _LENGTH.pack(len(plain)) + plain


@functools.lru_cache(maxsize=10_000)
def _described(texts: tuple[str | None, ...]) -> tuple[bytes, bytes]:
    """Lengths and bytes of the describing texts. They are remembered, because few combinations come all the time."""
    encoded = [None if text is None else text.encode() for text in texts]
    lengths = _DESCRIBING_LENGTHS.pack(*[NULL_LENGTH if text is None else len(text) for text in encoded])
    return lengths, b"".join(filter(None, encoded))


def _encode_pairs(metadata: Mapping[str, str]) -> bytes:
    pairs = sorted((name.encode(), text.encode()) for name, text in metadata.items())
    return b"".join(_PAIR_LENGTHS.pack(len(name), len(text)) + name + text for name, text in pairs)


_encode_values = _made_encoder()


def _day_number(day: datetime.date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _microseconds(instant: datetime.datetime) -> int:
    # The calculation uses whole numbers only: timestamp() gives a float, which is sometimes wrong by a microsecond.
    return (instant - _EPOCH) // _MICROSECOND


_PLAIN: Mapping[ValueKind, Callable[[Any], Any]] = {
    ValueKind.ID: operator.attrgetter("bytes"),
    ValueKind.DAY: _day_number,
    ValueKind.INSTANT: _microseconds,
}
_TO_PLAIN = [(PLACES[field.name], unless_null(_PLAIN[field.kind], field)) for field in SEALED if field.kind in _PLAIN]


def seal(
    no: int,
    previous_hash: bytes,
    leaves: Sequence[bytes],
    sealed_at: datetime.datetime,
    register: RegisterHead | None = None,
) -> Block:
    """The block over these leaf hashes that follows the one with `previous_hash`. Raises ValueError without a leaf.

    With the head of the register it is a block of version 2, which seals all facts up to that head as well.
    """
    root, count = merkle_root(leaves), len(leaves)
    own_hash = block_hash(no, previous_hash, root, count, _microseconds(sealed_at), register)
    return Block(no, previous_hash, root, count, sealed_at, own_hash, register)


def block_hash(
    no: int, previous_hash: bytes, merkle_root: bytes, count: int, sealed_at_us: int, register: RegisterHead | None
) -> bytes:
    """The hash over a block's header. Raises ValueError for a hash or a MAC of another length than it must have."""
    if len(previous_hash) != HASH_BYTES or len(merkle_root) != HASH_BYTES:
        # The header's fields have a fixed width, and `pack` would silently pad or cut bytes of another length.
        raise ValueError(f"A hash has {HASH_BYTES} bytes.")
    if register is not None and len(register.mac) != MAC_BYTES:
        raise ValueError(f"A MAC has {MAC_BYTES} bytes.")
    version, facts = (1, b"") if register is None else (2, _REGISTER_HEAD.pack(*register))
    header = _BLOCK_HEADER.pack(_BLOCK, version, no, previous_hash, merkle_root, count, sealed_at_us)
    return hashlib.sha256(header + facts).digest()


def why_not_linked(previous: Block | None, block: Block) -> str | None:
    """What is wrong with a block as the one after `previous` (None: as the first one); None when nothing is wrong."""
    expected_no = 1 if previous is None else previous.no + 1
    if block.no != expected_no:
        return f"Block {block.no} stands where block {expected_no} belongs."
    if block.previous_hash != (GENESIS_HASH if previous is None else previous.hash):
        return f"Block {block.no} names another block before it than the one that is there."
    named, named_before = _facts_named(block), -1 if previous is None else _facts_named(previous)
    if named < named_before:
        return f"Block {block.no} names fewer facts of the register than the block before it."
    sealed_at_us = _microseconds(block.sealed_at)
    if block.hash != block_hash(
        block.no, block.previous_hash, block.merkle_root, block.count, sealed_at_us, block.register
    ):
        return f"Block {block.no} does not have the hash of what it states."
    return None


def _facts_named(block: Block) -> int:
    """The number of the fact that a block names; less than any number for a block of version 1."""
    return -1 if block.register is None else block.register.no


def why_not_sealed(block: Block, leaves: Sequence[bytes]) -> str | None:
    """What is wrong with these leaf hashes as the content of a block; None when the block seals exactly them."""
    wrong = why_not_so_many(block, len(leaves))
    if wrong is not None:
        return wrong
    if not leaves or merkle_root(leaves) != block.merkle_root:
        return f"Block {block.no} sealed other entries than those that are there, or another order."
    return None


def why_not_so_many(block: Block, count: int) -> str | None:
    """What is wrong with a block that has so many entries; None when that is the number that it has sealed."""
    return None if count == block.count else f"Block {block.no} sealed {block.count} entries, and {count} are there."
