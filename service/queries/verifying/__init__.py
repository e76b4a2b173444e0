"""Verifies a ledger: it counts everything that can be counted again from the journal, and names the first fault.

The invariants are those of docs/ARCHITECTURE.md: I1 each entry once, I2 allowances, I3 cells and tail are a recount of
the journal, I4 the chain, I5 keys and entries, I6 reversals, I7 what has gone on.
"""

from dataclasses import dataclass

from service.domain.chain import Block
from service.ledger import Ledger
from service.queries.secrets import foreign_secrets
from service.queries.verifying.allowances import verify_allowances
from service.queries.verifying.cells import TellFault, raise_wrong, verify_cells, verify_processing_cells
from service.queries.verifying.chain import Progress, tell_nobody, verify_chain
from service.queries.verifying.counting import Recount
from service.queries.verifying.enterprises import verify_enterprises
from service.queries.verifying.faults import Wrong
from service.queries.verifying.keys import verify_keys, verify_reversals
from service.queries.verifying.people import verify_facts, verify_register_heads, verify_residents
from service.queries.verifying.processing_batches import verify_processing_batches
from service.queries.verifying.resuming import NOTHING_VERIFIED, VerifiedBefore, find_verified
from service.queries.verifying.splits import verify_declarants, verify_splits
from service.queries.verifying.tail import verify_tail
from service.queries.verifying.transfers import verify_goods, verify_transfers
from service.storage import recount
from service.storage.blocks import SealedBlock
from service.storage.engine import Connection
from service.storage.processing_cells import NOTHING_FOLDED, FoldedUpTo
from service.vault.belonging import why_all_foreign, why_foreign

__all__ = ["Progress", "Verified", "Wrong", "tell_nobody", "verify", "verify_within"]


@dataclass(frozen=True, slots=True)
class Verified:
    """The result for a ledger without a fault: what was counted, and the newest block.

    The hash of that block is worth keeping outside of the ledger.
    """

    transactions: int
    transfers: int
    blocks: int
    cells: int
    tail: int
    sealed: SealedBlock | None
    folded: FoldedUpTo = NOTHING_FOLDED

    @property
    def head(self) -> Block | None:
        """The newest block."""
        return None if self.sealed is None else self.sealed.block


def verify(
    ledger: Ledger,
    head_hash: str | None = None,
    *,
    progress: Progress = tell_nobody,
    tell: TellFault = raise_wrong,
    resuming: bool = False,
) -> Verified:
    """Recounts the whole ledger from one snapshot. Raises Wrong, which names the first fault.

    Raises SettingError when nothing in the ledger fits the secrets: they belong to another ledger, and so they can't
    show whether this one is right.

    `head_hash` (hex) is the hash of a block that was kept outside of the ledger. With it, verifying finds a chain that
    was cut or written again. `progress` is told of each block. When `resuming`, entries of blocks that an earlier run
    has verified are counted, and not hashed again. `tell` is given the cells that are wrong, and raises if it wants to.
    """
    with ledger.database.reading() as connection:
        why = why_all_foreign(connection, ledger.vault)
        if why is not None:
            raise foreign_secrets(why)
        done = find_verified(connection, ledger.vault.macs.verified) if resuming else NOTHING_VERIFIED
        try:
            return verify_within(connection, ledger, head_hash, progress=progress, tell=tell, done=done)
        except Wrong as wrong:
            why = why_foreign(connection, ledger.vault)
            if why is None:
                raise
            raise Wrong(f"{wrong} Unless the secrets file is not the ledger's whole one: {why}.") from None


def verify_within(
    connection: Connection,
    ledger: Ledger,
    head_hash: str | None = None,
    *,
    progress: Progress = tell_nobody,
    tell: TellFault = raise_wrong,
    done: VerifiedBefore = NOTHING_VERIFIED,
) -> Verified:
    """Recounts the ledger as an open transaction sees it. Raises Wrong."""
    with recount.any_text(connection):
        counted = Recount()
        verify_facts(connection, ledger.vault.macs.facts)
        verify_residents(connection, ledger.vault)
        head = verify_chain(connection, counted, head_hash, progress, done.hashed)
        verify_register_heads(connection)
        folded = 0 if head is None else head.last_seq
        waiting = verify_tail(connection, counted, folded)
        cells = verify_cells(connection, counted, tell)
        verify_reversals(connection)
        verify_keys(connection, ledger.vault.macs.answers, done.answered_seq)
        verify_allowances(connection, ledger.rules.read(connection), folded)
        verify_declarants(connection)
        verify_splits(connection)
        transfers = verify_transfers(connection, verify_enterprises(connection))
        verify_processing_batches(connection)
        verify_goods(connection)
        folded_up_to = verify_processing_cells(connection, tell)
        return Verified(counted.transactions, transfers, counted.blocks, cells, waiting, head, folded_up_to)
