"""A plain recount of the journal: no cells, no tail, no bitmaps. What every report must be equal to."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pyroaring import BitMap

from service.domain.cells import Key, entry_of
from service.domain.groups import group_id
from service.domain.periods import Period
from service.domain.totals import Selection, Totals
from service.domain.transactions import Transaction
from service.ledger import Ledger
from service.storage import journal
from service.storage.tail import PLACE_MAX


def read_journal(ledger: Ledger) -> list[Transaction]:
    """Every entry, in order."""
    with ledger.database.reading() as connection:
        return journal.find_range(connection, 0, PLACE_MAX)


class PlainRecount:
    """Answers what a cube is asked, by going through all live trades for each question."""

    def __init__(self, transactions: list[Transaction]) -> None:
        """Keeps the trades that no entry among these reverses."""
        gone = {t.reverses for t in transactions if t.reverses is not None}
        live = [t for t in transactions if t.reverses is None and t.transaction_id not in gone]
        self._live = [entry_of(t, None if t.group is None else group_id(t.group)) for t in live]

    def totals(self, period: Period, selection: Selection) -> Mapping[Key, Totals]:
        """The totals of a period, by the selection's dimensions."""
        found: dict[Key, Totals] = defaultdict(Totals)
        pairs: dict[Key, set[Any]] = defaultdict(set)
        for entry in self._live:
            inside = period.start <= entry.day <= period.end
            if inside and all(entry.key[index] in values for index, values in selection.filters):
                key = tuple(entry.key[index] for index in selection.by)
                totals = found[key]
                totals.amount_fen += entry.amount_fen
                totals.exempt_fen += entry.exempt_fen
                totals.quantity_g += entry.quantity_g
                totals.transactions += 1
                pairs[key].add((entry.resident, entry.day))
        for key, totals in found.items():
            totals.participations = len(pairs[key])
            totals.residents = BitMap(resident for resident, _ in pairs[key])
        return found
