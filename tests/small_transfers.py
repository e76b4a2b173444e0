"""Sends goods of a small market on, straight in storage, and counts plainly what went on."""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa

from service.commands.enterprises import register_enterprise
from service.domain.cells import Key
from service.domain.enterprises import NewEnterprise, enterprise_id
from service.domain.groups import group_id
from service.domain.periods import Period
from service.domain.processing_cells import PROCESSING_DIMENSIONS
from service.domain.processing_cube import ProcessingSelection, ProcessingTotals
from service.domain.transfers import GoneOn, Purpose, TransferLine, lines_digest, parts_paid, worth_of
from service.ledger import Ledger
from service.storage import facts
from service.storage.residents import lock_registrations
from service.storage.tables import journal, transfer, transfer_line, transfer_reversal
from tests.builders import a_credit_code

REGISTERED_FROM = datetime.date(2020, 1, 1)


def register_enterprises(ledger: Ledger, count: int) -> None:
    """Registers enterprises that are processors and traders, E00000001 to E<count>."""
    for number in range(1, count + 1):
        stated = NewEnterprise(f"企业{number}", a_credit_code(number), ("processor", "trader"), REGISTERED_FROM, None)
        register_enterprise(ledger, stated, 0)


def live_lines(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Every line of a transfer that was not reversed, with its transfer and its trade."""
    gone = sa.select(transfer_reversal.c.transfer)
    wanted = (
        sa.select(
            transfer_line.c.place, transfer_line.c.quantity_g, transfer_line.c.amount_fen, transfer_line.c.paid_fen,
            transfer.c.enterprise, transfer.c.purpose, transfer.c.transferred_on, journal.c.resident, journal.c.day,
            journal.c.category, journal.c.origin, journal.c.trade_point, journal.c.market_group, journal.c.settlement,
        )
        .join(transfer, transfer.c.id == transfer_line.c.transfer)
        .join(journal, journal.c.seq == transfer_line.c.place)
        .where(transfer.c.id.not_in(gone))
    )  # fmt: skip
    return cast(list[sa.Row[Any]], connection.execute(wanted).all())


def send_on(
    ledger: Ledger,
    enterprise: int,
    purpose: Purpose,
    transferred_on: datetime.date,
    wanted: Mapping[int, int],
    paid_fen: int | None = None,
) -> int:
    """Records a transfer of grams by place, as far as they are left, and returns its number; 0 when none are."""
    with ledger.database.writing() as connection:
        lock_registrations(connection)
        lines, residents = _lines(connection, wanted, paid_fen)
        if not lines:
            return 0
        number = (connection.execute(sa.select(sa.func.max(transfer.c.id))).scalar_one() or 0) + 1
        row = {
            "id": number, "enterprise": enterprise, "purpose": purpose, "transferred_on": transferred_on,
            "paid_fen": paid_fen, "lines": len(lines), "residents": len(residents),
            "quantity_g": sum(line.quantity_g for line in lines), "amount_fen": sum(line.amount_fen for line in lines),
            "lines_digest": lines_digest(lines), "recorded_at": ledger.now(), "recorded_by": 0,
        }  # fmt: skip
        connection.execute(sa.insert(transfer).values(row))
        connection.execute(sa.insert(transfer_line), [{"transfer": number, **line._asdict()} for line in lines])
        facts.add(connection, ledger.vault.macs.facts, "transfer", [number])
        return number


def _lines(
    connection: sa.Connection, wanted: Mapping[int, int], paid_fen: int | None
) -> tuple[list[TransferLine], set[int]]:
    gone: dict[int, GoneOn] = defaultdict(GoneOn)
    for line in live_lines(connection):
        so_far = gone[line.place]
        gone[line.place] = GoneOn(so_far.quantity_g + line.quantity_g, so_far.amount_fen + line.amount_fen)
    trades = connection.execute(sa.select(journal).where(journal.c.seq.in_(wanted)).order_by(journal.c.seq)).all()
    taken, residents = [], set()
    for trade in trades:
        before = gone[trade.seq]
        quantity_g = min(wanted[trade.seq], trade.quantity_g - before.quantity_g)
        if quantity_g > 0:
            worth = worth_of(trade.amount_fen, trade.quantity_g, before, quantity_g)
            taken.append((trade.seq, GoneOn(quantity_g, worth), quantity_g == trade.quantity_g))
            residents.add(trade.resident)
    paid = parts_paid(paid_fen, [value for _, value, _ in taken])
    lines = [
        TransferLine(no, place, value.quantity_g, value.amount_fen, part, is_whole)
        for no, ((place, value, is_whole), part) in enumerate(zip(taken, paid, strict=True), 1)
    ]
    return lines, residents


def take_back(ledger: Ledger, number: int) -> None:
    """Records the reversal of a transfer."""
    with ledger.database.writing() as connection:
        lock_registrations(connection)
        row = {"transfer": number, "reason": "x", "recorded_at": ledger.now(), "recorded_by": 0}
        added = sa.insert(transfer_reversal).values(row).returning(transfer_reversal.c.id)
        facts.add(connection, ledger.vault.macs.facts, "transfer_reversal", [connection.execute(added).scalar_one()])


@dataclass
class _Plain:
    """Totals that were counted plainly: every distinct trade, resident and enterprise is kept in a set."""

    amount_fen: int = 0
    quantity_g: int = 0
    paid_fen: int = 0
    trades: set[int] = field(default_factory=set)
    residents: set[int] = field(default_factory=set)
    enterprises: set[str] = field(default_factory=set)

    @property
    def transactions(self) -> int:
        return len(self.trades)


class PlainTransfers:
    """Answers the questions that the cube of processing answers. It goes through all live lines for each question."""

    def __init__(self, ledger: Ledger) -> None:
        """Reads all live lines."""
        with ledger.database.reading() as connection:
            self._lines: Sequence[tuple[sa.Row[Any], Key]] = [(line, _key(line)) for line in live_lines(connection)]

    def totals(self, period: Period, selection: ProcessingSelection) -> Mapping[Key, ProcessingTotals]:
        """The totals of a period, by the selection's dimensions."""
        found: dict[Key, _Plain] = defaultdict(_Plain)
        for line, key in self._lines:
            day = line.day if selection.on == "traded" else line.transferred_on
            if not period.start <= day <= period.end:
                continue
            if all(key[index] in values for index, values in selection.filters):
                totals = found[tuple(key[index] for index in selection.by)]
                totals.amount_fen += line.amount_fen
                totals.quantity_g += line.quantity_g
                totals.paid_fen += line.paid_fen or 0
                totals.trades.add(line.place)
                totals.residents.add(line.resident)
                totals.enterprises.add(enterprise_id(line.enterprise))
        return cast(Mapping[Key, ProcessingTotals], found)


def _key(line: sa.Row[Any]) -> Key:
    values = {
        "enterprise_id": enterprise_id(line.enterprise),
        "group_id": None if line.market_group is None else group_id(line.market_group),
    }
    return tuple(values[name] if name in values else getattr(line, name) for name in PROCESSING_DIMENSIONS)
