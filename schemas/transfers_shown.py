"""The documents of transfers, for the API and the command line."""

from collections.abc import Callable
from typing import Any

from schemas.transfers import ListedTransferSchema, MovedGoodsSchema
from service.domain.money import format_cny, format_kg
from service.domain.recorded_transfers import RecordedTransfer, ShownLine, TransferWithLines

_TRANSFER = ListedTransferSchema()
_GOODS = MovedGoodsSchema(many=True)

NameOfKey = Callable[[int], str | None]
"""Gives the name of an API key by its id."""


def listed_transfer_document(transfer: RecordedTransfer, name_of: NameOfKey) -> dict[str, Any]:
    """The document of a transfer without its lines."""
    reversal = transfer.reversal
    shown: dict[str, Any] = _TRANSFER.dump(
        {
            **transfer._asdict(),
            "enterprise": {"enterprise_id": transfer.enterprise, "name": transfer.enterprise_name},
            "enterprise_id": transfer.enterprise,
            "reversal": None
            if reversal is None
            else {**reversal._asdict(), "recorded_by": _recorder(reversal.recorded_by, name_of)},
            "recorded_by": _recorder(transfer.recorded_by, name_of),
        }
    )
    return shown


def transfer_document(found: TransferWithLines, name_of: NameOfKey) -> dict[str, Any]:
    """The document of a transfer with its lines, goods and trucks."""
    return {
        **listed_transfer_document(found.transfer, name_of),
        # A transfer may have ten thousand lines, and a schema would take ten times as long for them.
        "lines": [_line(line) for line in found.lines],
        "goods": _GOODS.dump(found.goods),
        "trucks": [truck._asdict() for truck in found.trucks],
    }


def _line(line: ShownLine) -> dict[str, Any]:
    return {
        "line": line.no,
        "transaction_id": line.transaction_id,
        "quantity_kg": format_kg(line.quantity_g),
        "amount_cny": format_cny(line.amount_fen),
        "paid_cny": None if line.paid_fen is None else format_cny(line.paid_fen),
    }


def _recorder(key: int, name_of: NameOfKey) -> dict[str, Any]:
    return {"id": key, "name": name_of(key)}
