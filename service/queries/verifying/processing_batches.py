"""Checks processing batches: what was put in could be put in, and was in one live batch at a time."""

import itertools
from contextlib import closing
from operator import attrgetter

from service.domain.processing_batches import processing_batch_id
from service.domain.transfers import transfer_id
from service.queries.verifying.faults import Wrong, reading
from service.storage import recount_transfers
from service.storage.engine import Connection
from service.storage.recount_transfers import StoredInput

_TRANSFER = attrgetter("transfer")


def verify_processing_batches(connection: Connection) -> None:
    """Raises Wrong for a batch without goods, and for a transfer that could not be in its batch."""
    incomplete = recount_transfers.find_incomplete_batch(connection)
    if incomplete is not None:
        raise Wrong(f"Processing batch {processing_batch_id(incomplete)} lacks a transfer or goods that came out.")
    with closing(recount_transfers.read_inputs(connection)) as inputs:
        for transfer, own in itertools.groupby(inputs, key=_TRANSFER):
            with reading(f"A batch of transfer {transfer}"):
                before: StoredInput | None = None
                for nth, put_in in enumerate(own, 1):
                    wrong = _why_wrong(put_in) or _why_not_next(put_in, nth, before)
                    if wrong is not None:
                        batch = processing_batch_id(put_in.batch)
                        raise Wrong(f"Processing batch {batch} has transfer {transfer_id(transfer)}, {wrong}.")
                    before = put_in


def _why_wrong(put_in: StoredInput) -> str | None:
    """Why a transfer could not be in its batch, as a part of a sentence; None when it could."""
    if put_in.enterprise != put_in.batch_enterprise:
        return "which went to another enterprise"
    if put_in.purpose != "processing":
        return "which is not for processing"
    if put_in.transferred_on > put_in.processed_on:
        return "which went on after the day of processing"
    if put_in.transfer_no > put_in.batch_no:
        return "which was recorded later"
    end, batch_end = put_in.transfer_reversed_by, put_in.batch_reversed_by
    if end is not None and (end < put_in.batch_no or batch_end is None or batch_end > end):
        return "which is reversed"
    return None


def _why_not_next(put_in: StoredInput, nth: int, before: StoredInput | None) -> str | None:
    """Why a transfer could not be put in again; `before` is its batch before."""
    if before is not None and (before.batch_reversed_by is None or before.batch_reversed_by > put_in.batch_no):
        return f"which {processing_batch_id(before.batch)} had already"
    return None if put_in.nth == nth else f"numbered {put_in.nth} instead of {nth} among its batches"
