"""Reports: trade, residents, series; exact at the position in their header, answered with 304 while nothing changed."""

import datetime
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Response, g, request
from werkzeug.datastructures import MIMEAccept

from schemas import reports as wire
from schemas.briefs import BriefSchema, brief_document
from service.domain.reports import Question, question_so_far
from service.http.context import app_context
from service.http.response_cache import Exact, leave_exact
from service.http.routes import JSON_MEDIA_TYPE, Routes
from service.queries.reports import Answered
from service.rendering.brief import write_brief
from service.rendering.exports import csv_of, xlsx_of
from service.storage.ledger_state import LedgerState

routes = Routes("Reports")

XLSX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_MEDIA_TYPE = "text/csv"

HTML_MEDIA_TYPE = "text/html"

Export = Callable[[dict[str, Any], datetime.date], bytes]
"""Makes the bytes of a document, and of the last day that its figures can be of."""

_MEDIA_TYPES = {
    "json": JSON_MEDIA_TYPE, "csv": CSV_MEDIA_TYPE, "xlsx": XLSX_MEDIA_TYPE, "html": HTML_MEDIA_TYPE,
}  # fmt: skip
_EXPORTS: dict[str, Export] = {
    JSON_MEDIA_TYPE: lambda document, _: orjson.dumps(document),
    CSV_MEDIA_TYPE: lambda document, _: csv_of(document),
    XLSX_MEDIA_TYPE: xlsx_of,
}
_TABLES = tuple(_EXPORTS)

_RENDERING = "4"
"""Part of every ETag: a change of the documents' form changes it, so that no cache keeps an old one."""


@routes.get(
    "/v1/reports/trade",
    scope="reports:read",
    query=wire.TradeQuerySchema,
    answer=wire.ReportSchema,
    answers=_TABLES,
    lists=wire.LISTS,
)
def get_trade_report(query: dict[str, Any]) -> Response:
    """Value, weight, transactions, participations and residents of a period, compared with its base."""
    return answer_report(query, app_context().reporter.trade, wire.report_document)


@routes.get(
    "/v1/reports/residents",
    scope="reports:read",
    query=wire.ResidentsReportQuerySchema,
    answer=wire.ReportSchema,
    answers=_TABLES,
    lists=wire.LISTS,
)
def get_residents_report(query: dict[str, Any]) -> Response:
    """Registered residents as stocks and flows of a period, and how many of them took part."""
    return answer_report(query, app_context().reporter.residents, wire.report_document)


@routes.get(
    "/v1/reports/series",
    scope="reports:read",
    query=wire.SeriesQuerySchema,
    answer=wire.SeriesSchema,
    answers=_TABLES,
    lists=wire.LISTS,
)
def get_series(query: dict[str, Any]) -> Response:
    """One measure over the buckets of a period, without gaps, for charts."""
    measure = query["measure"]
    inside = wire.SERIES_MEASURES[measure]
    return answer_report(
        query,
        lambda question, at: app_context().reporter.series(question, inside, at),
        lambda answer, position: wire.series_document(answer, measure, position),
    )


@routes.get(
    "/v1/reports/brief",
    scope="reports:read",
    query=wire.BriefQuerySchema,
    answer=BriefSchema,
    answers=_TABLES,
    lists=wire.LISTS,
)
def get_brief(query: dict[str, Any]) -> Response:
    """The paragraph that a bureau publishes, in Chinese, English or Mongolian, with the figures behind every phrase."""
    lang = query["lang"]
    return answer_report(
        query,
        lambda question, at: app_context().reporter.brief(question, g.today, at),
        lambda facts, position: brief_document(write_brief(facts, lang), facts, lang, position),
    )


def answer_report(
    query: dict[str, Any],
    ask: Callable[[Question, LedgerState], Answered[Any]],
    render: Callable[[Any, str], dict[str, Any]],
    exports: Mapping[str, Export] = _EXPORTS,
) -> Response:
    """The report, or 304 without computing it when the caller has it already.

    `render` makes the document of an answer and its position; `exports` turn it into bytes, by media type.
    """
    # Read once: a brief counts residents up to today, and every file names the day of its data.
    g.today = app_context().ledger.today()
    representation = _representation(query.get("format"), exports)
    tag = _etag(g.state, representation)
    if request.if_none_match.contains_weak(tag):
        return _exact(Response(status=304), tag, g.state)
    # Of the day that is in the tag, even if the market's midnight passes before the report is computed.
    question = question_so_far(query["question"], g.today)
    answered = ask(question, g.state)
    document = render(answered.answer, str(answered.state.position))
    charset = "; charset=utf-8" if representation.startswith("text/") else ""
    response = Response(
        exports[representation](document, question.through),
        content_type=representation + charset,
    )
    if representation in {CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE}:
        response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(document, representation)}"'
    return _exact(response, _etag(answered.state, representation), answered.state)


def _representation(asked: str | None, exports: Mapping[str, Export]) -> str:
    """The media type to answer with: what `format` says, or else what Accept likes best, or else JSON."""
    if asked is not None:
        return _MEDIA_TYPES[asked]
    # Werkzeug compares parameters too, and would not find `text/csv; charset=utf-8`.
    accepted = MIMEAccept([(kind.partition(";")[0].strip(), q) for kind, q in request.accept_mimetypes])
    return accepted.best_match(list(exports), default=JSON_MEDIA_TYPE)


def _file_name(document: dict[str, Any], representation: str) -> str:
    period = document["period"]
    ending = next(name for name, media_type in _MEDIA_TYPES.items() if media_type == representation)
    return f"hushi-{request.path.rpartition('/')[2]}-{period['from']}-{period['to']}.{ending}"


def _etag(state: LedgerState, representation: str) -> str:
    """What the representation depends on: the question as it was asked, the day, the state of the ledger."""
    position = state.position
    numbers = f"{position.block} {position.tail_length} {state.registrations}"
    asked = f"{_RENDERING}\n{representation}\n{request.full_path}\n{g.today}\n{numbers}\n"
    ledger = position.hash + position.newest_entry + state.register.mac
    return hashlib.blake2b(asked.encode() + ledger, digest_size=16).hexdigest()


def _exact(response: Response, tag: str, state: LedgerState) -> Response:
    """The response with all that lets it be kept, here and by the caller, until the ledger changes."""
    response.set_etag(tag)
    response.headers["Hushi-Position"] = str(state.position)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept, Authorization"
    leave_exact(request.environ, Exact(state, g.today, request.path, g.api_key.id))
    return response
