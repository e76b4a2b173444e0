"""Looks up enterprises, each time in one snapshot."""

from collections.abc import Iterable, Mapping, Sequence

from service.domain.enterprises import Enterprise, enterprise_id, parse_enterprise_id
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


def list_enterprises(
    ledger: Ledger, filters: EnterpriseFilters, after: int, limit: int
) -> tuple[Sequence[Enterprise], int | None]:
    """Up to `limit` enterprises after a number, in order, and the number to go on from; None at the end."""
    with ledger.database.reading() as connection:
        found = enterprises.list_page(connection, filters, after, limit + 1)
    return found[:limit], found[limit - 1].number if len(found) > limit else None


def name_enterprises(ledger: Ledger, ids: Iterable[str]) -> Mapping[str, str]:
    """The names of enterprises by their public ids."""
    numbers = [parse_enterprise_id(each) for each in ids]
    with ledger.database.reading() as connection:
        found = enterprises.find(connection, numbers)
    return {enterprise_id(number): each.name for number, each in found.items()}
