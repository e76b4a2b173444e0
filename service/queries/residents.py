"""Looks up residents and groups, each time in one snapshot; names and citizen numbers are masked."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from service.domain.allowance import NO_LIST_GROUP, Rules, Use, UseKey
from service.domain.errors import NotFound
from service.domain.groups import group_id
from service.domain.residents import Eligibility, mask_citizen_number, mask_name, resident_id
from service.ledger import Ledger
from service.storage import allowance, residents
from service.storage.keys import Recorder
from service.storage.resident_cache import find_eligibilities
from service.storage.residents import Group, ResidentFilters, ResidentRow


@dataclass(frozen=True, slots=True)
class ResidentView:
    """A resident as every caller with the scope may see it: masked, with the status and the group on one day."""

    resident_id: str
    name: str
    id_number: str
    status: str
    registered_on: datetime.date
    valid_until: datetime.date | None
    settlement: str | None
    group_id: str | None
    created_at: datetime.datetime
    recorded_by: Recorder | None


@dataclass(frozen=True, slots=True)
class AllowanceView:
    """The allowance of a resident on a business day, and what is used of it, in fen and grams."""

    resident_id: str
    day: datetime.date
    limit_fen: int
    exempt_used_fen: int
    rule_version: str
    quantity_limits: Sequence["QuantityLimit"]

    @property
    def remaining_fen(self) -> int:
        """What is left of the value limit; 0 when a later rule has lowered the limit below what was used."""
        return max(0, self.limit_fen - self.exempt_used_fen)


@dataclass(frozen=True, slots=True)
class QuantityLimit:
    """The free weight of a list group, and what is used of it, in grams."""

    list_group: str
    limit_g: int
    used_g: int

    @property
    def remaining_g(self) -> int:
        """What is left of the free weight; 0 when more was used."""
        return max(0, self.limit_g - self.used_g)


def view(ledger: Ledger, row: ResidentRow) -> ResidentView:
    """The masked resident as of today."""
    eligibility, today = row.eligibility, ledger.today()
    group = eligibility.group_on(today)
    return ResidentView(
        resident_id=resident_id(eligibility.ordinal),
        name=mask_name(ledger.vault.decrypt(row.name_encrypted, eligibility.ordinal, "name")),
        id_number=mask_citizen_number(ledger.vault.decrypt(row.number_encrypted, eligibility.ordinal, "id_number")),
        status=eligibility.shown_on(today),
        registered_on=eligibility.registered_on,
        valid_until=eligibility.valid_until,
        settlement=eligibility.settlement,
        group_id=None if group is None else group_id(group),
        created_at=row.created_at,
        recorded_by=row.recorded_by,
    )


def get_resident(ledger: Ledger, ordinal: int) -> ResidentView:
    """The resident with this ordinal. Raises NotFound."""
    with ledger.database.reading() as connection:
        row = residents.find_row(connection, ordinal)
    if row is None:
        raise NotFound(f"No resident {resident_id(ordinal)} is registered.")
    return view(ledger, row)


def find_ordinal(ledger: Ledger, id_number: str) -> int | None:
    """The ordinal of the resident with a citizen number; None when nobody is registered with it."""
    with ledger.database.reading() as connection:
        return residents.find_ordinal(connection, ledger.vault.digests(id_number))


@dataclass(frozen=True, slots=True)
class KnownResident:
    """A resident whom somebody has registered before, with the name in full: only for comparing it."""

    ordinal: int
    name: str


def find_known(ledger: Ledger, id_numbers: Sequence[str]) -> dict[str, KnownResident]:
    """The residents with these citizen numbers, by the numbers."""
    number_of = {digest: number for number in id_numbers for digest in ledger.vault.digests(number)}
    with ledger.database.reading() as connection:
        found = residents.find_names(connection, list(number_of))
    return {
        number_of[digest]: KnownResident(ordinal, ledger.vault.decrypt(encrypted, ordinal, "name"))
        for digest, ordinal, encrypted in found
    }


def groups_by_name(ledger: Ledger) -> dict[str, list[int]]:
    """The ordinals of all groups by their names and by their ids. Several groups may have one name."""
    with ledger.database.reading() as connection:
        names = residents.group_names(connection)
    found: dict[str, list[int]] = {}
    for ordinal, name in sorted(names.items()):
        found.setdefault(name, []).append(ordinal)
    # An id goes before a group that is called like it.
    return found | {group_id(ordinal): [ordinal] for ordinal in names}


def eligibilities_of(ledger: Ledger, ordinals: Collection[int]) -> dict[int, Eligibility]:
    """The registration, statuses and memberships of those of these residents who exist, by their ordinals."""
    with ledger.database.reading() as connection:
        return find_eligibilities(connection, ordinals)


def find_resident(ledger: Ledger, id_number: str) -> ResidentView:
    """The resident with a citizen number. Raises NotFound, without repeating the number."""
    with ledger.database.reading() as connection:
        ordinal = residents.find_ordinal(connection, ledger.vault.digests(id_number))
        row = None if ordinal is None else residents.find_row(connection, ordinal)
    if row is None:
        raise NotFound("No resident is registered with this citizen number.")
    return view(ledger, row)


def search_residents(ledger: Ledger, form: str, limit: int) -> tuple[list[ResidentView], bool]:
    """Up to `limit` residents whose names contain a form (domain.name_search), and whether there are more of them.

    What is shown is masked, and so it leaves no record in the audit.
    """
    with ledger.name_index.turn, ledger.database.reading() as connection:
        found = ledger.name_index.up_to_date(connection, ledger.vault).find(form, limit + 1)
        rows = residents.find_rows(connection, found[:limit])
    return [view(ledger, rows[ordinal]) for ordinal in found[:limit]], len(found) > limit


def list_residents(
    ledger: Ledger, filters: ResidentFilters, after: int, limit: int
) -> tuple[list[ResidentView], int | None]:
    """Up to `limit` residents after an ordinal, and the ordinal to go on from; None at the end."""
    with ledger.database.reading() as connection:
        rows = residents.list_rows(connection, filters, after, limit + 1)
    following = rows[limit - 1].eligibility.ordinal if len(rows) > limit else None
    return [view(ledger, row) for row in rows[:limit]], following


def list_groups(ledger: Ledger, after: int, limit: int) -> tuple[Sequence[Group], int | None]:
    """Up to `limit` groups after an ordinal, and the ordinal to go on from; None at the end."""
    with ledger.database.reading() as connection:
        groups = residents.list_groups(connection, ledger.today(), after, limit + 1)
    return groups[:limit], groups[limit - 1].ordinal if len(groups) > limit else None


def name_groups(ledger: Ledger) -> dict[str, str]:
    """The names to show of all groups, by their ids: the id follows a name that an older group has already.

    A group's name to show never changes when groups are added later, so that answers in a cache stay right.
    """
    with ledger.database.reading() as connection:
        names = residents.group_names(connection)
    first: dict[str, int] = {}
    for ordinal, name in sorted(names.items()):
        first.setdefault(name, ordinal)
    return {
        group_id(ordinal): name if first[name] == ordinal else f"{name} {group_id(ordinal)}"
        for ordinal, name in names.items()
    }


def get_allowance(ledger: Ledger, ordinal: int, day: datetime.date | None) -> AllowanceView:
    """The allowance of a resident on a business day (today if None), and what is used of it. Raises NotFound."""
    on = day or ledger.today()
    with ledger.database.reading() as connection:
        if not find_eligibilities(connection, [ordinal]):
            raise NotFound(f"No resident {resident_id(ordinal)} is registered.")
        uses = allowance.used_on(connection, ordinal, on)
        rules = ledger.rules.read(connection).on(on)
    value = uses.get((ordinal, on, NO_LIST_GROUP), Use())
    return AllowanceView(
        resident_id=resident_id(ordinal),
        day=on,
        limit_fen=rules.limit_fen,
        exempt_used_fen=value.exempt_fen,
        rule_version=rules.version,
        quantity_limits=_quantity_limits(rules, uses, ordinal, on),
    )


def _quantity_limits(rules: Rules, uses: dict[UseKey, Use], ordinal: int, day: datetime.date) -> list[QuantityLimit]:
    return [
        QuantityLimit(group.name, group.free_g, uses.get((ordinal, day, group.name), Use()).quantity_g)
        for group in rules.list_groups.values()
    ]
