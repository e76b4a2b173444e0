"""Records what was verified: the whole ledger, the chain up to a block, and a day of cells."""

import datetime

from service.domain.chain import Block
from service.domain.integrity import WrongFigure
from service.domain.macs import verified_message
from service.ledger import Ledger
from service.storage import blocks, processing_cells, self_checks, verifications
from service.storage.columns import microseconds
from service.storage.verifications import VerifiedBlock


def record_verification(ledger: Ledger, block: int, mismatches: int) -> WrongFigure | None:
    """Records that everything up to a block was recounted and is right; GET /v1/ledger tells when.

    A fault that the self-check had found is not there any more, so reports are made again. Processes may have the
    wrong cell in memory: a repair that changed nothing is recorded, so that they drop it.

    `mismatches` counts the wrong figures that the self-check had found before the recount took its snapshot. When it
    has found one since, the recount may not have seen it: nothing is recorded, and the fault is returned.
    """
    with ledger.database.writing() as connection:
        checked = self_checks.lock(connection)
        if checked.fault is not None and checked.mismatches > mismatches:
            return checked.fault
        verifications.insert(connection, ledger.now(), block)
        if checked.fault is not None:
            self_checks.clear(connection)
            head = blocks.find_head(connection)
            at = 0 if head is None else head.block.no, processing_cells.find_folded(connection).fact
            self_checks.record_repair(connection, ledger.now(), at, (0, 0), [])
    return None


def record_verified_block(ledger: Ledger, block: Block, *, is_whole: bool) -> None:
    """Records that the entries of all blocks up to this one were hashed and are right, under a MAC.

    `is_whole` says that the run has found everything else right, too.
    """
    at = ledger.now()
    message = verified_message(block.no, block.hash, microseconds(at), is_whole=is_whole)
    with ledger.database.writing() as connection:
        record = VerifiedBlock(block.no, block.hash, at, is_whole, ledger.vault.macs.verified.mac_of(message))
        verifications.insert_block(connection, record)


def record_self_check(ledger: Ledger, day: datetime.date, fault: WrongFigure | None, repairs: int) -> bool:
    """Records that the service has recounted a day, and the first figure that was wrong, if any.

    `repairs` is the newest repair that the check has seen. When cells were repaired since, a wrong figure may be right
    now: nothing is recorded, and the answer is False.
    """
    with ledger.database.writing() as connection:
        self_checks.lock(connection)
        if fault is not None and self_checks.newest_repair(connection) != repairs:
            return False
        self_checks.record(connection, ledger.now(), day, fault)
        return True
