"""The bulletin's document: it has the rows and measures of the other reports, table by table."""

import datetime
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load

from schemas.choices import OneOf
from schemas.fields import Slug
from schemas.periods import PeriodDocumentSchema, PeriodText, filters_document, period_document, periods_document
from schemas.processing_reports import processing_document
from schemas.reports import measures_document, report_document
from schemas.strict import StrictSchema
from service.domain.bulletin import Bulletin, Spans, lapsed, taxed_share
from service.domain.growth import format_growth_pct
from service.domain.periods import EARLIEST_DAY, Period
from service.domain.processing_report import ProcessingReport
from service.domain.reports import Measures, Question, TradeReport

FORMATS = ("json", "html", "xlsx")
LANGUAGES = ("zh", "en", "mn")
SPANS = ("month", "previous", "year")
INDICATORS = (
    "amount_cny", "exempt_cny", "taxable_cny", "quantity_kg", "transactions", "participations", "residents",
    "amount_per_participation_cny", "registered_at_end",
)  # fmt: skip
"""The main indicators, in their order."""

RESIDENTS = (
    "registered_at_start", "registered_in_period", "cancelled_in_period", "lapsed_in_period", "registered_at_end",
    "participating", "participations", "amount_per_participation_cny",
)  # fmt: skip
"""The figures of the residents' table. `lapsed_in_period` counts residents who left the stock without a cancellation;
without it the figures would not add up."""


class MonthText(PeriodText):
    """A field that accepts a month, and no other kind of period."""

    slug = "not-a-month"
    properties = {"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2024-04"]}  # noqa: RUF012 (as in Translated)

    def parse(self, text: str) -> Period:
        """Reads the month."""
        try:
            month = super().parse(text)
        except ValueError:
            month = None
        if month is None or month.whole_months != 1:
            raise ValueError(f'Send one month as YYYY-MM, such as "2024-04", not before {EARLIEST_DAY.year}.')
        return month


