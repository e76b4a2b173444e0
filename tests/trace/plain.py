"""Traces goods plainly: it reads all tables, and follows line after line. A trace must be equal to this."""

import itertools
from collections import Counter
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.enterprises import enterprise_id
from service.domain.processing_batches import processing_batch_id
from service.domain.transfers import transfer_id
from service.ledger import Ledger
from service.storage import tables

Links = dict[tuple[str, str], tuple[int, int | None]]
"""Grams and fen by the nodes that a link leads from and to."""


class PlainTrace(NamedTuple):
    """What a trace must say of goods: links, trades with the grams that are traced of them, and totals."""

    links: Links
    trades: dict[int, int]
    residents: int
    transferred_g: int
    processed_g: int
    reversed_transfers: int
    reversed_batches: int


class PlainLedger:
    """All rows that a trace depends on, in memory."""

    def __init__(self, ledger: Ledger) -> None:
        """Reads them in one snapshot."""
        with ledger.database.reading() as connection:

            def rows(name: str) -> list[Any]:
                return list(connection.execute(sa.select(tables.metadata.tables[name])))

            journal = rows("journal")
            gone = {row.reverses for row in journal if row.reverses is not None}
            self.trades = {row.seq: row for row in journal if row.reverses is None and row.transaction_id not in gone}
            self.lines = rows("transfer_line")
            self.transfers = {row.id: row for row in rows("transfer")}
            self.reversed_transfers = {row.transfer for row in rows("transfer_reversal")}
            self.reversed_batches = {row.processing_batch for row in rows("processing_batch_reversal")}
            self.inputs = rows("processing_input")
            self.outputs = rows("processing_output")
        self.live = {row.transfer: row.batch for row in self.inputs if row.batch not in self.reversed_batches}

    def of_batch(self, number: int) -> PlainTrace:
        """The trace of a live batch."""
        put_in = [line for line in self.lines if self.live.get(line.transfer) == number]
        trades = Counter[int]()
        for line in put_in:
            trades[line.place] += line.quantity_g
        return self._traced(put_in, trades, put_in)

    def of_trades(self, *places: int, trade: str | None = None) -> PlainTrace:
        """The trace of live trades; `trade` is the id of the one that it is about."""
        gone = self.reversed_transfers
        lines = [line for line in self.lines if line.place in places and line.transfer not in gone]
        trades = {place: self.trades[place].quantity_g for place in places}
        return self._traced(lines, trades, [_Held(self.trades[place]) for place in places], trade)

    def _traced(
        self, lines: list[Any], trades: dict[int, int], held: list[Any], trade: str | None = None
    ) -> PlainTrace:
        grams, fen = Counter[tuple[str, str]](), Counter[tuple[str, str]]()

        def flow(goods: Any, *path: str) -> None:
            for link in itertools.pairwise(path):
                grams[link] += goods.quantity_g
                fen[link] += goods.amount_fen

        middle = [] if trade is None else [f"transactions:{trade}"]
        for goods in held:
            flow(goods, f"origin:{self.trades[goods.place].origin}", self._truck(goods.place), *middle)
        for line in lines:
            flow(line, *(middle or [self._truck(line.place)]), *self._way_on(line.transfer))
        self._add_other_goods(grams, fen)
        touching = {line.transfer for line in self.lines if line.place in trades}
        batches = {row.batch for row in self.inputs if row.transfer in touching}
        return PlainTrace(
            {link: (grams[link], fen[link]) for link in grams},
            trades,
            len({self.trades[place].resident for place in trades}),
            sum(line.quantity_g for line in lines),
            sum(line.quantity_g for line in lines if line.transfer in self.live),
            len(touching & self.reversed_transfers),
            len(batches & self.reversed_batches),
        )

    def _truck(self, place: int) -> str:
        trade = self.trades[place]
        if trade.consignment is None:
            return "transactions:without-consignment"
        return f"consignment:{trade.trade_point}:{trade.consignment}"

    def _way_on(self, transfer: int) -> list[str]:
        row = self.transfers[transfer]
        way = [f"transfer:{transfer_id(transfer)}", f"enterprise:{enterprise_id(row.enterprise)}"]
        batch = self.live.get(transfer)
        return way if batch is None else [*way, f"processing_batch:{processing_batch_id(batch)}"]

    def _add_other_goods(self, grams: Counter[tuple[str, str]], fen: Counter[tuple[str, str]]) -> None:
        for batch in set(self.live.values()):
            node = f"processing_batch:{processing_batch_id(batch)}"
            mine = [link for link in grams if link[1] == node]
            whole = [line for line in self.lines if self.live.get(line.transfer) == batch]
            other_g = sum(line.quantity_g for line in whole) - sum(grams[link] for link in mine)
            if mine and other_g:
                other = sum(line.amount_fen for line in whole) - sum(fen[link] for link in mine)
                grams["transactions:other-goods", node] = other_g
                fen["transactions:other-goods", node] = other


class _Held:
    """A trade whole, as a line would name it."""

    def __init__(self, trade: Any) -> None:
        self.place, self.quantity_g, self.amount_fen = trade.seq, trade.quantity_g, trade.amount_fen
