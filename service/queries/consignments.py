"""Looks up consignments with what of them is split and left, and proposes splits; each time in one snapshot."""

import functools
from collections.abc import Sequence

from service.domain.consignments import ConsignmentState, RegisteredConsignment, SplitTerms
from service.domain.errors import NotFound
from service.domain.macs import MacKeys
from service.domain.proposals import PROPOSAL_PURPOSE, Proposal, ProposedSplit, token_of
from service.domain.transfers import CONSIGNMENT_TRANSFERS_MAX
from service.ledger import Ledger
from service.planning import plan_split
from service.queries.residents import masked_names
from service.storage import consignments
from service.storage.consignment_transfers import find_of_consignments
from service.storage.consignments import ConsignmentFilters, ConsignmentKey
from service.storage.engine import Connection
from service.storage.resident_cache import find_eligibilities


def get_consignment(ledger: Ledger, name: ConsignmentKey) -> ConsignmentState:
    """The consignment of this name. Raises NotFound."""
    with ledger.database.reading() as connection:
        [state] = _states(connection, [_get(connection, name)])
        return state


def list_consignments(
    ledger: Ledger, filters: ConsignmentFilters, before: int | None, limit: int
) -> tuple[Sequence[ConsignmentState], int | None]:
    """A page of consignments, the newest registration first, and the number before which the next page begins."""
    with ledger.database.reading() as connection:
        found = consignments.list_page(connection, filters, before, limit + 1)
        following = found[limit - 1].number if len(found) > limit else None
        return _states(connection, found[:limit]), following


def _states(connection: Connection, registered: Sequence[RegisteredConsignment]) -> list[ConsignmentState]:
    """What is split and left of each of these consignments, and the newest transfers with goods of it."""
    names = [ConsignmentKey(one.stated.trade_point, one.stated.consignment) for one in registered]
    moved = find_of_consignments(connection, names, CONSIGNMENT_TRANSFERS_MAX)
    states = consignments.find_states(connection, registered)
    return [state._replace(transfers=found) for state, found in zip(states, moved, strict=True)]


def propose_split(ledger: Ledger, name: ConsignmentKey, terms: SplitTerms) -> ProposedSplit:
    """What posting a split by these terms would do now; nothing is written.

    Raises NotFound, and what `plan_split` raises.
    """
    with ledger.database.reading() as connection:
        registered = _get(connection, name)
        find = functools.partial(find_eligibilities, connection)
        plan = plan_split(connection, ledger, ledger.rules.read(connection), registered, terms, find)
        named = {one.entry.resident for one in plan.entries} | {one.resident for one in plan.no_room}
        proposal = Proposal(name.trade_point, name.consignment, terms, plan.digest)
        return ProposedSplit(
            token=token_of(proposal, MacKeys([ledger.vault.derive(PROPOSAL_PURPOSE)])),
            consignment=name.consignment,
            day=terms.day,
            entries=plan.entries,
            no_room=plan.no_room,
            left=plan.left,
            names=masked_names(connection, ledger, named),
        )


def _get(connection: Connection, name: ConsignmentKey) -> RegisteredConsignment:
    registered = consignments.find(connection, name)
    if registered is None:
        raise NotFound(f"{name.trade_point} has no consignment of this name.")
    return registered
