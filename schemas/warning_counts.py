"""The report of warnings on the wire."""

from collections.abc import Callable
from typing import cast

from marshmallow import fields

from schemas.periods import THROUGH, filters_document, period_document
from schemas.recorder import RecorderSchema
from schemas.reports import COMPARISON_FIELDS, QuestionSchema, question_fields
from schemas.strict import StrictSchema
from service.domain.warning_counts import WarningCounts
from service.domain.warnings import CODES

WarningsQuerySchema = cast(
    type[StrictSchema],
    QuestionSchema.from_dict(
        {name: field for name, field in question_fields(None).items() if name not in COMPARISON_FIELDS},
        name="WarningsQuerySchema",
    ),
)


class WarningTotalSchema(StrictSchema):
    """The live trades that bear a warning."""

    code = fields.String(required=True, metadata={"enum": list(CODES)})
    transactions = fields.Integer(required=True)


class WarningRowSchema(WarningTotalSchema):
    """The live trades that bear a warning and were recorded by one key; null for trades from before that was known."""

    recorded_by = fields.Nested(RecorderSchema, required=True, allow_none=True)


class WarningsReportSchema(StrictSchema):
    """How many live trades bear each warning, and who recorded them. A trade with two warnings counts under both."""

    period = fields.Dict(required=True)
    filters = fields.Dict(required=True)
    total = fields.List(fields.Nested(WarningTotalSchema), required=True)
    rows = fields.List(fields.Nested(WarningRowSchema), required=True)
    through = fields.Date(required=True, metadata=THROUGH)
    position = fields.String(required=True)


def warnings_report_document(
    counts: WarningCounts, name_of: Callable[[int], str | None], position: str
) -> dict[str, object]:
    """Makes the document of a report of warnings; `name_of` gives the name of a key by its id."""
    keys = {key.recorded_by for key, _ in counts.rows}
    recorders = {key: None if key is None else {"id": key, "name": name_of(key)} for key in keys}
    return {
        "period": period_document(counts.question.period),
        "filters": filters_document(counts.question.filters),
        "total": [{"code": code, "transactions": number} for code, number in counts.total],
        "rows": [
            {"code": key.code, "recorded_by": recorders[key.recorded_by], "transactions": number}
            for key, number in counts.rows
        ],
        "through": counts.question.through.isoformat(),
        "position": position,
    }
