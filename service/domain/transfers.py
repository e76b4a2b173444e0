"""Transfers (流转): what of the market's trades goes on to an enterprise, and how much each line of it is worth.

See docs/RULES.md, After the market.
"""

import datetime
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from service.domain.enterprises import EnterpriseKind
from service.domain.rounding import divide_half_up

Purpose = Literal["processing", "secondary_market"]
PURPOSES: tuple[Purpose, ...] = ("processing", "secondary_market")
KIND_FOR: dict[Purpose, EnterpriseKind] = {"processing": "processor", "secondary_market": "trader"}
"""The kind that an enterprise needs to take goods for a purpose."""

TRANSFER_LINES_MAX = 10_000
CONSIGNMENT_TRANSFERS_MAX = 1000
"""How many transfers a consignment names at most, the newest ones."""
TRANSFER_NUMBER_MAX = 99_999_999
DIGEST_BYTES = 32
_TRANSFER_ID = re.compile(r"T([0-9]{8})", re.ASCII)


class GoneOn(NamedTuple):
    """What of a trade has gone on by live transfers, in grams and fen."""

    quantity_g: int = 0
    amount_fen: int = 0


class TransferLine(NamedTuple):
    """A line of a transfer: its number from 1, the trade by its place in the journal, grams, fen, and what is paid.

    `paid_fen` is None when nobody has stated what the enterprise pays. `is_whole` says that the line is the whole
    trade.
    """

    no: int
    place: int
    quantity_g: int
    amount_fen: int
    paid_fen: int | None
    is_whole: bool


class NewTransfer(NamedTuple):
    """A transfer before it is recorded: to which enterprise, for what, when, and the papers. Amounts are fen."""

    enterprise: int
    purpose: Purpose
    transferred_on: datetime.date
    paid_fen: int | None
    contract: str | None
    invoice: str | None


def transfer_id(number: int) -> str:
    """The public id of a transfer: number 7 is "T00000007"."""
    return f"T{number:08d}"


def parse_transfer_id(text: str) -> int:
    """The number of a public id. Raises ValueError that says what to send."""
    match = _TRANSFER_ID.fullmatch(text)
    if match is None or match[1] == "00000000":
        raise ValueError('Send a transfer id as "T" and 8 digits, such as "T00000001".')
    return int(match[1])


def worth_of(amount_fen: int, quantity_g: int, before: GoneOn, taken_g: int) -> int:
    """The fen that `taken_g` more grams of a trade are worth, when `before` of it has gone on already.

    The trade's amount is cut by cumulative rounding, half up, as in a split. So a trade that has gone on whole has
    gone on with its whole amount, also when transfers between have been reversed. The result is never negative.
    """
    gone_g = before.quantity_g + taken_g
    assert taken_g > 0
    assert gone_g <= quantity_g
    return max(0, divide_half_up(amount_fen * gone_g, quantity_g) - before.amount_fen)


def parts_paid(paid_fen: int | None, lines: Sequence[GoneOn]) -> list[int | None]:
    """What is paid for each line, in fen: the lines' shares by their amounts, rounded cumulatively, half up.

    The parts add up to what is paid. When no line is worth anything, the shares go by weight.
    """
    if paid_fen is None:
        return [None] * len(lines)
    by_amount = any(line.amount_fen for line in lines)
    weights = [line.amount_fen if by_amount else line.quantity_g for line in lines]
    total, so_far, paid = sum(weights), 0, 0
    parts: list[int | None] = []
    for weight in weights:
        so_far += weight
        up_to_here = divide_half_up(paid_fen * so_far, total)
        parts.append(up_to_here - paid)
        paid = up_to_here
    return parts


def lines_digest(lines: Iterable[TransferLine]) -> bytes:
    """The SHA-256 digest of a transfer's lines in their order; the fact of the transfer has it."""
    digest = hashlib.sha256()
    for line in lines:
        paid = "" if line.paid_fen is None else line.paid_fen
        digest.update(f"{line.no} {line.place} {line.quantity_g} {line.amount_fen} {paid} {line.is_whole:d}\n".encode())
    return digest.digest()
