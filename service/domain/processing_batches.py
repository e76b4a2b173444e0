"""Processing batches (加工批次): the transfers that an enterprise puts in, and the goods that come out.

See docs/RULES.md, After the market.
"""

import datetime
import re
from collections.abc import Mapping
from typing import NamedTuple

from service.domain.enterprises import enterprise_id
from service.domain.errors import AlreadyReversed, NotFound, TransferInBatch, ValidationFailed
from service.domain.keys import ReversalRights
from service.domain.personal_data import refuse_personal_data
from service.domain.rounding import share
from service.domain.transfers import transfer_id

PROCESSING_BATCH_NUMBER_MAX = 99_999_999
BATCH_TRANSFERS_MAX = 1000
BATCH_OUTPUTS_MAX = 100
_PROCESSING_BATCH_ID = re.compile(r"B([0-9]{8})", re.ASCII)


class ProcessingOutput(NamedTuple):
    """Goods that come out of a batch, in grams; `amount_fen` is None when nobody has stated what they are worth."""

    commodity: str
    hs_code: str | None
    quantity_g: int
    amount_fen: int | None


class NewProcessingBatch(NamedTuple):
    """A batch as the caller states it: the enterprise, its transfers in their order, the day, and the outputs."""

    enterprise: int
    transfers: tuple[int, ...]
    processed_on: datetime.date
    outputs: tuple[ProcessingOutput, ...]


class TransferToProcess(NamedTuple):
    """What decides whether a transfer may be put into a batch.

    `live_batch` is the batch that it is in, None when it is in none; `nth` is 1, and one more for each reversed batch
    that it was in before.
    """

    number: int
    enterprise: int
    purpose: str
    transferred_on: datetime.date
    trade_point: str | None
    is_reversed: bool
    live_batch: int | None
    nth: int


class BatchReversal(NamedTuple):
    """The reversal of a batch: why, when, and by which API key."""

    reason: str
    recorded_at: datetime.datetime
    recorded_by: int


class ProcessingBatch(NamedTuple):
    """A batch of the ledger, with the name of its enterprise, and the grams and fen that were put in.

    `trade_point` is that of all goods; None when they are of several trade points.
    """

    number: int
    stated: NewProcessingBatch
    enterprise_name: str
    trade_point: str | None
    input_g: int
    input_fen: int
    reversal: BatchReversal | None
    recorded_at: datetime.datetime
    recorded_by: int

    @property
    def output_g(self) -> int:
        """The weight of all goods that came out, in grams."""
        return sum(output.quantity_g for output in self.stated.outputs)

    @property
    def yield_share(self) -> int:
        """The weight that came out in the weight that was put in, in hundredths of a percent, half up."""
        found = share(self.output_g, self.input_g)
        assert found is not None
        return found


def processing_batch_id(number: int) -> str:
    """The public id of a batch: number 7 is "B00000007"."""
    return f"B{number:08d}"


def parse_processing_batch_id(text: str) -> int:
    """The number of a public id. Raises ValueError that says what to send."""
    match = _PROCESSING_BATCH_ID.fullmatch(text)
    if match is None or match[1] == "00000000":
        raise ValueError('Send a processing batch id as "B" and 8 digits, such as "B00000001".')
    return int(match[1])


def refuse_impossible_batch(
    stated: NewProcessingBatch,
    found: Mapping[int, TransferToProcess],
    today: datetime.date,
    trade_point: str | None = None,
) -> None:
    """Refuses a batch that can't be: `found` has those of its transfers that exist.

    `trade_point` is the only one whose goods the caller may see, None for all. Raises PersonalData, NotFound,
    TransferInBatch, and ValidationFailed for a day to come, and for a transfer of another enterprise, for another
    purpose, of a later day, or reversed.
    """
    refuse_personal_data([(f"/outputs/{n}/commodity", output.commodity) for n, output in enumerate(stated.outputs)])
    if stated.processed_on > today:
        raise ValidationFailed.of("/processed_on", "in-the-future", f"Send a day not after today, {today}.")
    for place, number in enumerate(stated.transfers):
        transfer = found.get(number)
        if transfer is None or trade_point not in {None, transfer.trade_point}:
            raise NotFound(f"No transfer {transfer_id(number)} is recorded.")
        _refuse_unfit(stated, transfer, f"/transfer_ids/{place}")


def _refuse_unfit(stated: NewProcessingBatch, transfer: TransferToProcess, pointer: str) -> None:
    name = transfer_id(transfer.number)
    if transfer.enterprise != stated.enterprise:
        owner = enterprise_id(transfer.enterprise)
        raise ValidationFailed.of(pointer, "other-enterprise", f"{name} went to {owner}; name transfers to yours only.")
    if transfer.purpose != "processing":
        raise ValidationFailed.of(
            pointer, "not-for-processing", f"{name} is for the second market; name transfers for processing only."
        )
    if transfer.is_reversed:
        raise ValidationFailed.of(pointer, "reversed", f"{name} was reversed; leave it out.")
    if transfer.transferred_on > stated.processed_on:
        raise ValidationFailed.of(
            "/processed_on", "too-early", f"{name} is of {transfer.transferred_on}; send that day or a later one."
        )
    if transfer.live_batch is not None:
        batch = processing_batch_id(transfer.live_batch)
        raise TransferInBatch(f"{name} is in {batch} already; leave it out.", processing_batch_id=batch)


def refuse_irreversible_batch(batch: ProcessingBatch, api_key: int, rights: ReversalRights) -> None:
    """Raises Forbidden for a batch that another key has recorded, and AlreadyReversed."""
    name = processing_batch_id(batch.number)
    rights.refuse_others(name, batch.recorded_by, api_key)
    if batch.reversal is not None:
        raise AlreadyReversed(f"{name} is reversed already; a batch is reversed once only.")
