"""Reads lines of transfers as cells count them: those in no cell yet, those taken back, those that are still live.

A transfer and its fact are recorded under the lock of registrations, so transfers, reversals and facts become visible
in the order of their numbers (storage.residents.lock_registrations). So a fold of transfers waits for no writer, unlike
a fold of the journal.
"""

import functools
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.processing_cells import CountedLine, On, processing_key
from service.storage.cell_tables import known_day
from service.storage.columns import DayType, as_stored, day_number
from service.storage.processing_cells import FoldedUpTo
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import fact, journal, transfer, transfer_line, transfer_reversal


class TransferHeads(NamedTuple):
    """The newest transfer and the newest reversal of a transfer that somebody has seen."""

    transfer: int = 0
    transfer_reversal: int = 0


class TransferEvent(NamedTuple):
    """A transfer, or its reversal (a number that is not 0), with the fact that it is in the register."""

    fact: int
    transfer: int
    transfer_reversal: int
    lines: int


COUNTED = (
    journal.c.resident, transfer_line.c.place, as_stored(journal.c.day), as_stored(transfer.c.transferred_on),
    transfer_line.c.amount_fen, transfer_line.c.quantity_g, transfer_line.c.paid_fen, transfer_line.c.is_whole,
    transfer.c.enterprise, transfer.c.purpose, journal.c.category, journal.c.origin, journal.c.trade_point,
    journal.c.market_group, journal.c.settlement,
)  # fmt: skip
"""What the cells need of a line: its values and those of its key, as the driver gives them."""

LINES = transfer.join(transfer_line, transfer_line.c.transfer == transfer.c.id).join(
    journal, journal.c.seq == transfer_line.c.place
)
"""Each line of a transfer, with its transfer and its trade."""


def line_of(values: Sequence[Any], *, is_reversal: bool) -> CountedLine:
    """Makes a line of the raw values of COUNTED."""
    resident, place, traded_on, transferred_on, amount_fen, quantity_g, paid_fen, is_whole, *key = values
    return CountedLine(
        resident, place, known_day(traded_on), known_day(transferred_on), processing_key(*key),
        amount_fen, quantity_g, paid_fen or 0, bool(is_whole), is_reversal,
    )  # fmt: skip


def newest(connection: sa.Connection) -> TransferHeads:
    """The newest transfer and reversal. They are read in one statement, so that they are of one moment."""
    columns = [sa.select(sa.func.max(column)).scalar_subquery() for column in (transfer.c.id, transfer_reversal.c.id)]
    return TransferHeads(*(number or 0 for number in connection.execute(sa.select(*columns)).one()))


def find_lines(connection: sa.Connection, after: TransferHeads, up_to: TransferHeads) -> list[tuple[int, CountedLine]]:
    """The lines of newer transfers, and those of transfers that were reversed meanwhile, each with its transfer.

    A transfer that was recorded and reversed in between has its lines twice.
    """
    found: list[tuple[int, CountedLine]] = []
    for is_reversal, statement in ((False, _ADDED), (True, _REVERSED)):
        place = "transfer_reversal" if is_reversal else "transfer"
        between = {"after": getattr(after, place), "up_to": getattr(up_to, place)}
        if between["after"] < between["up_to"]:
            rows = connection.execute(statement, between).all()
            found.extend((number, line_of(values, is_reversal=is_reversal)) for number, *values in rows)
    return found


# Both ends are stated, so that PostgreSQL uses the index (storage.tail.IS_WAITING says why).
_ADDED = (
    sa.select(transfer.c.id, *COUNTED)
    .select_from(LINES)
    .where(transfer.c.id > sa.bindparam("after"), transfer.c.id <= sa.bindparam("up_to"))
)
_REVERSED = (
    sa.select(transfer.c.id, *COUNTED)
    .select_from(LINES.join(transfer_reversal, transfer_reversal.c.transfer == transfer.c.id))
    .where(transfer_reversal.c.id > sa.bindparam("after"), transfer_reversal.c.id <= sa.bindparam("up_to"))
)


def find_events(connection: sa.Connection, folded: FoldedUpTo, lines_max: int) -> list[TransferEvent]:
    """The oldest transfers and reversals that no cell has, in the order of recording.

    There is one at least, when there are any, and otherwise no more than have this number of lines together.
    """
    now = newest(connection)
    if now == folded[1:]:
        return []
    parameters = {"transfer": folded.transfer, "reversal": folded.transfer_reversal, "limit": lines_max}
    events: list[TransferEvent] = []
    lines = 0
    for row in connection.execute(_EVENTS, parameters).all():
        event = TransferEvent(*row)
        lines += event.lines
        if events and lines > lines_max:
            break
        events.append(event)
    return events


