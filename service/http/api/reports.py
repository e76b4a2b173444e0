"""Reports: trade, residents, series; exact at the position in their header, answered with 304 while nothing changed."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response

from schemas import reports as wire
from schemas.briefs import BriefSchema, brief_document
from schemas.processing_reports import LISTS as PROCESSING_LISTS
from schemas.processing_reports import ProcessingQuerySchema, ProcessingReportSchema, processing_document
from schemas.warning_counts import WarningsQuerySchema, WarningsReportSchema, warnings_report_document
from service.domain.brief import Facts, Lang
from service.domain.warning_counts import WarningCounts
from service.http.context import app_context
from service.http.report_answers import TABLES, answer_report
from service.http.request_context import request_context
from service.http.routes import Routes
from service.queries.reports import Reporter
from service.rendering.brief import write_brief

routes = Routes("Reports")


@routes.get(
    "/v1/reports/trade",
    scope="reports:read",
    query=wire.TradeQuerySchema,
    answer=wire.ReportSchema,
    answers=TABLES,
    lists=wire.LISTS,
    positioned=True,
)
def get_trade_report(query: dict[str, Any]) -> Response:
    """Value, weight, transactions, participations and residents of a period, compared with its base."""
    return answer_report(query, app_context().ledger.today(), Reporter.trade, wire.report_document)


@routes.get(
    "/v1/reports/residents",
    scope="reports:read",
    query=wire.ResidentsReportQuerySchema,
    answer=wire.ReportSchema,
    answers=TABLES,
    lists=wire.LISTS,
    positioned=True,
)
def get_residents_report(query: dict[str, Any]) -> Response:
    """Registered residents as stocks and flows of a period, and how many of them took part."""
    return answer_report(query, app_context().ledger.today(), Reporter.residents, wire.report_document)


@routes.get(
    "/v1/reports/series",
    scope="reports:read",
    query=wire.SeriesQuerySchema,
    answer=wire.SeriesSchema,
    answers=TABLES,
    lists=wire.LISTS,
    positioned=True,
)
def get_series(query: dict[str, Any]) -> Response:
    """One measure over the buckets of a period, without gaps, for charts."""
    measure = query["measure"]
    ask = partial(Reporter.series, measure=wire.SERIES_MEASURES[measure])
    return answer_report(query, app_context().ledger.today(), ask, partial(wire.series_document, measure=measure))


@routes.get(
    "/v1/reports/brief",
    scope="reports:read",
    query=wire.BriefQuerySchema,
    answer=BriefSchema,
    answers=TABLES,
    lists=wire.LISTS,
    positioned=True,
)
def get_brief(query: dict[str, Any]) -> Response:
    """The paragraph that a bureau publishes, in Chinese, English or Mongolian, with the figures behind every phrase."""
    today = app_context().ledger.today()
    ask = partial(Reporter.brief, today=today)
    return answer_report(query, today, ask, partial(_written, lang=query["lang"]))


@routes.get(
    "/v1/reports/warnings",
    scope="reports:read",
    query=WarningsQuerySchema,
    answer=WarningsReportSchema,
    answers=TABLES,
    lists=wire.LISTS,
    positioned=True,
)
def get_warnings_report(query: dict[str, Any]) -> Response:
    """How many live trades of a period bear each warning, and under which keys they were recorded."""
    render = partial(_named, warnings_report_document)
    return answer_report(query, app_context().ledger.today(), Reporter.warnings, render)


@routes.get(
    "/v1/reports/processing",
    scope="reports:read",
    query=ProcessingQuerySchema,
    answer=ProcessingReportSchema,
    answers=TABLES,
    lists=PROCESSING_LISTS,
    positioned=True,
)
def get_processing_report(query: dict[str, Any]) -> Response:
    """What went on to processing and the second market: value, weight, paid, trades, residents, share of imports."""
    ask = partial(Reporter.processing, on=query["on"])
    return answer_report(query, app_context().ledger.today(), ask, processing_document)


def _named(write: Callable[..., dict[str, Any]], counts: WarningCounts, *, position: str) -> dict[str, Any]:
    """The document with the names of the keys, as the source of the report has them."""
    chosen = request_context().chosen
    assert chosen is not None, "a report is written after its source was chosen"
    return write(counts, position=position, name_of=chosen.source.keys.name_of)


def _written(facts: Facts, *, lang: Lang, position: str) -> dict[str, object]:
    return brief_document(write_brief(facts, lang), facts, lang, position)
