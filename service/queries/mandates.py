"""Looks up mandates."""

from collections.abc import Sequence

from service.domain.mandates import Mandate
from service.ledger import Ledger
from service.storage import mandates
from service.storage.mandates import MandateFilters


def list_mandates(
    ledger: Ledger, filters: MandateFilters, before: int | None, limit: int
) -> tuple[Sequence[Mandate], int | None]:
    """A page of mandates, newest first, and the number before which the next page begins."""
    with ledger.database.reading() as connection:
        found = mandates.list_page(connection, filters, before, limit + 1)
    following = found[limit - 1].number if len(found) > limit else None
    return found[:limit], following
