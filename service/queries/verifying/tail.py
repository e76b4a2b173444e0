"""The tail: no block seals it yet, so each of its entries is held against what was known of its resident."""

import datetime
import itertools
from collections.abc import Iterator
from contextlib import closing

from service.domain.residents import Eligibility, Membership, resident_id
from service.domain.transactions import Transaction
from service.queries.verifying.chain import entries_and_leaves
from service.queries.verifying.counting import Recount
from service.queries.verifying.faults import Wrong
from service.storage import recount
from service.storage.engine import Connection
from service.storage.recount import Residence

ENTRIES_AT_ONCE = 2000


def verify_tail(connection: Connection, counted: Recount, folded: int) -> int:
    """Counts what is in no block yet, and returns how much that is. Raises Wrong."""
    waiting = 0
    with closing(recount.entries_between(connection, folded + 1, None)) as rows:
        entries = (entry for entry, _ in entries_and_leaves(rows))
        while some := list(itertools.islice(entries, ENTRIES_AT_ONCE)):
            residences = recount.residences(connection, {entry.resident for entry in some})
            for entry in some:
                _refuse_strange(entry, residences.get(entry.resident))
            waiting += len(some)
    counted.transactions += waiting
    return waiting


def _refuse_strange(entry: Transaction, residence: Residence | None) -> None:
    """A reversal bears what its trade bears (I6), so only trades are looked at."""
    if residence is None:
        raise Wrong(f"Transaction {entry.transaction_id} is of {resident_id(entry.resident)}, who is not registered.")
    if entry.reverses is not None:
        return
    if entry.day != entry.traded_at.date():
        raise Wrong(f"Transaction {entry.transaction_id} of {entry.traded_at} is entered under {entry.day}.")
    if entry.settlement != residence.settlement or entry.group not in _groups(entry, residence):
        raise Wrong(
            f"Transaction {entry.transaction_id} is entered under settlement {entry.settlement} and group "
            f"{entry.group}, where {resident_id(entry.resident)} was not."
        )


def _groups(entry: Transaction, residence: Residence) -> Iterator[int | None]:
    """The resident's groups on the day of a trade, by what may have been recorded before it: some memberships or all.

    They are taken in the order of the register. Clocks are not asked: one that was ahead for an hour would make every
    trade of that hour wrong. Which of these groups the trade was entered under, the MAC of its answer tells (I5).
    """
    for count in range(len(residence.memberships) + 1):
        yield _group_on(entry.day, residence.memberships[:count])


def _group_on(day: datetime.date, known: list[Membership]) -> int | None:
    dated = sorted(known, key=lambda one: one.effective_on)  # Of one day, the one recorded later stays the later.
    return Eligibility(0, day, None, None, (), dated).group_on(day)