_NEW_TRANSFERS = (
    sa.select(fact.c.no, transfer.c.id, sa.literal_column("0").label("reversal"), transfer.c.lines)
    .join(transfer, sa.and_(fact.c.kind == "transfer", fact.c.id == transfer.c.id))
    .where(transfer.c.id > sa.bindparam("transfer"))
    .order_by(transfer.c.id)
    .limit(sa.bindparam("limit"))
    .subquery("new_transfers")
)
_NEW_REVERSALS = (
    sa.select(fact.c.no, transfer.c.id, transfer_reversal.c.id.label("reversal"), transfer.c.lines)
    .join(transfer_reversal, sa.and_(fact.c.kind == "transfer_reversal", fact.c.id == transfer_reversal.c.id))
    .join(transfer, transfer.c.id == transfer_reversal.c.transfer)
    .where(transfer_reversal.c.id > sa.bindparam("reversal"))
    .order_by(transfer_reversal.c.id)
    .limit(sa.bindparam("limit"))
    .subquery("new_reversals")
)
_EVENTS = sa.union_all(sa.select(_NEW_TRANSFERS), sa.select(_NEW_REVERSALS)).order_by("no").limit(sa.bindparam("limit"))


def find_live(
    connection: sa.Connection, reversed_lines: Collection[CountedLine], up_to: TransferHeads, ways: Iterable[On]
) -> list[CountedLine]:
    """The live lines that may keep a resident or a trade in a cell which a reversed line is of.

    They are the lines of the same resident and business day (`traded`), and those of the same resident that went to the
    same enterprise on the same day (`transferred`). Transfers and reversals behind `up_to` do not count.
    """
    if not reversed_lines:
        return []
    found: dict[tuple[int, int], CountedLine] = {}
    for on in ways:
        parameters = _traded_pairs(reversed_lines) if on == "traded" else _transferred_pairs(reversed_lines)
        statement = _live_statement(connection.dialect.name, on)
        for number, *values in connection.execute(statement, {**parameters, **up_to._asdict()}):
            line = line_of(values, is_reversal=False)
            found[number, line.place] = line
    return list(found.values())


def _traded_pairs(lines: Iterable[CountedLine]) -> dict[str, str]:
    pairs = {(line.resident, day_number(line.traded_on)) for line in lines}
    return {"pairs": rows_parameter({"resident": resident, "day": day} for resident, day in sorted(pairs))}


def _transferred_pairs(lines: Iterable[CountedLine]) -> dict[str, str]:
    lines = list(lines)
    pairs = {(line.key[0] or "", day_number(line.transferred_on)) for line in lines}
    residents = sorted({line.resident for line in lines})
    return {
        "pairs": rows_parameter({"enterprise": int(name[1:]), "day": day} for name, day in sorted(pairs)),
        "residents": rows_parameter({"resident": resident} for resident in residents),
    }


@functools.cache
def _live_statement(dialect: str, on: On) -> sa.Select[Any]:
    reversed_already = (
        sa.select(transfer_reversal.c.id)
        .where(
            transfer_reversal.c.transfer == transfer.c.id,
            transfer_reversal.c.id <= sa.bindparam("transfer_reversal"),
        )
        .exists()
    )
    wanted = (
        sa.select(transfer.c.id, *COUNTED)
        .select_from(_asked_of(dialect, on))
        .where(transfer.c.id <= sa.bindparam("transfer"), ~reversed_already)
    )
    if on == "transferred":
        residents = row_set(dialect, "residents", {"resident": sa.Integer})
        wanted = wanted.where(journal.c.resident.in_(sa.select(residents.c.resident)))
    return wanted


def _asked_of(dialect: str, on: On) -> sa.FromClause:
    """The lines of the pairs that are asked for, joined in the order of the indexes that find them."""
    if on == "traded":
        pairs = row_set(dialect, "pairs", {"resident": sa.Integer, "day": DayType})
        return (
            pairs.join(journal, (journal.c.resident == pairs.c.resident) & (journal.c.day == pairs.c.day))
            .join(transfer_line, transfer_line.c.place == journal.c.seq)
            .join(transfer, transfer.c.id == transfer_line.c.transfer)
        )
    pairs = row_set(dialect, "pairs", {"enterprise": sa.Integer, "day": DayType})
    is_asked = (transfer.c.enterprise == pairs.c.enterprise) & (transfer.c.transferred_on == pairs.c.day)
    return (
        pairs.join(transfer, is_asked)
        .join(transfer_line, transfer_line.c.transfer == transfer.c.id)
        .join(journal, journal.c.seq == transfer_line.c.place)
    )
