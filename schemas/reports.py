"""Reports on the wire: reads a question from query parameters, and makes the documents that answer it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from marshmallow import ValidationError, fields, post_load

from schemas.choices import OneOf
from schemas.fields import CountryCode, GroupId, Slug, Text
from schemas.periods import (
    BASE_FROM,
    BASE_TO,
    COMPARE,
    FilteredDocumentSchema,
    PeriodText,
    ReportDay,
    filters_document,
    periods_document,
)
from schemas.residents import SETTLEMENT_LENGTH_MAX
from schemas.several import Several, listed
from schemas.strict import StrictSchema, Translated
from service.domain.cells import DIMENSIONS
from service.domain.growth import Comparison, format_growth_pct, format_ratio
from service.domain.money import format_cny, format_kg
from service.domain.periods import Period, report_period, year_to_date
from service.domain.reports import INTERVALS, Measures, Question, Series, TradeReport
from service.domain.transactions import DIRECTIONS

FORMATS = ("json", "csv", "xlsx")
COMPARISONS = ("yoy", "previous", "custom", "none")
COMPARISON_FIELDS = ("compare", "base_from", "base_to")
"""The query parameters that only a report with a base period takes."""

DIMENSIONS_MAX = 2
AFTER_THE_MARKET = ("enterprise_id", "purpose")
"""The filters that only the report on what went on after the market has."""

LISTS = ("by", *DIMENSIONS)
"""The query parameters that may be repeated or hold several values with commas."""

SERIES_MEASURES = {
    "amount_cny": "amount_fen",
    "exempt_cny": "exempt_fen",
    "taxable_cny": "taxable_fen",
    "quantity_kg": "quantity_g",
    "transactions": "transactions",
    "participations": "participations",
    "residents": "residents",
}
WIRE_NAMES = {
    **{inside: name for name, inside in SERIES_MEASURES.items()},
    "amount_per_participation_fen": "amount_per_participation_cny",
    "paid_fen": "paid_cny",
}


class By(Translated):
    """A field that says by which dimensions, and by which interval, a report has its rows."""

    slug = "not-a-dimension"

    def __init__(self, *names: str, dimensions_max: int = DIMENSIONS_MAX, **kwargs: Any) -> None:
        """`names` are the names that may be sent; a caller may send one interval at most."""
        self._names, self._dimensions_max = names, dimensions_max
        self._most = _how_many(names, dimensions_max)
        # The default is a function, because a default value would stand in the reference, and no caller can send an
        # empty tuple.
        most = dimensions_max + any(name in INTERVALS for name in names)
        described = listed({"enum": list(names)}, most, self._most.capitalize())
        super().__init__(metadata={**described, "uniqueItems": True}, load_default=tuple, **kwargs)

    def parse(self, text: str) -> tuple[str, ...]:
        """Reads the names, in the order in which they were sent."""
        names = tuple(text.split(",")) if text else ()
        unknown = [name for name in names if name not in self._names]
        if unknown or len(set(names)) != len(names):
            raise ValueError(f"Send each at most once of {', '.join(self._names)}.")
        intervals = sum(name in INTERVALS for name in names)
        if intervals > 1 or len(names) - intervals > self._dimensions_max:
            raise ValueError(f"Send {self._most}.")
        return names


def _how_many(names: Sequence[str], dimensions_max: int) -> str:
    """The rule for a report's rows in words, such as: up to 2 of category, origin, and up to 1 of day, month."""
    dimensions = f"up to {dimensions_max} of {', '.join(name for name in names if name not in INTERVALS)}"
    intervals = ", ".join(name for name in names if name in INTERVALS)
    return f"{dimensions}, and up to 1 of {intervals}" if intervals else dimensions


def question_fields(by: By | None) -> dict[str, Any]:
    """The fields of a report's query, with `by` where the report has rows."""
    found: dict[str, Any] = {
        "from": ReportDay(),
        "to": ReportDay(),
        "period": PeriodText(),
        "ytd": ReportDay(),
        "compare": OneOf(*COMPARISONS, load_default="yoy", metadata=COMPARE),
        "base_from": ReportDay(metadata=BASE_FROM),
        "base_to": ReportDay(metadata=BASE_TO),
        "category": Several(Slug()),
        "origin": Several(CountryCode()),
        "direction": Several(OneOf(*DIRECTIONS)),
        "trade_point": Several(Slug()),
        "group_id": Several(GroupId()),
        "settlement": Several(Text(SETTLEMENT_LENGTH_MAX)),
        "format": OneOf(*FORMATS),
    }
    return found if by is None else {**found, "by": by}


