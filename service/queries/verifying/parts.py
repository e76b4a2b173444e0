"""The parts of a verification that two processes may do side by side, in the order in which their faults are told."""

import functools
from collections.abc import Sequence

from service.ledger import Ledger
from service.queries.verifying.allowances import verify_allowances
from service.queries.verifying.beside import Helper, Part, run_part
from service.queries.verifying.cells import TellFault, verify_processing_cells
from service.queries.verifying.enterprises import verify_enterprises
from service.queries.verifying.keys import verify_answers, verify_entries_have_keys
from service.queries.verifying.processing_batches import verify_processing_batches
from service.queries.verifying.resuming import NOTHING_VERIFIED, find_verified
from service.queries.verifying.splits import verify_declarants, verify_splits
from service.queries.verifying.transfers import verify_goods, verify_transfers
from service.storage import blocks
from service.storage.engine import Connection
from service.storage.processing_cells import FoldedUpTo


def parts_of(*, resuming: bool, tell: TellFault) -> Sequence[Part]:
    """The parts behind the chain and the cells of trade. The last one returns what `do_parts` returns."""
    return (
        functools.partial(_verify_keys, resuming, 0),
        functools.partial(_verify_keys, resuming, 1),
        _verify_allowances,
        functools.partial(_verify_transfers, tell),
    )


def do_parts(
    parts: Sequence[Part], connection: Connection, ledger: Ledger, beside: Helper | None
) -> tuple[int, FoldedUpTo]:
    """Does all parts, some of them in the other process. Returns the number of transfers, and how far they are folded.

    Raises the first error by the order of the parts.
    """
    if beside is None:
        outcomes = [run_part(parts, place, connection, ledger) for place in range(len(parts))]
    else:
        own = beside.to_take.run(parts, connection, ledger)
        outcomes = [*own, *beside.outcomes()]
        done = {outcome.place for outcome in outcomes}
        # When the other process has died, its parts are still to be done.
        outcomes += [run_part(parts, place, connection, ledger) for place in range(len(parts)) if place not in done]
    outcomes.sort(key=lambda one: one.place)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    transfers, folded = outcomes[-1].value
    return transfers, folded


def _verify_keys(resuming: bool, half: int, connection: Connection, ledger: Ledger) -> None:
    macs = ledger.vault.macs
    done = find_verified(connection, macs.verified) if resuming else NOTHING_VERIFIED
    verify_answers(connection, macs.answers, half, done.answered_seq)
    if half == 1:
        verify_entries_have_keys(connection)


def _verify_allowances(connection: Connection, ledger: Ledger) -> None:
    head = blocks.find_head(connection)
    verify_allowances(connection, ledger.rules.read(connection), 0 if head is None else head.last_seq)
    verify_declarants(connection)
    verify_splits(connection)


def _verify_transfers(tell: TellFault, connection: Connection, _ledger: Ledger) -> tuple[int, FoldedUpTo]:
    transfers = verify_transfers(connection, verify_enterprises(connection))
    verify_processing_batches(connection)
    verify_goods(connection)
    return transfers, verify_processing_cells(connection, tell)
