"""Checks enterprises, and tells what the register knew of an enterprise when a transfer was recorded."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import cast

from service.domain.enterprises import (
    ENTERPRISE_KINDS,
    Enterprise,
    enterprise_id,
    parse_credit_code,
    refuse_impossible_status,
)
from service.domain.errors import Refusal
from service.domain.residents import Status, StatusChange
from service.queries.verifying.faults import Wrong, reading
from service.storage import recount_transfers
from service.storage.columns import day_of, instant_of
from service.storage.engine import Connection
from service.storage.recount_transfers import StoredEnterprise


@dataclass(slots=True)
class EnterpriseHistory:
    """An enterprise as it was registered, and its statuses in the order of their recording, each with its fact."""

    registered: Enterprise
    fact_no: int
    statuses: list[tuple[int, StatusChange]] = field(default_factory=list)

    def as_known_at(self, fact_no: int) -> Enterprise | None:
        """The enterprise as it was when the register reached a fact; None when it was registered later."""
        if self.fact_no > fact_no:
            return None
        return self.registered._replace(statuses=_dated([change for no, change in self.statuses if no < fact_no]))


def _dated(changes: Sequence[StatusChange]) -> Sequence[StatusChange]:
    # The sort keeps statuses of one day in the order of their recording.
    return sorted(changes, key=lambda change: change.effective_on)


def verify_enterprises(connection: Connection) -> dict[int, EnterpriseHistory]:
    """The enterprises by their numbers. A market has some hundreds of them, so memory holds them all.

    Raises Wrong for a number that is skipped, for a code that is none, and for a status that could not be recorded.
    """
    histories: dict[int, EnterpriseHistory] = {}
    with closing(recount_transfers.read_enterprises(connection)) as enterprises:
        for number, stored in enumerate(enterprises, 1):
            with reading(f"Enterprise {enterprise_id(number)}"):
                if stored.id != number:
                    raise Wrong(
                        f"Enterprise {enterprise_id(number)} is missing, and {enterprise_id(stored.id)} is there."
                    )
                if parse_credit_code(stored.credit_code) != stored.credit_code:
                    raise Wrong(f"Enterprise {enterprise_id(number)} has a credit code in another spelling.")
                histories[number] = EnterpriseHistory(_registered(stored), stored.fact_no)
    with closing(recount_transfers.read_statuses(connection)) as statuses:
        for status in statuses:
            with reading(f"A status of enterprise {status.enterprise}"):
                change = StatusChange(day_of(status.effective_on), cast(Status, status.status))
                _refuse_impossible(histories[status.enterprise], status.fact_no, change)
                histories[status.enterprise].statuses.append((status.fact_no, change))
    return histories


def _refuse_impossible(history: EnterpriseHistory, fact_no: int, change: StatusChange) -> None:
    name = enterprise_id(history.registered.number)
    known = history.as_known_at(fact_no)
    if known is None:
        raise Wrong(f"Enterprise {name} had a status before it was registered.")
    try:
        refuse_impossible_status(known, change)
    except Refusal as refusal:
        raise Wrong(
            f"Enterprise {name} has the status {change.status} from {change.effective_on} on: {refusal.detail}"
        ) from None


def _registered(stored: StoredEnterprise) -> Enterprise:
    return Enterprise(
        number=stored.id,
        name=stored.name,
        credit_code=stored.credit_code,
        kinds=tuple(kind for kind in ENTERPRISE_KINDS if getattr(stored, kind)),
        valid_from=day_of(stored.valid_from),
        valid_until=None if stored.valid_until is None else day_of(stored.valid_until),
        recorded_at=instant_of(0),
        recorded_by=0,
    )
