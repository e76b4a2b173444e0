"""Processing batches on the wire."""

from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length

from schemas.choices import Count
from schemas.days import BetweenDaysSchema
from schemas.examples import EXAMPLES
from schemas.fields import BusinessDay, Cny, HsCode, Instant, Kg, SignedCny, SignedKg, Text, TradingDay
from schemas.public_ids import EnterpriseId, ProcessingBatchId, TransferId
from schemas.recorder import RecorderSchema
from schemas.residents import PAGE_LIMIT, PAGE_LIMIT_MAX, REASON_LENGTH_MAX, cursor_field
from schemas.strict import StrictSchema
from schemas.transactions import COMMODITY_LENGTH_MAX
from service.domain.growth import format_growth_pct
from service.domain.processing_batches import (
    BATCH_OUTPUTS_MAX,
    BATCH_TRANSFERS_MAX,
    NewProcessingBatch,
    ProcessingBatch,
    ProcessingOutput,
)


class NewOutputSchema(StrictSchema):
    """Goods that come out of a batch."""

    commodity = Text(COMMODITY_LENGTH_MAX, required=True, metadata={"examples": [EXAMPLES["processed_goods"]]})
    hs_code = HsCode(allow_none=True, load_default=None)
    quantity_kg = Kg(required=True, attribute="quantity_g", metadata={"examples": ["8400"]})
    amount_cny = Cny(allow_none=True, load_default=None, attribute="amount_fen", metadata={"examples": ["504000.00"]})

    @post_load
    def output(self, data: dict[str, Any], **_kwargs: Any) -> ProcessingOutput:
        """Makes the domain's output."""
        return ProcessingOutput(**data)


def _each_once(numbers: list[int]) -> None:
    if len(set(numbers)) < len(numbers):
        raise ValidationError("repeated: Name each transfer once.")


class NewProcessingBatchSchema(StrictSchema):
    """A batch to be recorded: transfers for processing of one enterprise, each in no other batch, and the outputs."""

    enterprise_id = EnterpriseId(required=True, attribute="enterprise")
    transfer_ids = fields.List(
        TransferId(),
        required=True,
        attribute="transfers",
        validate=[
            Length(1, BATCH_TRANSFERS_MAX, error=f"wrong-number: Send 1 to {BATCH_TRANSFERS_MAX} transfers."),
            _each_once,
        ],
        error_messages={"invalid": "not-a-list: Send a list of transfer ids."},
    )
    processed_on = TradingDay(required=True)
    outputs = fields.List(
        fields.Nested(NewOutputSchema),
        required=True,
        validate=Length(1, BATCH_OUTPUTS_MAX, error=f"wrong-number: Send 1 to {BATCH_OUTPUTS_MAX} outputs."),
        error_messages={"invalid": "not-a-list: Send a list of outputs."},
    )

    @post_load
    def batch(self, data: dict[str, Any], **_kwargs: Any) -> NewProcessingBatch:
        """Makes the domain's batch."""
        return NewProcessingBatch(
            data["enterprise"], tuple(data["transfers"]), data["processed_on"], tuple(data["outputs"])
        )


class OutputSchema(StrictSchema):
    """Goods that came out of a batch; `output` is their number in it, from 1."""

    output = fields.Integer(required=True, metadata={"minimum": 1})
    commodity = fields.String(required=True)
    hs_code = fields.String(required=True, allow_none=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, allow_none=True, attribute="amount_fen")


class ProcessingReversalSchema(StrictSchema):
    """The reversal of a batch."""

    reason = fields.String(required=True)
    recorded_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True)


class EnterpriseNameSchema(StrictSchema):
    """An enterprise, by its id and its name."""

    enterprise_id = EnterpriseId(required=True)
    name = fields.String(required=True)


class ProcessingBatchSchema(StrictSchema):
    """A processing batch; `yield_pct` is the weight that came out in the weight that was put in."""

    processing_batch_id = ProcessingBatchId(required=True, attribute="number")
    enterprise = fields.Nested(EnterpriseNameSchema, required=True)
    enterprise_id = EnterpriseId(required=True)
    processed_on = BusinessDay(required=True)
    transfer_ids = fields.List(TransferId(), required=True, attribute="transfers")
    input_kg = SignedKg(required=True, attribute="input_g")
    input_cny = SignedCny(required=True, attribute="input_fen")
    output_kg = SignedKg(required=True, attribute="output_g")
    yield_pct = fields.String(required=True, metadata={"pattern": r"^[0-9]+\.[0-9]{2}$", "examples": ["84.00"]})
    outputs = fields.List(fields.Nested(OutputSchema), required=True)
    reversal = fields.Nested(ProcessingReversalSchema, required=True, allow_none=True)
    recorded_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True)


class ProcessingBatchPageSchema(StrictSchema):
    """One page of batches, the newest first; `next_cursor` is null at the end."""

    items = fields.List(fields.Nested(ProcessingBatchSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ProcessingBatchesQuerySchema(BetweenDaysSchema):
    """The filters of the list of batches, and the page; the days are those of processing."""

    enterprise_id = EnterpriseId(attribute="enterprise")
    cursor = cursor_field()
    limit = Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT)


class ProcessingReversalReasonSchema(StrictSchema):
    """Why a batch is reversed."""

    reason = Text(REASON_LENGTH_MAX, required=True)


_BATCH = ProcessingBatchSchema()


def processing_batch_document(batch: ProcessingBatch, name_of: Callable[[int], str | None]) -> dict[str, Any]:
    """The document of a batch; `name_of` gives the name of an API key by its id."""
    reversal = batch.reversal
    shown: dict[str, Any] = _BATCH.dump(
        {
            **batch._asdict(),
            **batch.stated._asdict(),
            "enterprise": {"enterprise_id": batch.stated.enterprise, "name": batch.enterprise_name},
            "enterprise_id": batch.stated.enterprise,
            "output_g": batch.output_g,
            "yield_pct": format_growth_pct(batch.yield_share),
            "outputs": [{"output": no, **one._asdict()} for no, one in enumerate(batch.stated.outputs, 1)],
            "reversal": None
            if reversal is None
            else {**reversal._asdict(), "recorded_by": _recorder(reversal.recorded_by, name_of)},
            "recorded_by": _recorder(batch.recorded_by, name_of),
        }
    )
    return shown


def _recorder(key: int, name_of: Callable[[int], str | None]) -> dict[str, Any]:
    return {"id": key, "name": name_of(key)}
