"""A plain recount of the journal: no cells, no tail, no bitmaps. What every report must be equal to."""

import dataclasses
import datetime
import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from pyroaring import BitMap

from service.domain.cells import Key, entry_of
from service.domain.groups import group_id
from service.domain.growth import compare
from service.domain.periods import Period
from service.domain.reports import Question
from service.domain.totals import Selection, Totals
from service.domain.transactions import Transaction
from service.ledger import Ledger
from service.storage import journal
from service.storage.tables import resident, resident_group, resident_status
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
        self._live = [entry_of(t) for t in live]

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


Person = tuple[datetime.date, datetime.date | None, datetime.date | None]
"""Registered on, valid until, cancelled on."""


class PlainPeople:
    """Counts residents by going through all of them for each question."""

    def __init__(self, ledger: Ledger) -> None:
        """Reads what was recorded of everybody."""
        with ledger.database.reading() as connection:
            self._residents = connection.execute(sa.select(resident)).all()
            self._statuses = connection.execute(sa.select(resident_status)).all()
            self._memberships = connection.execute(sa.select(resident_group).order_by(resident_group.c.id)).all()

    def count(self, question: Question, key: Key, day: datetime.date, is_counted: Callable[[Person], bool]) -> int:
        """The residents under a key on a day, narrowed as the question is, that are counted."""
        filters = {name: values for name, values in question.filters if name in {"settlement", "group_id"}}
        found = 0
        for row in self._residents:
            group = self._group_on(row.ordinal, day)
            values = {"settlement": row.settlement, "group_id": None if group is None else group_id(group)}
            is_wanted = all(values[name] in wanted for name, wanted in filters.items())
            if is_wanted and tuple(values[name] for name in question.by) == key:
                found += is_counted((row.registered_on, row.valid_until, self._cancelled_on(row.ordinal)))
        return found

    def keys(self, question: Question) -> set[Key]:
        """Every key that somebody was ever under."""
        groups = [None, *{group_id(row.market_group) for row in self._memberships}]
        settlements = {row.settlement for row in self._residents}
        values = {"settlement": settlements, "group_id": groups}
        return set(itertools.product(*(values[name] for name in question.by)))

    def _group_on(self, ordinal: int, day: datetime.date) -> int | None:
        own = [row for row in self._memberships if row.resident == ordinal and row.effective_on <= day]
        return max(own, key=lambda row: (row.effective_on, row.id)).market_group if own else None

    def _cancelled_on(self, ordinal: int) -> datetime.date | None:
        cancelled = [r.effective_on for r in self._statuses if r.resident == ordinal and r.status == "cancelled"]
        return min(cancelled, default=None)

    def stock(self, question: Question, key: Key, day: datetime.date) -> int:
        """Registered on or before the day, not cancelled on or before it, not expired before it."""

        def is_in_stock(person: Person) -> bool:
            registered_on, valid_until, cancelled_on = person
            is_expired = valid_until is not None and valid_until < day
            return registered_on <= day and not is_expired and (cancelled_on is None or cancelled_on > day)

        return self.count(question, key, day, is_in_stock)

    def figures(self, question: Question, key: Key, period: Period, traded: Totals) -> dict[str, int]:
        """The measures of the residents report, of one key and period."""
        eve = period.start - datetime.timedelta(days=1)

        def within(day: datetime.date | None) -> bool:
            return day is not None and period.start <= day <= period.end

        def leaves(person: Person) -> bool:
            # Nobody leaves the stock who is not in it: a registration that expired earlier was gone before.
            _, valid_until, cancelled_on = person
            is_in = cancelled_on is not None and (
                valid_until is None or valid_until >= cancelled_on - datetime.timedelta(days=1)
            )
            return is_in and within(cancelled_on)

        pairs = traded.participations
        per_participation = Decimal(traded.amount_fen) / pairs if pairs else Decimal(0)
        return {
            "registered_at_start": self.stock(question, key, eve),
            "registered_at_end": self.stock(question, key, period.end),
            "registered_in_period": self.count(question, key, period.end, lambda person: within(person[0])),
            "cancelled_in_period": self.count(question, key, period.end, leaves),
            "participating": len(traded.residents),
            "participations": pairs,
            "amount_per_participation_fen": int(per_participation.quantize(Decimal(1), ROUND_HALF_UP)),
        }


def residents_measures(
    question: Question, people: PlainPeople, recount: PlainRecount
) -> tuple[dict[str, Any], dict[Key, dict[str, Any]]]:
    """What the residents report has to say: in total, and by key (of those that are not all zero)."""

    def measures(of: Question, key: Key) -> dict[str, Any]:
        selection = of.selection(rows=True)
        current = people.figures(of, key, of.period, recount.totals(of.period, selection).get(key, Totals()))
        if of.compare == "none" or of.base_period is None:
            return current
        traded = recount.totals(of.base_period, selection).get(key, Totals())
        base = people.figures(of, key, of.base_period, traded)
        base["registered_at_start"] = base["registered_at_end"]
        return {name: compare(value, base[name]) for name, value in current.items()}

    total = measures(dataclasses.replace(question, by=()), ())
    return total, {key: measures(question, key) for key in people.keys(question)} if question.by else {}
