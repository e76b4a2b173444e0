"""The token of a proposed split: it says how the consignment is to be split, and what came of it when it was proposed.

The ledger stores no proposal. The token goes to the caller and comes back with the request that posts the split, and a
MAC shows that nobody has changed it.
"""

import base64
import datetime
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.domain.consignments import SplitTerms
from service.domain.errors import ValidationFailed
from service.domain.macs import MAC_BYTES, MacKeys
from service.domain.splitting import LineRemainder, NoRoomReason
from service.domain.transactions import Transaction

PROPOSAL_PURPOSE = "split proposals"
"""The purpose of the key that makes the MACs of proposals."""
PROPOSAL_LENGTH_MAX = 100_000
DIGEST_BYTES = 16


class PlannedPart(NamedTuple):
    """A part of a split as it was judged; `line` is the line's place in the consignment, from 0."""

    line: int
    resident: int
    quantity_g: int
    amount_fen: int
    exempt_fen: int


class PlannedEntry(NamedTuple):
    """The entry that a part of a split becomes; `line` is the line's place in the consignment, from 0."""

    line: int
    entry: Transaction


class NoRoom(NamedTuple):
    """A resident who gets no part, and why; `detail` says it in a sentence."""

    resident: int
    why: NoRoomReason
    detail: str


class ProposedSplit(NamedTuple):
    """A split as it would be posted now: its token, its entries, what it leaves, and the residents' masked names."""

    token: str
    consignment: str
    day: datetime.date
    entries: Sequence[PlannedEntry]
    no_room: Sequence[NoRoom]
    left: Sequence[LineRemainder]
    names: Mapping[int, str]


class Proposal(NamedTuple):
    """What a token says: the consignment, the terms of the split, and a digest of its parts and of what it leaves."""

    trade_point: str
    consignment: str
    terms: SplitTerms
    digest: str


def plan_digest(parts: Sequence[PlannedPart], left: Sequence[LineRemainder]) -> str:
    """The digest of a split, with the exempt amount of each part: two splits have the same one only if all is equal."""
    return hashlib.blake2b(json.dumps([parts, left]).encode(), digest_size=DIGEST_BYTES).hexdigest()


def token_of(proposal: Proposal, mac_keys: MacKeys) -> str:
    """The token of a proposal. The same proposal always has the same token."""
    trade_point, consignment, terms, digest = proposal
    document = [trade_point, consignment, terms.day.toordinal(), *terms[1:], digest]
    body = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), level=9)
    return base64.urlsafe_b64encode(mac_keys.mac_of(body) + body).decode().rstrip("=")


def read_token(text: str, mac_keys: MacKeys) -> Proposal:
    """The proposal of a token. Raises ValidationFailed for a text that this ledger has not given out."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        raise _not_given_out() from None
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    # Other texts may stand for the same bytes, so the token must be exactly the text that was given out.
    if not mac_keys.fits(mac, body) or base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
        raise _not_given_out()
    trade_point, consignment, day, group, residents, *others, digest = json.loads(zlib.decompress(body))
    terms = SplitTerms(datetime.date.fromordinal(day), group, tuple(residents), *others)
    return Proposal(trade_point, consignment, terms, digest)


def _not_given_out() -> ValidationFailed:
    return ValidationFailed.of(
        "/proposal",
        "not-a-proposal",
        "Send the proposal exactly as the ledger gave it out; ask for a new one if it is lost.",
    )
