"""Registers consignments; a request that comes twice registers one."""

import datetime

from service.commands.once import Attempt, remember, writing_once
from service.domain.consignments import (
    Consignment,
    RegisteredConsignment,
    of_the_line,
    refuse_impossible_consignment,
)
from service.domain.errors import ConsignmentExists, Refusal
from service.domain.rulebook import Rulebook
from service.domain.transactions import refuse_impossible
from service.ledger import Ledger
from service.storage import consignments, facts
from service.storage.consignments import ConsignmentKey
from service.storage.engine import Connection


def register_consignment(
    ledger: Ledger, stated: Consignment, api_key: int, attempt: Attempt | None = None
) -> RegisteredConsignment:
    """Registers a consignment, or returns the one that an earlier request with the same key has registered.

    Raises PersonalData for a citizen number in a text; ValidationFailed for an arrival in the future, and for goods
    that can't be imported; CategoryHsMismatch, ConsignmentExists, IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            return _get(connection, before["consignment"])
        now = ledger.now()
        refuse_impossible_consignment(stated, now)
        _refuse_impossible_lines(stated, ledger.rules.read(connection), now)
        if consignments.find(connection, ConsignmentKey(stated.trade_point, stated.consignment)) is not None:
            raise ConsignmentExists(
                f"{stated.trade_point} has the consignment {stated.consignment!r} already; send another name, "
                "or split the one that is there."
            )
        number, lines = consignments.insert(connection, stated, now, api_key)
        facts.add(connection, ledger.vault.macs.facts, "consignment", [number])
        facts.add(connection, ledger.vault.macs.facts, "consignment_line", lines)
        remember(connection, ledger, attempt, consignment=number)
        return _get(connection, number)


def _refuse_impossible_lines(stated: Consignment, rulebook: Rulebook, now: datetime.datetime) -> None:
    """Refuses lines whose parts could not be traded on the day of the arrival."""
    for place in range(len(stated.lines)):
        trade = stated.trade_of(place, 0, stated.arrived_at)
        try:
            refuse_impossible(trade, rulebook.on(trade.day), rulebook.countries, now)
        except Refusal as refusal:
            raise of_the_line(refusal, place) from None


def _get(connection: Connection, number: int) -> RegisteredConsignment:
    registered = consignments.find_number(connection, number)
    assert registered is not None
    return registered
