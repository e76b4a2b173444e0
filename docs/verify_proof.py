"""Verifies, offline, that a transaction is sealed in Hushi's ledger as it is shown. CHAIN.md describes the format.

    python verify_proof.py PROOF.json [BLOCK_HASH]        "-" instead of a file reads standard input

PROOF.json is the answer of GET /v1/transactions/{id}/proof; Python 3.11 alone is enough. A proof is worth as much as
the hash of its block: give the one that you had from elsewhere or earlier as BLOCK_HASH, or compare it yourself.
"""

import json
import pathlib
import re
import struct
import sys
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from uuid import UUID

TEXTS = ("category", "commodity", "origin", "hs_code", "direction", "trade_point", "list_group", "rule_version",
         "settlement", "consignment", "vehicle_plate", "seller", "reference", "reason")  # fmt: skip
EXTRA = {"exempt_quantity_g", "list_group"}
SHOWN = {"transaction_id", "kind", "resident_id", "quantity_kg", "amount_cny", "exempt_cny", "taxable_cny", "verdict",
         "traded_at", "day", "group_id", "over_allowance", "metadata", "reverses", "recorded_at"}  # fmt: skip
MARKET_TIME = timezone(timedelta(hours=8))
CNY, KG, DAY = r"(-?\d+)\.(\d\d)", r"(-?\d+)\.(\d{3})", r"(\d{4})-(\d\d)-(\d\d)"
RESIDENT, GROUP = r"R(\d{8})", r"G(\d+)"


def require(truth: object, otherwise: str) -> None:
    """Raises ValueError unless it is so."""
    if not truth:
        raise ValueError(otherwise)


def number(shown: str, pattern: str) -> int:
    """The digits of a value in the one form in which the ledger writes it; any other form could mislead its reader."""
    match = re.fullmatch(pattern, shown, re.ASCII)
    if match is None:
        raise ValueError(f"{shown!r} is not as the ledger writes it")
    return int("".join(match.groups()))


def microseconds(shown: str) -> int:
    """Microseconds from 1970-01-01T00:00Z to an instant."""
    instant = datetime.fromisoformat(shown).astimezone(MARKET_TIME)
    require(instant.isoformat() == shown, f"{shown!r} is not as the ledger writes it")
    return (instant - datetime(1970, 1, 1, 8, tzinfo=MARKET_TIME)) // timedelta(microseconds=1)


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. A repeated name is refused: its reader could see one value while the other is verified."""
    require(len(dict(pairs)) == len(pairs), "a name is repeated in an object")
    return dict(pairs)


def encode(shown: dict[str, Any], extra: dict[str, Any]) -> bytes:
    """The entry's canonical bytes, from nothing but what is shown. What these do not hold has to follow from them."""
    right_members = shown.keys() == SHOWN | {*TEXTS} - EXTRA and extra.keys() == EXTRA
    require(right_members, "the members of the transaction are not those that are sealed")
    amount, exempt, taxable = (number(shown[part], CNY) for part in ("amount_cny", "exempt_cny", "taxable_cny"))
    verdict = "exempt" if taxable == 0 else "taxed" if exempt == 0 else "partly_taxed"
    require(taxable == amount - exempt, "taxable_cny is not amount_cny less exempt_cny")
    require(shown["verdict"] == ("export" if shown["direction"] == "export" else verdict), "the verdict is another")
    require(shown["kind"] == ("trade" if shown["reverses"] is None else "reversal"), "the kind is another")
    texts = [None if text is None else text.encode() for text in ({**shown, **extra}[name] for name in TEXTS)]
    pairs = sorted((name.encode(), text.encode()) for name, text in shown["metadata"].items())
    group, reverses = shown["group_id"], shown["reverses"]
    flags = {"tax": 0, "refuse": 1}[shown["over_allowance"]] + 2 * (group is not None) + 4 * (reverses is not None)
    fixed = struct.pack(
        ">BB16s16s9q14iI", 1, flags, UUID(shown["transaction_id"]).bytes, UUID(reverses or 32 * "0").bytes,
        number(shown["resident_id"], RESIDENT), number(shown["day"], DAY), number(group or "G0", GROUP),
        number(shown["quantity_kg"], KG), amount, exempt, extra["exempt_quantity_g"], microseconds(shown["traded_at"]),
        microseconds(shown["recorded_at"]), *(-1 if text is None else len(text) for text in texts), len(pairs),
    )  # fmt: skip
    packed = (struct.pack(">II", len(name), len(text)) + name + text for name, text in pairs)
    return b"".join([fixed, *filter(None, texts), *packed])


def verify(proof: dict[str, Any], trusted_hash: str | None) -> None:
    """Leaf, root and block hash, each computed anew and compared. Raises ValueError at the first that differs."""
    block = proof["block"]
    node = sha256(b"\x00" + encode(proof["transaction"], proof["sealed_extra"])).digest()
    require(node.hex() == proof["leaf_hash"], "the transaction is not the one of leaf_hash")
    for step in proof["path"]:
        sibling = bytes.fromhex(step["hash"])
        node = sha256(b"\x01" + {"left": sibling + node, "right": node + sibling}[step["side"]]).digest()
    require(node.hex() == block["merkle_root"], "the path does not lead to the block's merkle_root")
    header = b"\x02\x01" + struct.pack(">q", block["no"]) + bytes.fromhex(block["previous_hash"]) + node
    header += struct.pack(">qq", block["count"], microseconds(block["sealed_at"]))
    require(sha256(header).hexdigest() == block["hash"], "the block's hash is not that of its header")
    require(trusted_hash in (None, block["hash"]), "the block's hash is not the one that you gave")


def main(source: str, trusted_hash: str | None = None) -> None:
    """Prints what was verified; exits with 1 and the reason when it was not."""
    try:
        text = sys.stdin.buffer.read() if source == "-" else pathlib.Path(source).read_bytes()
        proof = json.loads(text, object_pairs_hook=members)
        verify(proof, trusted_hash)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, struct.error) as error:
        sys.exit(f"NOT VERIFIED: {type(error).__name__}: {error}")
    shown, block = proof["transaction"], proof["block"]
    sys.stdout.write(
        f"Verified, with every field as shown: {shown['kind']} {shown['transaction_id']} of {shown['resident_id']} on "
        f"{shown['day']}, {shown['quantity_kg']} kg, {shown['amount_cny']} CNY ({shown['exempt_cny']} exempt).\n"
        f"It is one of {block['count']} entries in block {block['no']}, sealed at {block['sealed_at']}.\n"
        f"Hash of the block: {block['hash']}\n"
        f"{'This is' if trusted_hash else 'Compare it with'} the one that you had from elsewhere.\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:3] or ["-"])
