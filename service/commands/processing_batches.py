"""Records processing batches and their reversals; a request that comes twice under one key does it once."""

from service.commands.once import Attempt, remember, writing_once
from service.domain.errors import NotFound
from service.domain.keys import OPERATOR_KEY_ID, OPERATOR_RIGHTS, ReversalRights
from service.domain.personal_data import refuse_personal_data
from service.domain.processing_batches import (
    NewProcessingBatch,
    ProcessingBatch,
    processing_batch_id,
    refuse_impossible_batch,
    refuse_irreversible_batch,
)
from service.ledger import Ledger
from service.storage import facts, processing_batches
from service.storage.engine import Connection


def post_processing_batch(
    ledger: Ledger,
    stated: NewProcessingBatch,
    api_key: int = OPERATOR_KEY_ID,
    attempt: Attempt | None = None,
    trade_point: str | None = None,
) -> ProcessingBatch:
    """Puts transfers of one enterprise into a batch, each once, and names the goods that come out.

    `trade_point` is the only one whose transfers the caller may see, None for all. Raises NotFound for a transfer that
    does not exist; ValidationFailed for one that can't be put in, and for a day to come; TransferInBatch, PersonalData,
    IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            # The batch as it was answered: a reversal since then is not in the answer.
            return _get(connection, before["batch"], trade_point)._replace(reversal=None)
        found = processing_batches.find_to_process(connection, stated.transfers)
        refuse_impossible_batch(stated, found, ledger.today(), trade_point)
        added = processing_batches.insert(connection, stated, found, ledger.now(), api_key)
        mac_keys = ledger.vault.macs.facts
        facts.add(connection, mac_keys, "processing_batch", [added.number])
        facts.add(connection, mac_keys, "processing_input", added.inputs)
        facts.add(connection, mac_keys, "processing_output", added.outputs)
        remember(connection, ledger, attempt, batch=added.number)
        return _get(connection, added.number)


def reverse_processing_batch(
    ledger: Ledger,
    number: int,
    reason: str,
    api_key: int = OPERATOR_KEY_ID,
    rights: ReversalRights = OPERATOR_RIGHTS,
    attempt: Attempt | None = None,
) -> ProcessingBatch:
    """Reverses a batch whole, once: its transfers may be put into another batch then, or be reversed.

    Raises NotFound, PersonalData for a citizen number in the reason, Forbidden for a batch that another key has
    recorded, AlreadyReversed, IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        batch = _get(connection, number, rights.trade_point)
        if before is not None:
            return batch
        refuse_personal_data([("/reason", reason)])
        refuse_irreversible_batch(batch, api_key, rights)
        added = processing_batches.insert_reversal(connection, number, reason, ledger.now(), api_key)
        facts.add(connection, ledger.vault.macs.facts, "processing_batch_reversal", [added])
        remember(connection, ledger, attempt, batch=number)
        return _get(connection, number)


def _get(connection: Connection, number: int, trade_point: str | None = None) -> ProcessingBatch:
    batch = processing_batches.find(connection, number)
    if batch is None or trade_point not in {None, batch.trade_point}:
        raise NotFound(f"No processing batch {processing_batch_id(number)} is recorded.")
    return batch
