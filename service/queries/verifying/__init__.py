"""Verifies a ledger: it counts everything that can be counted again from the journal, and names the first fault.

The invariants are those of docs/ARCHITECTURE.md: I1 each entry once, I2 allowances, I3 cells and tail are a recount of
the journal, I4 the chain, I5 keys and entries, I6 reversals, I7 what has gone on.
"""

from dataclasses import dataclass

from service.config import Settings
from service.domain.chain import Block
from service.ledger import Ledger
from service.queries.secrets import foreign_secrets
from service.queries.verifying.beside import Helper, is_worth_it, reading_beside, start_helper
from service.queries.verifying.cells import TellFault, raise_wrong, verify_cells
from service.queries.verifying.chain import Progress, tell_nobody, verify_chain
from service.queries.verifying.counting import Recount
from service.queries.verifying.faults import Wrong
from service.queries.verifying.keys import verify_reversals
from service.queries.verifying.parts import do_parts, parts_of
from service.queries.verifying.people import verify_facts, verify_register_heads, verify_residents
from service.queries.verifying.resuming import NOTHING_VERIFIED, find_verified
from service.queries.verifying.tail import verify_tail
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
    settings: Settings | None = None,
) -> Verified:
    """Recounts the whole ledger from one snapshot. Raises Wrong, which names the first fault.

    Raises SettingError when nothing in the ledger fits the secrets: they belong to another ledger, and so they can't
    show whether this one is right.

    `head_hash` (hex) is the hash of a block that was kept outside of the ledger. With it, verifying finds a chain that
    was cut or written again. `progress` is told of each block. When `resuming`, entries of blocks that an earlier run
    has verified are counted, and not hashed again. `tell` is given the cells that are wrong, and raises if it wants to.
    With the `settings` of the ledger, a second process does a part of the work on a large ledger.
    """
    helper = None
    if settings is not None and tell is raise_wrong and is_worth_it(ledger):
        helper = start_helper(settings, parts_of(resuming=resuming, tell=tell))
    with reading_beside(ledger, helper) as (connection, beside):
        why = why_all_foreign(connection, ledger.vault)
        if why is not None:
            raise foreign_secrets(why)
        try:
            return verify_within(
                connection, ledger, head_hash, progress=progress, tell=tell, resuming=resuming, beside=beside
            )
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
    resuming: bool = False,
    beside: Helper | None = None,
) -> Verified:
    """Recounts the ledger as an open transaction sees it, with a helper that sees the same. Raises Wrong."""
    with recount.any_text(connection):
        done = find_verified(connection, ledger.vault.macs.verified) if resuming else NOTHING_VERIFIED
        counted = Recount()
        verify_facts(connection, ledger.vault.macs.facts)
        verify_residents(connection, ledger.vault)
        head = verify_chain(connection, counted, head_hash, progress, done.hashed)
        verify_register_heads(connection)
        waiting = verify_tail(connection, counted, 0 if head is None else head.last_seq)
        cells = verify_cells(connection, counted, tell)
        verify_reversals(connection)
        transfers, folded = do_parts(parts_of(resuming=resuming, tell=tell), connection, ledger, beside)
        return Verified(counted.transactions, transfers, counted.blocks, cells, waiting, head, folded)