class BulletinQuerySchema(StrictSchema):
    """The month of a bulletin, its trade point (all if left out) and its form.

    `lang` is the language of the headings of pages and workbooks.
    """

    month = MonthText(required=True)
    trade_point = Slug()
    format = OneOf(*FORMATS)
    lang = OneOf(*LANGUAGES, load_default="zh")

    @post_load
    def question(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Puts month and trade point into a question, and keeps the values that are about the form."""
        point = data.pop("trade_point", None)
        filters = () if point is None else (("trade_point", frozenset({point})),)
        return {"question": Question(data.pop("month"), filters=filters), **data}


PROCESSING = "What of the month's trades has gone on to landing processing, as the report of processing has it."


class BulletinSchema(PeriodDocumentSchema):
    """A monthly bulletin: each table has rows with keys and measures, as the other reports have them.

    All figures are those of the month up to `cut_off`, and their bases are cut in the same way. A month that has not
    begun is not compared with a month that has begun.
    """

    month = fields.String(required=True)
    filters = fields.Dict(required=True)
    previous_period = fields.Dict(required=True, allow_none=True)
    year_to_date = fields.Dict(required=True)
    year_to_date_base = fields.Dict(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": ["preliminary", "final"]})
    cut_off = fields.Date(required=True)
    main_indicators = fields.List(fields.Dict(), required=True)
    categories = fields.List(fields.Dict(), required=True)
    commodities = fields.List(fields.Dict(), required=True)
    origins = fields.List(fields.Dict(), required=True)
    residents = fields.List(fields.Dict(), required=True)
    groups = fields.List(fields.Dict(), required=True)
    settlements = fields.List(fields.Dict(), required=True)
    trade_points = fields.List(fields.Dict(), required=True)
    directions = fields.List(fields.Dict(), required=True)
    exempt_and_taxable = fields.List(
        fields.Dict(), required=True, metadata={"description": "Of imports alone; exports are not taxed."}
    )
    processing_enterprises = fields.List(fields.Dict(), required=True, metadata={"description": PROCESSING})
    processing_categories = fields.List(fields.Dict(), required=True, metadata={"description": PROCESSING})
    processing_total = fields.Dict(required=True, metadata={"description": PROCESSING})
    months = fields.List(fields.Dict(), required=True)
    days = fields.List(fields.Dict(), required=True)


def bulletin_document(bulletin: Bulletin, today: datetime.date, position: str) -> dict[str, Any]:
    """Makes the document of a bulletin. The bulletin is preliminary until the month is over.

    The status "final" says only that the month is over: a late entry or a reversal on one of its days still changes
    the figures and the position.
    """
    month, parts = bulletin.month, bulletin.parts
    asked = parts.trade
    by = {name: _rows(report) for name, report in parts.by.items()}
    return {
        "month": month.start.isoformat()[:7],
        **periods_document(month, asked.month.question.base_period),
        "filters": filters_document(asked.month.question.filters),
        "previous_period": period_document(asked.previous.question.base_period),
        "year_to_date": period_document(asked.year.question.period),
        "year_to_date_base": period_document(asked.year.question.base_period),
        "status": "preliminary" if today <= month.end else "final",
        "cut_off": asked.month.question.through.isoformat(),
        "main_indicators": _indicators(asked, bulletin.residents),
        "categories": by["category"],
        "commodities": [
            {
                "key": {"category": each.category, "commodity": each.commodity},
                "share_pct": format_growth_pct(each.share),
                **measures_document(each.measures),
            }
            for each in bulletin.commodities
        ],
        "origins": by["origin"],
        "residents": _residents(bulletin.residents),
        "groups": by["group_id"],
        "settlements": by["settlement"],
        "trade_points": by["trade_point"],
        "directions": by["direction"],
        "exempt_and_taxable": [_taxed_row(each.key, each.measures) for each in parts.imports.rows]
        + [_taxed_row({"category": None}, parts.imports.total)],
        **_processing(bulletin.processing),
        "months": _rows(parts.months),
        "days": _rows(parts.days),
        "position": position,
    }


def _rows(report: TradeReport) -> list[dict[str, Any]]:
    rows: Any = report_document(report, "")["rows"]
    return list(rows)


def _processing(reports: Mapping[str, ProcessingReport]) -> dict[str, Any]:
    documents: dict[str, Any] = {name: processing_document(report, "") for name, report in reports.items()}
    return {
        "processing_enterprises": documents["enterprise_id"]["rows"],
        "processing_categories": documents["category"]["rows"],
        "processing_total": documents["category"]["total"],
    }


def _by_span(spans: Spans) -> dict[str, dict[str, Any]]:
    return {span: measures_document(getattr(spans, span).total) for span in SPANS}


def _indicators(trade: Spans, residents: Spans) -> list[dict[str, Any]]:
    traded, registered = _by_span(trade), _by_span(residents)
    return [
        {"indicator": name, **{span: {**registered[span], **traded[span]}[name] for span in SPANS}}
        for name in INDICATORS
    ]


def _residents(spans: Spans) -> list[dict[str, Any]]:
    by_span = _by_span(spans)
    for span in SPANS:
        by_span[span]["lapsed_in_period"] = {"current": lapsed(getattr(spans, span))}
    # Only the current figures are shown: the stock at the start is compared with the stock at the end of the base
    # period, and a table of flows has no use for that.
    return [
        {"figure": name, **{span: _current_alone(by_span[span][name]) for span in ("month", "year")}}
        for name in RESIDENTS
    ]


def _current_alone(measure: dict[str, Any]) -> Any:
    return measure["current"]


def _taxed_row(key: Mapping[str, str | None], measures: Measures) -> dict[str, Any]:
    wanted = {name: measures[name] for name in ("amount_fen", "exempt_fen", "taxable_fen")}
    return {"key": dict(key), "taxed_pct": format_growth_pct(taxed_share(measures)), **measures_document(wanted)}
