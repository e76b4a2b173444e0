"""The report on what went on after the market, on the wire."""

from typing import Any, cast

from marshmallow import fields

from schemas.choices import OneOf
from schemas.public_ids import EnterpriseId
from schemas.reports import By, QuestionSchema, ReportSchema, question_fields, report_document
from schemas.several import Several
from schemas.strict import StrictSchema
from service.domain.growth import ComparedShare, format_growth_pct, format_ratio
from service.domain.processing_cells import PROCESSING_DIMENSIONS, ROW_DIMENSIONS, WAYS
from service.domain.processing_report import ProcessingReport, ProcessingRow
from service.domain.reports import INTERVALS
from service.domain.transfers import PURPOSES

LISTS = ("by", "direction", *PROCESSING_DIMENSIONS)
"""The query parameters that may be repeated or hold several values with commas."""

SHARE_OF_IMPORTS = "share_of_imports_pct"


ProcessingQuerySchema = cast(
    type[StrictSchema],
    QuestionSchema.from_dict(
        {
            **question_fields(By(*ROW_DIMENSIONS, *INTERVALS)),
            "enterprise_id": Several(EnterpriseId()),
            "purpose": Several(OneOf(*PURPOSES)),
            "on": OneOf(
                *WAYS,
                load_default=WAYS[0],
                metadata={"description": "The day that counts: the trades' business day, or that of the transfers."},
            ),
        },
        name="ProcessingQuerySchema",
    ),
)


class ProcessingReportSchema(ReportSchema):
    """What went on after the market, by enterprise, purpose and what was traded.

    A trade that went on in parts is one transaction. `share_of_imports_pct` is what went on of the trades of the period
    as a share of the imports of the period, by the trades' business day also when `on` is transferred; it is null, with
    the reason no_imports, where nothing was imported.
    """

    on = fields.String(required=True, metadata={"enum": list(WAYS)})


def processing_document(report: ProcessingReport, position: str) -> dict[str, object]:
    """Makes the document of a report, in the shape of the report of trade."""
    document: dict[str, Any] = report_document(report, position)
    document["on"] = report.on
    document["total"][SHARE_OF_IMPORTS] = _share_document(report.of_imports)
    for shown, row in zip(document["rows"], report.rows, strict=True):
        shown[SHARE_OF_IMPORTS] = _share_document(cast(ProcessingRow, row).of_imports)
    return document


def _share_document(value: ComparedShare | int | None) -> dict[str, object]:
    if not isinstance(value, ComparedShare):
        return {"current": format_growth_pct(value)}
    return {
        "current": format_growth_pct(value.current),
        "base": format_growth_pct(value.base),
        "change": format_growth_pct(value.change),
        "growth_pct": format_growth_pct(value.growth_pct),
        "ratio": format_ratio(value.ratio),
        "reason": value.reason,
    }
