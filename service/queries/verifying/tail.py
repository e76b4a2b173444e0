"""Checks the tail. No block seals it yet, so each entry is compared with what was recorded about its resident."""

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
    """Checks and counts the entries that are in no block yet, and returns their number. Raises Wrong."""
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
    """Raises Wrong for an entry that does not fit its resident.

    Day, settlement and group are checked for trades only, because a reversal has the values of its trade (I6).
    """
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
    """The groups that the resident may have had on the day of a trade.

    That depends on which memberships had been recorded before the trade: none, some or all, in the order of their
    recording. The times of recording are not compared: a clock that was one hour ahead would make every trade of that
    hour wrong. The MAC of the trade's answer tells under which of these groups the trade was entered (I5).
    """
    for count in range(len(residence.memberships) + 1):
        yield _group_on(entry.day, residence.memberships[:count])


def _group_on(day: datetime.date, known: list[Membership]) -> int | None:
    # The sort keeps memberships of one day in the order of their recording.
    dated = sorted(known, key=lambda one: one.effective_on)
    return Eligibility(0, day, None, None, (), dated).group_on(day)
