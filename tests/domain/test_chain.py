"""The chain: the vectors of its page, an encoding that can be read back, the trees of RFC 6962, links of blocks."""

import dataclasses
import datetime
import hashlib
import json
import re
import struct
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import chain
from service.domain.chain import encode, seal
from service.domain.merkle import Step, leaf_hash, merkle_path, merkle_root, node_hash, root_from_path
from service.domain.transactions import Transaction
from tests.domain.chain_vectors import (
    BLOCKS,
    ENTRIES,
    EPOCH,
    PAGE,
    STRATEGIES,
    VECTORS,
    answered,
    answered_today,
    leaves_of,
    texts,
    the_blocks,
    the_entries,
    transactions,
)


def decode(encoding: bytes) -> dict[str, Any]:
    """Reads an encoding back after the page's table; that it can be read back shows that it is unambiguous."""
    version, flags, own_id, reverses, *numbers = struct.unpack_from(">BB16s16s9q14iI", encoding)
    rest = encoding[166:]

    def take(length: int) -> str | None:
        nonlocal rest
        if length == -1:
            return None
        text, rest = rest[:length].decode(), rest[length:]
        return text

    found: dict[str, Any] = {name: take(n) for name, n in zip(chain.TEXT_FIELDS, numbers[9:23], strict=True)}
    metadata = {}
    for _ in range(numbers[23]):
        name_length, text_length = struct.unpack_from(">II", rest)
        rest = rest[8:]
        name = take(name_length)
        metadata[name] = take(text_length)
    later: list[Any] = []
    while rest:
        (length,) = struct.unpack_from(">i", rest)
        later.append(None if length == -1 else rest[4 : 4 + length])
        rest = rest[4 + max(0, length) :]
    assert len(later) == {1: 0, 2: 1, 3: 5}[version]
    *given, warnings = (later + 5 * [None])[:5]
    recorded_by, declarant, line, verified = [None if x is None else int.from_bytes(x, signed=True) for x in given]
    assert verified in (None, 0, 1)
    newer = [declarant, line, verified, warnings]
    assert version == (3 if newer != [None] * 4 else 1 if recorded_by is None else 2)
    resident, day, group, quantity_g, amount_fen, exempt_fen, exempt_quantity_g, traded_us, recorded_us = numbers[:9]
    return found | {
        "transaction_id": UUID(bytes=own_id), "reverses": UUID(bytes=reverses) if flags & 4 else None,
        "resident": resident, "day": datetime.date(day // 10_000, day // 100 % 100, day % 100),
        "group": group if flags & 2 else None, "refuse_over_allowance": bool(flags & 1), "metadata": metadata,
        "quantity_g": quantity_g, "amount_fen": amount_fen, "exempt_fen": exempt_fen,
        "exempt_quantity_g": exempt_quantity_g, "traded_at": EPOCH + datetime.timedelta(microseconds=traded_us),
        "recorded_at": EPOCH + datetime.timedelta(microseconds=recorded_us),
        "recorded_by": recorded_by, "declarant": declarant, "consignment_line": line,
        "rule_verified": None if verified is None else bool(verified),
        "warnings": None if warnings is None else warnings.decode(),
    }  # fmt: skip


def rfc_6962_root(leaves: list[bytes]) -> bytes:
    """The recursive definition of section 2.1, word for word, over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + rfc_6962_root(leaves[:split]) + rfc_6962_root(leaves[split:])).digest()


# The page


@pytest.mark.parametrize("place", range(4))
def test_the_entries_of_the_page_are_encoded_and_answered_as_it_says(place: int) -> None:
    vector, entry = ENTRIES[place], the_entries()[place]
    assert encode(entry).hex() == vector["encoding"]
    assert leaf_hash(encode(entry)).hex() == vector["leaf_hash"]
    assert answered(entry) == answered_today(vector["transaction"]) | {"warnings": []}


def test_the_page_takes_its_second_entry_apart_without_a_gap() -> None:
    taken_apart, offset = "", 0
    for line in VECTORS["dump"].splitlines():
        stated, part = line[:4].strip(), line[6:38].strip()
        assert stated in ("", str(offset))
        taken_apart, offset = taken_apart + part, offset + len(part) // 2
    assert taken_apart == ENTRIES[1]["encoding"]


def test_the_tables_of_the_page_follow_the_layout() -> None:
    parts = [(int(row[0]), row[1]) for row in re.findall(r"^\| (\d+) \| (\d+(?: × 4)?) \|", PAGE, re.MULTILINE)]
    entry, block = parts[: parts.index((162, "4")) + 1], parts[parts.index((162, "4")) + 1 :]
    for rows, end in ((entry, 166), (block, 114)):
        ends = [offset + (56 if size == "14 × 4" else int(size)) for offset, size in rows]
        assert [offset for offset, _ in rows] == [0, *ends[:-1]]
        assert ends[-1] == end
    assert ", ".join(f"`{name}`" for name in chain.TEXT_FIELDS) in PAGE


def test_the_tree_of_the_page_is_the_tree_of_its_entries() -> None:
    tree = json.loads(VECTORS["tree"])
    leaves = [bytes.fromhex(entry["leaf_hash"]) for entry in ENTRIES[:3]]
    assert [leaf.hex() for leaf in leaves] == tree["leaves"]
    assert node_hash(leaves[0], leaves[1]).hex() == tree["node_01"]
    assert merkle_root(leaves).hex() == tree["root"]
    assert [{"side": side, "hash": sibling.hex()} for side, sibling in merkle_path(leaves, 1)] == tree["path_of_1"]


def test_the_blocks_of_the_page_are_sealed_and_linked() -> None:
    for block, vector in zip(the_blocks(), BLOCKS, strict=True):
        assert hashlib.sha256(bytes.fromhex(vector["header"])).hexdigest() == vector["hash"] == block.hash.hex()
        assert (block.no, block.previous_hash.hex(), block.merkle_root.hex(), block.count) == (
            vector["no"], vector["previous_hash"], vector["merkle_root"], vector["count"],
        )  # fmt: skip
    assert chain.why_not_linked(None, the_blocks()[0]) is None
    assert chain.why_not_linked(*the_blocks()) is None


# The encoding


@given(transactions)
def test_an_encoding_can_be_read_back(transaction: Transaction) -> None:
    every_field = transaction._asdict()
    assert decode(encode(transaction)) == every_field


@pytest.mark.parametrize("name", sorted(STRATEGIES))
@given(transaction=transactions, data=st.data())
def test_entries_that_differ_in_one_field_have_different_bytes(
    name: str, transaction: Transaction, data: st.DataObject
) -> None:
    other = data.draw(STRATEGIES[name].filter(lambda value: value != getattr(transaction, name)))
    assert encode(transaction._replace(**{name: other})) != encode(transaction)


def test_no_field_of_an_entry_is_left_out() -> None:
    assert set(Transaction._fields) == STRATEGIES.keys()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"seller": None}, {"seller": ""}),
        ({"group": None}, {"group": 0}),
        ({"reverses": None}, {"reverses": UUID(int=0)}),
        ({"consignment": "AB", "vehicle_plate": "C"}, {"consignment": "A", "vehicle_plate": "BC"}),
        ({"seller": "A", "reference": None}, {"seller": None, "reference": "A"}),
        ({"metadata": {"ab": "c"}}, {"metadata": {"a": "bc"}}),
        ({"reason": "a", "metadata": {}}, {"reason": None, "metadata": {"a": ""}}),
    ],
)
def test_neighbours_do_not_run_into_each_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    entry = the_entries()[0]
    assert encode(entry._replace(**one)) != encode(entry._replace(**other))


@given(transactions, st.dictionaries(texts, texts, min_size=2, max_size=4))
def test_the_order_of_metadata_and_the_offset_of_an_instant_do_not_matter(
    entry: Transaction, metadata: dict[str, str]
) -> None:
    turned = dict(reversed(metadata.items()))
    in_utc = entry.recorded_at.astimezone(datetime.UTC)
    one = entry._replace(metadata=metadata)
    assert encode(one) == encode(entry._replace(metadata=turned, recorded_at=in_utc))


def test_what_does_not_fit_is_refused_instead_of_being_cut() -> None:
    entry = the_entries()[0]
    with pytest.raises(struct.error):
        encode(entry._replace(amount_fen=2**63))
    with pytest.raises(UnicodeEncodeError):
        encode(entry._replace(commodity="\ud800"))
    with pytest.raises(ValueError, match="32 bytes"):
        chain.block_hash(1, bytes(31), bytes(33), 1, 0, None)


# The tree

RFC_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
RFC_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_those_of_certificate_transparency(count: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in RFC_LEAVES[:count]]
    assert merkle_root(leaves).hex() == RFC_ROOTS[count - 1]


@pytest.mark.parametrize("count", range(1, 41))
def test_every_path_leads_to_the_root_and_no_changed_one_does(count: int) -> None:
    leaves = leaves_of(count)
    root = merkle_root(leaves)
    assert root == rfc_6962_root(leaves)
    for index, leaf in enumerate(leaves):
        path = merkle_path(leaves, index)
        assert root_from_path(leaf, path) == root
        assert root_from_path(leaf_hash(leaf), path) != root
        for place, (side, sibling) in enumerate(path):
            before, after = path[:place], path[place + 1 :]
            turned = Step("left" if side == "right" else "right", sibling)
            assert root_from_path(leaf, [*before, turned, *after]) != root
            assert root_from_path(leaf, [*before, Step(side, leaf_hash(sibling)), *after]) != root
            assert root_from_path(leaf, [*before, *after]) != root


def test_there_is_no_tree_without_leaves_and_no_path_of_a_missing_one() -> None:
    with pytest.raises(ValueError, match="at least one"):
        merkle_root([])
    for index in (-1, 3):
        with pytest.raises(IndexError):
            merkle_path(leaves_of(3), index)


# Links


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"no": 3}, "belongs"),
        ({"previous_hash": bytes(32)}, "another block before"),
        ({"merkle_root": bytes(32)}, "hash of what it states"),
        ({"count": 2}, "hash of what it states"),
        ({"sealed_at": EPOCH}, "hash of what it states"),
        ({"hash": bytes(32)}, "hash of what it states"),
    ],
)
def test_a_changed_block_is_no_link(change: dict[str, Any], found: str) -> None:
    first, second = the_blocks()
    assert found in str(chain.why_not_linked(first, dataclasses.replace(second, **change)))


def test_the_first_block_follows_nothing_and_only_the_first_does() -> None:
    first, second = the_blocks()
    assert "belongs" in str(chain.why_not_linked(None, second))
    assert "belongs" in str(chain.why_not_linked(first, first))
    assert "belongs" in str(chain.why_not_linked(None, seal(0, chain.GENESIS_HASH, leaves_of(1), EPOCH)))


def test_a_block_seals_its_entries_in_their_order_and_no_others() -> None:
    leaves = leaves_of(5)
    block = seal(1, chain.GENESIS_HASH, leaves, EPOCH)
    assert chain.why_not_sealed(block, leaves) is None
    assert "another order" in str(chain.why_not_sealed(block, leaves[::-1]))
    assert "sealed 5 entries, and 4" in str(chain.why_not_sealed(block, leaves[:4]))
    assert "other entries" in str(chain.why_not_sealed(dataclasses.replace(block, count=0), []))