class QuestionSchema(StrictSchema):
    """The base of every report's query: a period, which a caller names in exactly one way, and filters."""

    @post_load
    def question(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Puts the values into a question, and keeps the values that only some kinds of reports have."""
        filters = tuple((name, data[name]) for name in (*AFTER_THE_MARKET, *DIMENSIONS) if name in data)
        by = data.get("by", ()) + ((data["interval"],) if "interval" in data else ())
        rest: dict[str, Any] = {name: data[name] for name in ("format", "measure", "lang", "on") if name in data}
        question = Question(_period(data), data.get("compare", "none"), by, filters, custom_base=_custom_base(data))
        return {"question": question, **rest}


def _custom_base(data: Mapping[str, Any]) -> Period | None:
    """The base period that the caller names. Raises ValidationError when it is missing, or nothing asks for it."""
    is_asked, ends = data.get("compare") == "custom", ("base_from", "base_to")
    wrong = [name for name in ends if (name in data) != is_asked]
    if wrong:
        said = "Send base_from and base_to with compare=custom" + ("." if is_asked else " only.")
        raise ValidationError({name: [f"custom-base: {said}"] for name in wrong})
    if not is_asked:
        return None
    try:
        return report_period(data["base_from"], data["base_to"])
    except ValueError as error:
        raise ValidationError({"base_to": [f"not-a-period: {error}"]}) from None


def _period(data: Mapping[str, Any]) -> Period:
    ways = [name for name in ("period", "ytd", "from", "to") if name in data]
    if ways == ["period"]:
        period: Period = data["period"]
        return period
    try:
        if ways == ["ytd"]:
            return year_to_date(data["ytd"])
        if ways == ["from", "to"]:
            return report_period(data["from"], data["to"])
    except ValueError as error:
        raise ValidationError({"to": [f"not-a-period: {error}"]}) from None
    said = {name: ["one-period: Send exactly one of from and to, period, or ytd."] for name in ways or ["period"]}
    raise ValidationError(said)


def _schema(name: str, added: dict[str, Any], by: By | None) -> type[StrictSchema]:
    return cast(type[StrictSchema], QuestionSchema.from_dict({**question_fields(by), **added}, name=name))


TradeQuerySchema = _schema("TradeQuerySchema", {}, By(*DIMENSIONS, *INTERVALS))
ResidentsReportQuerySchema = _schema("ResidentsReportQuerySchema", {}, By("settlement", "group_id", dimensions_max=1))
SeriesQuerySchema = _schema(
    "SeriesQuerySchema",
    {
        "measure": OneOf(*SERIES_MEASURES, required=True),
        "interval": OneOf(*INTERVALS, required=True),
    },
    By(*DIMENSIONS),
)
BriefQuerySchema = _schema("BriefQuerySchema", {"lang": OneOf("zh", "en", "mn", load_default="zh")}, None)


class ReportSchema(FilteredDocumentSchema):
    """A report: its period, what it is compared with, the total, and the rows.

    Of a period that is not over, everything is of `from` to `through`, the base as well. One that has not begun is
    answered whole: no trade yet, the stocks that today's registrations will come to, and no growth.
    """

    by = fields.List(fields.String(), required=True)
    total = fields.Dict(required=True)
    rows = fields.List(fields.Dict(), required=True)


class SeriesSchema(FilteredDocumentSchema):
    """A measure over the buckets of a period, without gaps, for charts.

    Each of `series` has a `key`, and in `current` and `base` a figure for each of `buckets`: 0 where nothing was
    traded, and as the base of 29 February, which has no day to be compared with. Without a base period there is
    no `base`. The last bucket is that of `through`.
    """

    measure = fields.String(required=True)
    interval = fields.String(required=True)
    by = fields.List(fields.String(), required=True)
    buckets = fields.List(fields.String(), required=True)
    series = fields.List(fields.Dict(), required=True)


def report_document(report: TradeReport, position: str) -> dict[str, object]:
    """Makes the document of a report, as the API reference describes it (GET /docs)."""
    with_share = report.question.interval is None and "amount_fen" in report.total
    return {
        **_heading(report.question),
        "total": measures_document(report.total),
        "rows": [
            {
                "key": dict(row.key),
                **({"share_pct": format_growth_pct(row.share)} if with_share else {}),
                **measures_document(row.measures),
            }
            for row in report.rows
        ],
        "through": report.question.through.isoformat(),
        "position": position,
    }


def series_document(series: Series, measure: str, position: str) -> dict[str, object]:
    """Makes the document of a series."""
    inside = SERIES_MEASURES[measure]
    return {
        **_heading(series.question),
        "measure": measure,
        "interval": series.question.interval,
        "by": list(series.question.dimensions),
        "buckets": list(series.buckets),
        "series": [
            {
                "key": dict(line.key),
                "current": [_figure(inside, value) for value in line.current],
                **({} if line.base is None else {"base": [_figure(inside, value) for value in line.base]}),
            }
            for line in series.lines
        ],
        "through": series.question.through.isoformat(),
        "position": position,
    }


def _heading(question: Question) -> dict[str, object]:
    return {
        **periods_document(question.period, question.base_period),
        "by": list(question.by),
        "filters": filters_document(question.filters),
    }


def measures_document(measures: Measures) -> dict[str, object]:
    """Each measure under its name on the wire, with its comparison where it has one."""
    return {WIRE_NAMES.get(name, name): _measure(name, value) for name, value in measures.items()}


def _measure(name: str, value: Comparison | int) -> dict[str, object]:
    if isinstance(value, int):
        return {"current": _figure(name, value)}
    return {
        "current": _figure(name, value.current),
        "base": _figure(name, value.base),
        "change": _figure(name, value.change),
        "growth_pct": format_growth_pct(value.growth_pct),
        "ratio": format_ratio(value.ratio),
        "reason": value.reason,
    }


def _figure(name: str, value: int | None) -> object:
    if value is None:
        return None
    if name.endswith("_fen"):
        return format_cny(value)
    return format_kg(value) if name.endswith("_g") else value
