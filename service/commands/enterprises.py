"""Registers enterprises and records their dated statuses; a request that comes twice does it once."""

import datetime

from service.commands.once import Attempt, remember, writing_once
from service.domain.enterprises import (
    ENTERPRISE_NUMBER_MAX,
    Enterprise,
    NewEnterprise,
    enterprise_id,
    refuse_impossible_enterprise,
    refuse_impossible_status,
)
from service.domain.errors import EnterpriseExists, NotFound, ValidationFailed
from service.domain.personal_data import refuse_personal_data
from service.domain.residents import Status, StatusChange
from service.ledger import Ledger
from service.storage import enterprises, facts
from service.storage.engine import Connection
from service.storage.enterprises import DatedStatus


def register_enterprise(
    ledger: Ledger, stated: NewEnterprise, api_key: int, attempt: Attempt | None = None
) -> Enterprise:
    """Registers an enterprise under the next number, or returns the one that an earlier request has registered.

    Raises EnterpriseExists for a credit code that is registered, ValidationFailed for an end before the begin,
    PersonalData for a citizen number in the name or as the code, IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            return _get(connection, before["enterprise"])
        refuse_impossible_enterprise(stated)
        _refuse_known(connection, stated)
        number = enterprises.next_number(connection)
        if number > ENTERPRISE_NUMBER_MAX:
            raise ValidationFailed(f"The ledger holds {ENTERPRISE_NUMBER_MAX} enterprises at most.")
        enterprises.insert(connection, number, stated, ledger.now(), api_key)
        facts.add(connection, ledger.vault.macs.facts, "enterprise", [number])
        registered = _get(connection, number)
        remember(connection, ledger, attempt, enterprise=number, status=registered.shown_on(ledger.today()))
        return registered


def change_enterprise_status(
    ledger: Ledger,
    number: int,
    status: Status,
    reason: str,
    effective_on: datetime.date | None,
    api_key: int,
    attempt: Attempt | None = None,
) -> Enterprise:
    """Records a status of an enterprise from `effective_on` (today if None) on, and returns the enterprise.

    The rules are those of a resident's status: a cancellation is final from its day on, and does not change the days
    before; the same change a second time is a retry and adds nothing. Transfers that are recorded stay as they are.
    Raises NotFound, EnterpriseNotActive for a change that would take effect on or after a recorded cancellation,
    ValidationFailed for a day before the registration, PersonalData for a citizen number in the reason,
    IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            return _get(connection, number)
        refuse_personal_data([("/reason", reason)])
        enterprise = _get(connection, number)
        change = StatusChange(effective_on or ledger.today(), status)
        refuse_impossible_status(enterprise, change)
        dated = DatedStatus(change, reason)
        if enterprises.newest_status(connection, number) != dated:
            added = enterprises.insert_status(connection, number, dated, ledger.now(), api_key)
            facts.add(connection, ledger.vault.macs.facts, "enterprise_status", [added])
            enterprise = _get(connection, number)
        remember(connection, ledger, attempt, status=enterprise.shown_on(ledger.today()))
        return enterprise


def _refuse_known(connection: Connection, stated: NewEnterprise) -> None:
    number = enterprises.find_by_code(connection, stated.credit_code)
    if number is not None:
        known = enterprise_id(number)
        raise EnterpriseExists(f"{known} has this credit code; use it, or read the code again.", enterprise_id=known)


def _get(connection: Connection, number: int) -> Enterprise:
    enterprise = enterprises.find(connection, [number]).get(number)
    if enterprise is None:
        raise NotFound(f"No enterprise {enterprise_id(number)} is registered.")
    return enterprise
