"""Looks up what a table of deliveries names: enterprises and trades."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from service.domain.enterprises import Enterprise
from service.ledger import Ledger
from service.storage import enterprises, journal, transfers
from service.storage.enterprises import EnterpriseFilters
from service.storage.journal import Related

ENTERPRISES_MAX = 1_000_000


def enterprises_of_market(ledger: Ledger) -> Sequence[Enterprise]:
    """All enterprises that are registered, also those that are not active."""
    with ledger.database.reading() as connection:
        return enterprises.list_page(connection, EnterpriseFilters(ledger.today()), 0, ENTERPRISES_MAX)


def find_trades(ledger: Ledger, ids: Iterable[UUID], documents: Iterable[tuple[str, str]]) -> Related:
    """The entries with these ids, and those with these pairs of a trade point and a document number."""
    with ledger.database.reading() as connection:
        return journal.find_related(connection, ids, documents)


def is_reversed(ledger: Ledger, number: int) -> bool:
    """Whether a transfer has been reversed."""
    with ledger.database.reading() as connection:
        found = transfers.find(connection, number)
    return found is not None and found.reversal is not None
