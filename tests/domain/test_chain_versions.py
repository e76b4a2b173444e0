"""Later versions of the canonical bytes and of a block: what was sealed before keeps its bytes."""

import dataclasses
import hashlib
import struct

import pytest

from service.domain import chain
from service.domain.chain import encode, seal
from service.domain.merkle import leaf_hash
from tests.domain.chain_vectors import (
    ENTRIES,
    EPOCH,
    LATER,
    REGISTER,
    answered,
    answered_today,
    leaves_of,
    the_blocks,
    the_entries,
    transaction_of,
)


def test_an_entry_that_says_who_recorded_it_is_of_version_2_and_all_others_are_what_they_were() -> None:
    vector, first = LATER[0], the_entries()[0]
    entry = transaction_of(vector["transaction"], vector["sealed_extra"])
    assert entry == first._replace(recorded_by=7)
    assert encode(entry).hex() == vector["encoding"] == "02" + ENTRIES[0]["encoding"][2:] + "00000008" + f"{7:016x}"
    assert leaf_hash(encode(entry)).hex() == vector["leaf_hash"]
    assert answered(entry) == answered_today(vector["transaction"]) | {"warnings": []}
    assert encode(entry._replace(recorded_by=None)).hex() == ENTRIES[0]["encoding"]


def test_an_entry_of_version_3_has_the_values_that_came_later_behind_the_others() -> None:
    vector, first = LATER[1], the_entries()[0]
    entry = transaction_of(vector["transaction"], vector["sealed_extra"])
    assert entry == first._replace(
        recorded_by=7, declarant=1, rule_verified=False, warnings="near-limit=97.50 weight-not-checked"
    )
    later = [f"00000008{value:016x}" for value in (7, 1)] + ["ffffffff", f"00000008{0:016x}"]
    text = entry.warnings.encode() if entry.warnings else b""
    expected = "03" + ENTRIES[0]["encoding"][2:] + "".join(later) + f"{len(text):08x}" + text.hex()
    assert encode(entry).hex() == vector["encoding"] == expected
    assert leaf_hash(encode(entry)).hex() == vector["leaf_hash"]
    shown = answered(entry)
    warned = [warning["code"] for warning in shown.pop("warnings")]
    assert warned == ["weight-not-checked", "rule-not-verified", "near-limit"]
    assert shown == vector["transaction"]


def test_a_block_of_version_2_seals_the_head_of_the_register() -> None:
    leaves, first = leaves_of(2), the_blocks()[0]
    block = seal(2, first.hash, leaves, EPOCH, REGISTER)
    header = struct.pack(">BBq32s32sqqq16s", 2, 2, 2, first.hash, block.merkle_root, 2, 0, 12, bytes(range(16)))
    assert block.hash == hashlib.sha256(header).digest()
    assert len(header) == 114
    other = dataclasses.replace(block, register=chain.RegisterHead(12, bytes(16)))
    assert "does not have the hash" in str(chain.why_not_linked(first, other))
    assert chain.why_not_linked(first, block) is None
    assert "fewer facts" in str(chain.why_not_linked(block, seal(3, block.hash, leaves, EPOCH)))
    with pytest.raises(ValueError, match="16 bytes"):
        seal(2, first.hash, leaves, EPOCH, chain.RegisterHead(12, bytes(15)))
