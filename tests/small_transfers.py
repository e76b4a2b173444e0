"""Sends goods of a small market on, and counts plainly what went on."""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa

from service.commands.enterprises import register_enterprise
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.cells import Key
from service.domain.enterprises import NewEnterprise, enterprise_id
from service.domain.groups import group_id
from service.domain.periods import Period
from service.domain.processing_cells import PROCESSING_DIMENSIONS
from service.domain.processing_cube import ProcessingSelection, ProcessingTotals
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import GoneOn, NewTransfer, Purpose
from service.ledger import Ledger
from service.storage import transferred
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


def live_imports(connection: sa.Connection, up_to: datetime.date) -> Sequence[int]:
    """The places of the imports of a day and of days before, in order, without those that were reversed."""
    reversal = journal.alias("reversal")
    is_reversed = sa.select(reversal.c.seq).where(reversal.c.reverses == journal.c.transaction_id).exists()
    wanted = sa.select(journal.c.seq).where(
        journal.c.direction == "import", journal.c.reverses.is_(None), journal.c.day <= up_to, ~is_reversed
    )
    return connection.execute(wanted.order_by(journal.c.seq)).scalars().all()


def send_on(
    ledger: Ledger,
    enterprise: int,
    purpose: Purpose,
    transferred_on: datetime.date,
    wanted: Mapping[int, int],
    paid_fen: int | None = None,
) -> int:
    """Posts a transfer of grams by place, as far as they are left, and returns its number; 0 when none are left."""
    with ledger.database.reading() as connection:
        gone = transferred.find_gone(connection, wanted)
        chosen = sa.select(journal.c.seq, journal.c.transaction_id, journal.c.quantity_g).where(
            journal.c.seq.in_(wanted)
        )
        trades = connection.execute(chosen.order_by(journal.c.seq)).all()
    left = {trade.seq: trade.quantity_g - gone.get(trade.seq, GoneOn()).quantity_g for trade in trades}
    lines = [
        WantedLine(trade.transaction_id, min(wanted[trade.seq], left[trade.seq]))
        for trade in trades
        if left[trade.seq] > 0
    ]
    if not lines:
        return 0
    stated = NewTransfer(enterprise, purpose, transferred_on, paid_fen, None, None)
    return post_transfer(ledger, stated, StatedGoods.of_trades(lines)).transfer.number


def call_back(ledger: Ledger, number: int) -> None:
    """Posts the reversal of a transfer."""
    reverse_transfer(ledger, number, "x")


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
