"""Checks transfers: their lines, what each line is worth, what of each trade has gone on, and who took the goods.

Lines and trades are read as streams in the order of the transfers, and then in the order of the trades. Memory holds
the lines of one transfer, or of one trade.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from operator import attrgetter, itemgetter
from typing import cast

from service.domain.transfers import (
    KIND_FOR,
    GoneOn,
    Purpose,
    lines_digest,
    parts_paid,
    transfer_id,
    worth_of,
)
from service.queries.verifying.enterprises import EnterpriseHistory
from service.queries.verifying.faults import UNREADABLE, Wrong, reading, unreadable
from service.queries.verifying.merging import side_by_side
from service.storage import recount_transfers
from service.storage.columns import day_of
from service.storage.engine import Connection
from service.storage.raw_rows import Raw
from service.storage.recount_transfers import LineInOrder, StoredLine, StoredTransfer, TransferredRow

_TRANSFER = attrgetter("transfer")
_place_of = itemgetter(0)
"""The place of the trade, which lines and rows of what has gone on have first."""

_NOTHING_GONE = GoneOn()


def verify_transfers(connection: Connection, enterprises: Mapping[int, EnterpriseHistory]) -> int:
    """Checks every transfer, and returns their number.

    Raises Wrong for a transfer that is not what its lines add up to, or that its enterprise could not take.
    """
    count = 0
    with (
        closing(recount_transfers.read_transfers(connection)) as transfers,
        closing(recount_transfers.read_lines(connection)) as all_lines,
    ):
        groups = itertools.groupby(all_lines, key=_TRANSFER)
        number, lines = next(groups, (None, iter(())))
        for transfer in transfers:
            count += 1
            name = f"Transfer {transfer_id(transfer.id)}"
            own: list[StoredLine] = []
            if number == transfer.id:
                own = list(lines)
                number, lines = next(groups, (None, iter(())))
            with reading(f"{name}, or a line of it,"):
                _refuse_other_lines(name, transfer, own)
                _refuse_inactive(name, transfer, enterprises.get(transfer.enterprise))
    if number is not None:
        raise Wrong(f"A line is of transfer {number}, which is not there.")
    return count


def _refuse_other_lines(name: str, transfer: StoredTransfer, lines: Sequence[StoredLine]) -> None:
    """Raises Wrong when the lines are not those that the row of the transfer vouches for."""
    stated = [one.line for one in lines]
    if lines_digest(stated) != bytes(transfer.lines_digest):
        raise Wrong(f"{name} was recorded with other lines than those that are there.")
    if [line.no for line in stated] != list(range(1, transfer.lines + 1)):
        raise Wrong(f"{name} does not have the lines 1 to {transfer.lines} that it says.")
    for one in lines:
        _refuse_other_trade(f"Line {one.line.no} of transfer {transfer_id(transfer.id)}", transfer, one)
    sums = (sum(line.quantity_g for line in stated), sum(line.amount_fen for line in stated))
    if sums != (transfer.quantity_g, transfer.amount_fen):
        raise Wrong(
            f"{name} says {transfer.quantity_g} g and {transfer.amount_fen} fen, its lines {sums[0]} g and "
            f"{sums[1]} fen."
        )
    if len({one.resident for one in lines}) != transfer.residents:
        raise Wrong(f"{name} says that its goods were of {transfer.residents} residents, its trades say otherwise.")
    points = {one.trade_point for one in lines}
    if transfer.trade_point != (points.pop() if len(points) == 1 else None):
        raise Wrong(f"{name} names the trade point {transfer.trade_point}, its trades are of another or of several.")
    paid = parts_paid(transfer.paid_fen, [GoneOn(line.quantity_g, line.amount_fen) for line in stated])
    if paid != [line.paid_fen for line in stated]:
        raise Wrong(f"What is paid for {name[0].lower()}{name[1:]} is divided otherwise than by its lines.")


def _refuse_other_trade(name: str, transfer: StoredTransfer, one: StoredLine) -> None:
    """Raises Wrong when a line is of an entry that could not go on with this transfer."""
    if one.trade_seq is None:
        raise Wrong(f"{name} is of place {one.line.place} of the journal, where no entry is.")
    if one.is_reversal or not one.is_import:
        raise Wrong(f"{name} is of place {one.line.place} of the journal, where no import trade is.")
    if one.day > transfer.transferred_on:
        raise Wrong(f"{name} is of a trade of {day_of(one.day)}, which is after {day_of(transfer.transferred_on)}.")
    if transfer.consignment not in {None, one.consignment}:
        raise Wrong(f"{name} is of a trade of another consignment than the transfer.")
    if bool(one.line.is_whole) != (one.line.quantity_g == one.trade_quantity_g):
        raise Wrong(f"{name} says of a part that it is the whole trade, or of the whole that it is a part.")


def _refuse_inactive(name: str, transfer: StoredTransfer, enterprise: EnterpriseHistory | None) -> None:
    """Raises Wrong when the enterprise, as the register knew it then, could not take the goods."""
    known = None if enterprise is None else enterprise.as_known_at(transfer.fact_no)
    if known is None:
        raise Wrong(f"{name} went to enterprise {transfer.enterprise}, which was not registered then.")
    why = known.why_not_active(day_of(transfer.transferred_on), KIND_FOR[cast(Purpose, transfer.purpose)])
    if why is not None:
        raise Wrong(f"{name} went to an enterprise that could not take it on its day: it {why}.")


def verify_goods(connection: Connection) -> None:
    """Raises Wrong for a line with another worth than its trade's, and for a wrong sum of what has gone on.

    Each trade's lines are counted again in the order of the register, with the reversals of their transfers.
    """
    with (
        closing(recount_transfers.read_lines_by_trade(connection)) as lines,
        closing(recount_transfers.read_transferred(connection)) as rows,
    ):
        for place, own, counted in side_by_side("A row of what has gone on", _place_of, lines, rows):
            try:
                if not _went_on_once(own, counted):
                    both: list[LineInOrder | TransferredRow] = [
                        *map(LineInOrder._make, own),
                        *map(TransferredRow._make, counted),
                    ]
                    _verify_trade(f"The trade at place {place} of the journal", both)
            except UNREADABLE as error:
                raise unreadable(f"What has gone on of the trade at place {place} of the journal", error) from None


def _went_on_once(lines: Sequence[Raw], rows: Sequence[Raw]) -> bool:
    """Whether a trade has gone on with one line, which is right, and is counted right: most trades have."""
    if len(lines) != 1 or len(rows) != 1:
        return False
    place, _, _, gone_g, gone_fen, _, reversed_by, quantity_g, amount_fen, is_reversed = lines[0]
    return (
        reversed_by is None
        and not is_reversed
        and 0 < gone_g <= quantity_g
        and gone_fen == worth_of(amount_fen, quantity_g, _NOTHING_GONE, gone_g)
        and tuple(rows[0]) == (place, quantity_g, amount_fen, gone_g, gone_fen)
    )


def _verify_trade(name: str, both: Sequence[LineInOrder | TransferredRow]) -> None:
    lines = [one for one in both if isinstance(one, LineInOrder)]
    row = next((one for one in both if isinstance(one, TransferredRow)), None)
    if not lines:
        raise Wrong(f"{name} is counted among what has gone on, and no transfer has it.")
    gone = _count_again(name, lines)
    whole = GoneOn(lines[0].trade_quantity_g, lines[0].trade_amount_fen)
    if gone.quantity_g > 0 and lines[0].trade_is_reversed:
        raise Wrong(f"{name} is reversed, and goods of it have gone on.")
    if row is None:
        raise Wrong(f"{name} is missing among what has gone on.")
    if (row.quantity_g, row.amount_fen, row.gone_g, row.gone_fen) != (*whole, *gone):
        raise Wrong(
            f"{name} is counted with {row.gone_g} of {row.quantity_g} g and {row.gone_fen} of {row.amount_fen} fen "
            f"gone on, its transfers say {gone.quantity_g} of {whole.quantity_g} g and {gone.amount_fen} of "
            f"{whole.amount_fen} fen."
        )


def _count_again(name: str, lines: Sequence[LineInOrder]) -> GoneOn:
    """What of a trade has gone on by its live lines. Raises Wrong for a line that takes too much or is worth more."""
    gone = GoneOn()
    for line, is_reversal in _events(lines):
        if is_reversal:
            gone = GoneOn(gone.quantity_g - line.quantity_g, gone.amount_fen - line.amount_fen)
            continue
        told = f"line {line.no} of transfer {transfer_id(line.transfer)}"
        if gone.quantity_g + line.quantity_g > line.trade_quantity_g:
            raise Wrong(f"{name} has fewer goods than have gone on with {told}.")
        worth = worth_of(line.trade_amount_fen, line.trade_quantity_g, gone, line.quantity_g)
        if line.amount_fen != worth:
            raise Wrong(f"{name} went on with {told} for {line.amount_fen} fen instead of {worth} fen.")
        gone = GoneOn(gone.quantity_g + line.quantity_g, gone.amount_fen + line.amount_fen)
    return gone


def _events(lines: Iterable[LineInOrder]) -> list[tuple[LineInOrder, bool]]:
    """The lines and their reversals in the order of the register; true stands for a reversal."""
    events = [(line.fact_no, line, False) for line in lines]
    events += [(line.reversed_by, line, True) for line in lines if line.reversed_by is not None]
    return [(line, is_reversal) for _, line, is_reversal in sorted(events, key=lambda event: event[0])]
