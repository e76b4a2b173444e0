"""Looks up enterprises, each time in one snapshot."""

from collections.abc import Sequence

from service.domain.enterprises import Enterprise, enterprise_id
from service.domain.errors import NotFound
from service.ledger import Ledger
from service.storage import enterprises
from service.storage.enterprises import EnterpriseFilters


def get_enterprise(ledger: Ledger, number: int) -> Enterprise:
    """The enterprise with this number. Raises NotFound."""
    with ledger.database.reading() as connection:
        found = enterprises.find(connection, [number]).get(number)
    if found is None:
        raise NotFound(f"No enterprise {enterprise_id(number)} is registered.")
    return found


def find_enterprise_by_code(ledger: Ledger, credit_code: str) -> Enterprise | None:
    """The enterprise with this credit code; None when there is none."""
    with ledger.database.reading() as connection:
        number = enterprises.find_by_code(connection, credit_code)
        return None if number is None else enterprises.find(connection, [number])[number]


def list_enterprises(
    ledger: Ledger, filters: EnterpriseFilters, after: int, limit: int
) -> tuple[Sequence[Enterprise], int | None]:
    """Up to `limit` enterprises after a number, in order, and the number to go on from; None at the end."""
    with ledger.database.reading() as connection:
        found = enterprises.list_page(connection, filters, after, limit + 1)
    return found[:limit], found[limit - 1].number if len(found) > limit else None
