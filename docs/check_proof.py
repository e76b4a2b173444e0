"""A proof's whole check in thirty lines: python check_proof.py PROOF.json. verify_proof.py is the stricter one."""

import json
import pathlib
import struct
import sys
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

TEXTS = ("category", "commodity", "origin", "hs_code", "direction", "trade_point", "list_group", "rule_version",
         "settlement", "consignment", "vehicle_plate", "seller", "reference", "reason")  # fmt: skip
proof = json.loads(pathlib.Path(sys.argv[1]).read_bytes())
t, block = {**proof["transaction"], **proof["sealed_extra"]}, proof["block"]
shown = (t["resident_id"][1:], t["day"].replace("-", ""), (t["group_id"] or "G0")[1:],
         *(t[name].replace(".", "") for name in ("quantity_kg", "amount_cny", "exempt_cny")))  # fmt: skip
epoch, micro = datetime.fromisoformat("1970-01-01T00:00+00:00"), timedelta(microseconds=1)
traded_at, recorded_at = ((datetime.fromisoformat(t[name]) - epoch) // micro for name in ("traded_at", "recorded_at"))
texts = [None if t[name] is None else t[name].encode() for name in TEXTS]
pairs = sorted((name.encode(), text.encode()) for name, text in t["metadata"].items())
flags = (t["over_allowance"] == "refuse") + 2 * (t["group_id"] is not None) + 4 * (t["reverses"] is not None)
entry = struct.pack(
    ">BB16s16s9q14iI", 1, flags, UUID(t["transaction_id"]).bytes, UUID(t["reverses"] or 32 * "0").bytes,
    *(int(digits) for digits in shown), t["exempt_quantity_g"], traded_at, recorded_at,
    *(-1 if text is None else len(text) for text in texts), len(pairs))  # fmt: skip
entry += b"".join(filter(None, texts)) + b"".join(struct.pack(">II", len(n), len(x)) + n + x for n, x in pairs)
node = sha256(b"\x00" + entry).digest()
for step in proof["path"]:
    sibling = bytes.fromhex(step["hash"])
    node = sha256(b"\x01" + (sibling + node if step["side"] == "left" else node + sibling)).digest()
sealed_at = (datetime.fromisoformat(block["sealed_at"]) - epoch) // micro
header = b"\x02\x01" + struct.pack(">q", block["no"]) + bytes.fromhex(block["previous_hash"]) + node
header += struct.pack(">qq", block["count"], sealed_at)
sys.exit(None if sha256(header).hexdigest() == block["hash"] else "NOT VERIFIED: the block does not hold this entry")
