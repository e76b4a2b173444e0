"""Verifies offline that a block of Hushi's chain holds a transaction exactly as it is shown: see CHAIN.md.

    python verify_proof.py PROOF.json [BLOCK_HASH]        "-" instead of a file reads standard input

The proof is written anew from what its values mean, and has to come out as it came in: no other spelling of a value
passes, no name twice, none more and none less. It is worth as much as the hash of its block: give the one that you had
from elsewhere or earlier as BLOCK_HASH, or compare it yourself. Python 3.11 alone is enough; the check is 46 lines.
"""

import json
import pathlib
import struct
import sys
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

TEXTS = ("category", "commodity", "origin", "hs_code", "direction", "trade_point", "list_group", "rule_version",
         "settlement", "consignment", "vehicle_plate", "seller", "reference", "reason")  # fmt: skip
EPOCH, MICRO = datetime(1970, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))), timedelta(microseconds=1)


# fmt: off
def written_anew(proof):
    """The proof as the ledger writes it, from what the values in this one mean. Raises what Python does of others."""
    t, b = proof["transaction"] | proof["sealed_extra"], proof["block"]
    us = [(datetime.fromisoformat(x) - EPOCH) // MICRO for x in (t["traded_at"], t["recorded_at"], b["sealed_at"])]
    weight, amount, exempt = (int(t[name].replace(".", "")) for name in ("quantity_kg", "amount_cny", "exempt_cny"))
    resident, day, group = int(t["resident_id"][1:]), int(t["day"].replace("-", "")), int((t["group_id"] or "G0")[1:])
    own_id, reverses, used = UUID(t["transaction_id"]), UUID(t["reverses"] or 32 * "0"), t["exempt_quantity_g"]
    refuses, grouped, reversal = t["over_allowance"] == "refuse", t["group_id"] is not None, t["reverses"] is not None
    by = t.get("recorded_by")  # Its id is sealed, its name is not. Proofs from before have no such member.
    declarant = int(t.get("declarant_id", t["resident_id"])[1:])
    line, verified, warned = t.get("consignment_line"), t.get("rule_verified"), t.get("warnings")
    later = [None if declarant == resident else declarant, line, verified, warned]
    version = 3 if any(value is not None for value in later) else 1 if by is None else 2
    texts = [None if t[name] is None else t[name].encode() for name in TEXTS]
    pairs = sorted((name.encode(), text.encode()) for name, text in t["metadata"].items())
    entry = struct.pack(
        ">BB16s16s9q14iI", version, refuses + 2 * grouped + 4 * reversal, own_id.bytes, reverses.bytes,
        resident, day, group, weight, amount, exempt, used, *us[:2],
        *(-1 if text is None else len(text) for text in texts), len(pairs))
    entry += b"".join(filter(None, texts)) + b"".join(struct.pack(">II", len(n), len(x)) + n + x for n, x in pairs)
    for value in [by and by["id"], *later][: (0, 1, 5)[version - 1]]:
        plain = None if value is None else value.encode() if isinstance(value, str) else struct.pack(">q", value)
        entry += struct.pack(">i", -1) if plain is None else struct.pack(">i", len(plain)) + plain
    node = leaf = sha256(b"\0" + entry).digest()
    path = [(step["side"] == "left", bytes.fromhex(step["hash"])) for step in proof["path"]]
    for left, sibling in path:
        node = sha256(b"\1" + (sibling + node if left else node + sibling)).digest()
    register = b.get("register")  # A block of version 2 seals the head of the register of facts as well.
    facts = b"" if register is None else struct.pack(">q16s", register["no"], bytes.fromhex(register["mac"]))
    header = struct.pack(">BBq32s32sqq", 2, 2 if facts else 1, b["no"], bytes.fromhex(b["previous_hash"]), node,
                         b["count"], us[2]) + facts
    verdict = "exempt" if amount == exempt else "partly_taxed" if exempt else "taxed"
    shown = {name: t[name] for name in (*TEXTS, "metadata") if name != "list_group"} | {
        "transaction_id": str(own_id), "kind": "reversal" if reversal else "trade",
        "verdict": "export" if t["direction"] == "export" else verdict, "reverses": str(reverses) if reversal else None,
        "resident_id": f"R{resident:08}", "group_id": f"G{group:06}" if grouped else None,
        "quantity_kg": decimal(weight, 3), "amount_cny": decimal(amount, 2), "exempt_cny": decimal(exempt, 2),
        "taxable_cny": decimal(amount - exempt, 2), "day": f"{day // 10000:04}-{day // 100 % 100:02}-{day % 100:02}",
        "traded_at": instant(us[0]), "recorded_at": instant(us[1]), "over_allowance": "refuse" if refuses else "tax",
        **having(t, recorded_by=recorder(by), declarant_id=f"R{declarant:08}",
                 rule_verified=None if verified is None else bool(verified), consignment_line=line and int(line))}
    return {"transaction": shown, "sealed_extra": {
                "exempt_quantity_g": int(used), "list_group": t["list_group"], **having(t, warnings=warned)},
            "path": [{"side": "left" if left else "right", "hash": other[:32].hex()} for left, other in path],
            "leaf_hash": leaf.hex(), "block": {
                "no": int(b["no"]), "previous_hash": header[10:42].hex(), "merkle_root": node.hex(),
                "count": int(b["count"]), "sealed_at": instant(us[2]), "hash": sha256(header).hexdigest(),
                **having(b, register=register and {"no": int(register["no"]), "mac": facts[8:].hex()})}}
# fmt: on


def decimal(number, places):
    """Of 780050 fen with 2 places 7800.50."""
    whole, part = divmod(abs(number), 10**places)
    return f"{'-' if number < 0 else ''}{whole}.{part:0{places}}"


def instant(us):
    """An instant as the ledger writes it, in the market's time."""
    return (EPOCH + us * MICRO).isoformat()


def having(shown, **members):
    """The members that are shown: proofs from before the ledger had them are without."""
    return {name: value for name, value in members.items() if name in shown}


def recorder(by):
    """The API key under which an entry was recorded, as the ledger writes it."""
    return None if by is None else {"id": int(by["id"]), "name": None if by["name"] is None else str(by["name"])}


def verify(proof, trusted_hash=None):
    """Raises ValueError for a proof that comes out otherwise than it came in, and for another block than is trusted."""
    anew = written_anew(proof)
    for part, value in proof.items():
        if json.dumps(value, sort_keys=True) != json.dumps(anew.get(part), sort_keys=True):
            raise ValueError(f"{part} would have to be {json.dumps(anew.get(part), ensure_ascii=False)}")
    if proof.keys() != anew.keys():
        raise ValueError("the members are not those of a proof")
    if trusted_hash is not None and trusted_hash.lower() != anew["block"]["hash"]:
        raise ValueError("the block's hash is not the one that you gave")


def members(pairs):
    """A JSON object. A repeated name is refused: its reader could see one value while the other is verified."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name is repeated in an object")
    return dict(pairs)


def main(source, trusted_hash=None):
    """Prints what was verified; exits with 1 and the reason when it was not."""
    try:
        text = sys.stdin.buffer.read() if source == "-" else pathlib.Path(source).read_bytes()
        proof = json.loads(text, object_pairs_hook=members)
        verify(proof, trusted_hash)
    except Exception as error:  # noqa: BLE001 (whatever a forger has thought of, nothing is verified then)
        sys.exit(f"NOT VERIFIED: {type(error).__name__}: {error}")
    shown, block = proof["transaction"], proof["block"]
    by = shown.get("recorded_by")
    recorded = "Who recorded it is not said" if by is None else f"It was recorded under API key {by['id']}"
    sys.stdout.write(
        f"Verified, with every field as shown{'' if by is None else ' but the name of the key'}: "
        f"{shown['kind']} {shown['transaction_id']} of {shown['resident_id']} on {shown['day']}, "
        f"{shown['quantity_kg']} kg, {shown['amount_cny']} CNY ({shown['exempt_cny']} exempt).\n"
        f"{recorded}; of a key only the id is sealed, and not the name.\n"
        f"It is one of {block['count']} entries in block {block['no']}, sealed at {block['sealed_at']}.\n"
        f"Hash of the block: {block['hash']}\n"
        f"{'This is' if trusted_hash else 'Compare it with'} the one that you had from elsewhere.\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:3] or ["-"])
