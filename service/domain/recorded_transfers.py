"""Transfers as the ledger has them, with what became of them since."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from service.domain.errors import AlreadyReversed, NotFound, TransferInBatch
from service.domain.keys import ReversalRights
from service.domain.processing_batches import processing_batch_id
from service.domain.transfers import Purpose, transfer_id


class TransferReversal(NamedTuple):
    """The reversal of a transfer: why, when, and by which API key."""

    reason: str
    recorded_at: datetime.datetime
    recorded_by: int


class RecordedTransfer(NamedTuple):
    """A transfer of the ledger without its lines. Amounts are fen, weights grams.

    `trade_point` is that of all trades, None when they are of several. `paid_fen` is None when nobody has stated what
    the enterprise pays. `reversal` and `processing_batch` (the live batch that the transfer is in) came later.
    """

    number: int
    enterprise: int
    enterprise_name: str
    purpose: Purpose
    transferred_on: datetime.date
    trade_point: str | None
    consignment: str | None
    contract: str | None
    invoice: str | None
    paid_fen: int | None
    transactions: int
    residents: int
    quantity_g: int
    amount_fen: int
    recorded_at: datetime.datetime
    recorded_by: int
    reversal: TransferReversal | None = None
    processing_batch: int | None = None

    @property
    def public_id(self) -> str:
        """The id on the wire."""
        return transfer_id(self.number)

    def as_first_answered(self) -> "RecordedTransfer":
        """The transfer as it was when it was recorded, without what came later."""
        return self._replace(reversal=None, processing_batch=None)


class ShownLine(NamedTuple):
    """A line of a transfer with the id of its trade."""

    no: int
    transaction_id: UUID
    quantity_g: int
    amount_fen: int
    paid_fen: int | None


class MovedGoods(NamedTuple):
    """What of one kind of goods a transfer holds, and from how many trades."""

    category: str
    commodity: str
    hs_code: str | None
    origin: str
    transactions: int
    quantity_g: int
    amount_fen: int


class TransferTruck(NamedTuple):
    """A truck or lot that goods of a transfer came with; at least one of the two is known."""

    consignment: str | None
    vehicle_plate: str | None


class TransferWithLines(NamedTuple):
    """A transfer with its lines, and with its goods and trucks, which a delivery note names."""

    transfer: RecordedTransfer
    lines: Sequence[ShownLine]
    goods: Sequence[MovedGoods]
    trucks: Sequence[TransferTruck]


def no_transfer(number: int) -> str:
    """The sentence for a transfer that does not exist, or that is of another trade point than the caller's."""
    return f"No transfer {transfer_id(number)} is recorded."


def refuse_irreversible(
    transfer: RecordedTransfer | None, number: int, api_key: int, rights: ReversalRights
) -> RecordedTransfer:
    """Returns the transfer when this key may reverse it now.

    Raises NotFound, also for a transfer of another trade point than that of the key; Forbidden for one that another key
    has recorded; AlreadyReversed; TransferInBatch.
    """
    if transfer is None or rights.trade_point not in {None, transfer.trade_point}:
        raise NotFound(no_transfer(number))
    name = transfer.public_id
    rights.refuse_others(name, transfer.recorded_by, api_key)
    if transfer.reversal is not None:
        raise AlreadyReversed(
            f"{name} was reversed at {transfer.reversal.recorded_at.isoformat()}; a transfer is reversed once only.",
            transfer_id=name,
        )
    if transfer.processing_batch is not None:
        batch = processing_batch_id(transfer.processing_batch)
        raise TransferInBatch(f"{name} is in {batch}; reverse that first.", processing_batch_id=batch)
    return transfer
