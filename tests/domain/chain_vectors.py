"""Shared by the tests of the chain: the vectors of docs/CHAIN.md as the code's own values, and random entries."""

import datetime
import functools
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from schemas.transactions import TransactionWriter
from service.domain import chain
from service.domain.chain import Block, encode, seal
from service.domain.merkle import leaf_hash
from service.domain.money import parse_cny, parse_kg
from service.domain.transactions import DIRECTIONS, MARKET_TIME, Transaction

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "CHAIN.md").read_text(encoding="utf-8")
VECTORS = dict(re.findall(r"^```\w+ (\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
ENTRIES: list[dict[str, Any]] = json.loads(VECTORS["entries"])
LATER: list[dict[str, Any]] = json.loads(VECTORS["later"])
BLOCKS: list[dict[str, Any]] = json.loads(VECTORS["blocks"])
PROOF: dict[str, Any] = json.loads(VECTORS["proof"])
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

integers = st.integers(-(2**63), 2**63 - 1)
texts = st.text(max_size=6)
instants = st.integers(0, 10**16).map(lambda us: (EPOCH + datetime.timedelta(microseconds=us)).astimezone(MARKET_TIME))
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "transaction_id": st.uuids(),
    "resident": st.integers(1, 99_999_999),
    "day": st.dates(datetime.date(2000, 1, 1), datetime.date(2199, 12, 31)),
    "direction": st.sampled_from(DIRECTIONS),
    **dict.fromkeys(("category", "commodity", "origin", "trade_point", "rule_version"), texts),
    **dict.fromkeys(("quantity_g", "amount_fen", "exempt_fen", "exempt_quantity_g"), integers),
    **dict.fromkeys(("hs_code", "list_group", "settlement", "consignment", "vehicle_plate"), st.none() | texts),
    **dict.fromkeys(("seller", "reference", "reason"), st.none() | texts),
    "traded_at": instants,
    "recorded_at": instants,
    "group": st.none() | st.integers(0, 999_999),
    "refuse_over_allowance": st.booleans(),
    "metadata": st.dictionaries(texts, texts, max_size=3),
    "reverses": st.none() | st.uuids(),
    "recorded_by": st.none() | st.integers(0, 2**31 - 1),
    "declarant": st.none() | st.integers(1, 99_999_999),
    "consignment_line": st.none() | st.integers(1, 10_000),
    "rule_verified": st.none() | st.booleans(),
    "warnings": st.none() | texts,
}
KEYS = {0: "operator", 7: "窗口 1"}
"""The names of API keys; the others have none."""
NO_LATER_FIELDS: dict[str, Any] = dict.fromkeys(("declarant", "consignment_line", "rule_verified", "warnings"))
transactions = st.builds(Transaction, **STRATEGIES).filter(lambda entry: entry.declarant != entry.resident)


def answered(entry: Transaction) -> dict[str, Any]:
    """The entry as it is answered."""
    return TransactionWriter().dump(entry, KEYS.get)


def answered_today(shown: dict[str, Any]) -> dict[str, Any]:
    """How an older answer is given today: with the members that came later."""
    none: dict[str, Any] = {"recorded_by": None, "consignment_line": None, "rule_verified": None}
    return none | {"declarant_id": shown["resident_id"]} | shown


def signed(parse: Callable[[str], int], text: str) -> int:
    return -parse(text[1:]) if text.startswith("-") else parse(text)


def transaction_of(shown: dict[str, Any], extra: dict[str, Any]) -> Transaction:
    """The entry of a transaction as it is answered."""
    as_shown = NO_LATER_FIELDS | {name: shown[name] for name in shown.keys() & STRATEGIES.keys()}
    declarant = shown.get("declarant_id", shown["resident_id"])
    read = {
        "transaction_id": UUID(shown["transaction_id"]),
        "resident": int(shown["resident_id"][1:]),
        "day": datetime.date.fromisoformat(shown["day"]),
        "quantity_g": signed(parse_kg, shown["quantity_kg"]),
        "amount_fen": signed(parse_cny, shown["amount_cny"]),
        "exempt_fen": signed(parse_cny, shown["exempt_cny"]),
        "traded_at": datetime.datetime.fromisoformat(shown["traded_at"]),
        "recorded_at": datetime.datetime.fromisoformat(shown["recorded_at"]),
        "group": None if shown["group_id"] is None else int(shown["group_id"][1:]),
        "refuse_over_allowance": shown["over_allowance"] == "refuse",
        "reverses": None if shown["reverses"] is None else UUID(shown["reverses"]),
        "recorded_by": None if shown.get("recorded_by") is None else shown["recorded_by"]["id"],
        "declarant": None if declarant == shown["resident_id"] else int(declarant[1:]),
    }
    return Transaction(**as_shown | read | extra)


@functools.cache
def the_entries() -> list[Transaction]:
    return [transaction_of(entry["transaction"], entry["sealed_extra"]) for entry in ENTRIES]


@functools.cache
def the_blocks() -> list[Block]:
    leaves = [leaf_hash(encode(entry)) for entry in the_entries()]
    sealed_at = [datetime.datetime.fromisoformat(block["sealed_at"]) for block in BLOCKS]
    first = seal(1, chain.GENESIS_HASH, leaves[:3], sealed_at[0])
    return [first, seal(2, first.hash, leaves[3:], sealed_at[1])]


REGISTER = chain.RegisterHead(12, bytes(range(16)))
"""The head of a register of facts."""


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(struct.pack(">q", number)) for number in range(count)]
