"""Looks up transfers, each time in one snapshot."""

from collections.abc import Sequence

from service.domain.errors import NotFound
from service.domain.recorded_transfers import RecordedTransfer, TransferWithLines, no_transfer
from service.ledger import Ledger
from service.storage import transfers
from service.storage.transfers import TransferFilters


def get_transfer(ledger: Ledger, number: int, trade_point: str | None = None) -> TransferWithLines:
    """The transfer with this number. Raises NotFound, also for goods of another trade point than the caller's."""
    with ledger.database.reading() as connection:
        found = transfers.find_with_lines(connection, number)
    if found is None or trade_point not in {None, found.transfer.trade_point}:
        raise NotFound(no_transfer(number))
    return found


def list_transfers(
    ledger: Ledger, filters: TransferFilters, before: int | None, limit: int
) -> tuple[Sequence[RecordedTransfer], int | None]:
    """A page of transfers, the newest first, and the number before which the next page begins."""
    with ledger.database.reading() as connection:
        found = transfers.list_page(connection, filters, before, limit + 1)
    following = found[limit - 1].number if len(found) > limit else None
    return found[:limit], following
