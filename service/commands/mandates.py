"""Gives and withdraws mandates; a request that comes twice does it once."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from service.commands.once import Attempt, remember, writing_once
from service.domain.errors import AlreadyWithdrawn, NotFound, UnknownResident, ValidationFailed
from service.domain.groups import group_id
from service.domain.mandates import (
    Mandate,
    MandatedPair,
    mandate_id,
    refuse_impossible_term,
    refuse_impossible_withdrawal,
    refuse_own_mandate,
)
from service.domain.personal_data import refuse_personal_data
from service.domain.residents import resident_id
from service.ledger import Ledger
from service.storage import facts, mandates, members, residents
from service.storage.engine import Connection
from service.storage.resident_cache import find_eligibilities


class MandateTerms(NamedTuple):
    """Who gives mandates to whom, and for which days. The residents are named, or the members of a group."""

    representative: int
    group: int | None
    residents: Sequence[int]
    valid_from: datetime.date
    valid_until: datetime.date


def give_mandates(
    ledger: Ledger, terms: MandateTerms, api_key: int, attempt: Attempt | None = None
) -> Sequence[Mandate]:
    """Records a mandate of each resident, and returns the mandates in the order of the residents.

    The residents of a group are its members on the first day, by id, without the representative. A mandate that a
    resident has given already, of the same term, and not withdrawn, is not recorded twice. Raises ValidationFailed,
    UnknownResident, IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            given = mandates.find(connection, before["mandates"])
            return [given[number]._replace(withdrawn_from=None) for number in before["mandates"]]
        refuse_impossible_term(terms.valid_from, terms.valid_until)
        pairs = [MandatedPair(terms.representative, one) for one in _givers(connection, terms)]
        known = {
            pair: next((one.number for one in found if _is_same(one, terms)), None)
            for pair, found in mandates.find_of_pairs(connection, pairs).items()
        }
        new = [pair for pair in pairs if known[pair] is None]
        added = mandates.insert(connection, new, terms.valid_from, terms.valid_until, ledger.now(), api_key)
        facts.add(connection, ledger.vault.macs.facts, "mandate", added)
        known.update(zip(new, added, strict=True))
        numbers = [number for pair in pairs if (number := known[pair]) is not None]
        remember(connection, ledger, attempt, mandates=numbers)
        found = mandates.find(connection, numbers)
        return [found[number] for number in numbers]


def withdraw_mandate(
    ledger: Ledger,
    number: int,
    effective_on: datetime.date | None,
    reason: str,
    api_key: int,
    attempt: Attempt | None = None,
) -> Mandate:
    """Ends a mandate from a day on (today if None), once. What was declared under it before stays as it is.

    Raises NotFound, AlreadyWithdrawn, ValidationFailed for a day on which the mandate does not hold, PersonalData for
    a citizen number in the reason, IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            return _get(connection, number)
        refuse_personal_data([("/reason", reason)])
        mandate = _get(connection, number)
        if mandate.withdrawn_from is not None:
            day = mandate.withdrawn_from.isoformat()
            raise AlreadyWithdrawn(f"{mandate_id(number)} is withdrawn from {day} on.", withdrawn_from=day)
        from_day = effective_on or ledger.today()
        refuse_impossible_withdrawal(mandate, from_day)
        added = mandates.insert_withdrawal(connection, number, from_day, reason, ledger.now(), api_key)
        facts.add(connection, ledger.vault.macs.facts, "mandate_withdrawal", [added])
        remember(connection, ledger, attempt, mandate=number)
        return mandate._replace(withdrawn_from=from_day)


def _givers(connection: Connection, terms: MandateTerms) -> Sequence[int]:
    """The residents who give a mandate, in order. Raises UnknownResident, ValidationFailed."""
    candidates = terms.residents
    if terms.group is not None:
        if residents.find_group(connection, terms.group, terms.valid_from) is None:
            raise ValidationFailed.of("/group_id", "unknown-group", f"No group {group_id(terms.group)} exists.")
        candidates = members.joined_before(connection, terms.group, terms.valid_from)
    found = find_eligibilities(connection, {terms.representative, *candidates})
    unknown = [resident_id(one) for one in (terms.representative, *candidates) if one not in found]
    if unknown:
        raise UnknownResident(f"Not registered: {', '.join(unknown[:10])}. No mandate was recorded.")
    if terms.group is None:
        for one in candidates:
            refuse_own_mandate(terms.representative, one)
        return candidates
    givers = [
        one
        for one in candidates
        if found[one].group_on(terms.valid_from) == terms.group and one != terms.representative
    ]
    if not givers:
        raise ValidationFailed.of(
            "/group_id",
            "no-members",
            f"{group_id(terms.group)} has no member on {terms.valid_from} beside the representative; send another day.",
        )
    return givers


def _is_same(mandate: Mandate, terms: MandateTerms) -> bool:
    term = (mandate.valid_from, mandate.valid_until)
    return mandate.withdrawn_from is None and term == (terms.valid_from, terms.valid_until)


def _get(connection: Connection, number: int) -> Mandate:
    mandate = mandates.find(connection, [number]).get(number)
    if mandate is None:
        raise NotFound(f"No mandate {mandate_id(number)} is recorded.")
    return mandate
