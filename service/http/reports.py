"""Reports: trade, residents, series; exact at the position in their header, answered with 304 while nothing changed."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, g, request

from schemas import reports as wire
from schemas.briefs import BriefSchema, brief_document
from service.domain.brief import write_brief
from service.domain.reports import Question
from service.http.market import market
from service.http.routes import Answer, Routes, respond
from service.queries.reports import Answered
from service.storage.standing import Standing

routes = Routes("Reports")

_RENDERING = "1"
"""Part of every ETag: a change of the documents' form changes it, so that no cache keeps an old one."""


@routes.get(
    "/v1/reports/trade",
    scope="reports:read",
    query=wire.TradeQuerySchema,
    answer=wire.ReportSchema,
    lists=wire.LISTS,
)
def get_trade_report(query: dict[str, Any]) -> Response:
    """Value, weight, transactions, participations and residents of a period, compared with its base."""
    return _report(query, market().reporter.trade, wire.report_document)


@routes.get(
    "/v1/reports/residents",
    scope="reports:read",
    query=wire.ResidentsQuerySchema,
    answer=wire.ReportSchema,
    lists=wire.LISTS,
)
def get_residents_report(query: dict[str, Any]) -> Response:
    """Registered residents as stocks and flows of a period, and how many of them took part."""
    return _report(query, market().reporter.residents, wire.report_document)


@routes.get(
    "/v1/reports/series",
    scope="reports:read",
    query=wire.SeriesQuerySchema,
    answer=wire.SeriesSchema,
    lists=wire.LISTS,
)
def get_series(query: dict[str, Any]) -> Response:
    """One measure over the buckets of a period, without gaps, for charts."""
    measure = query["measure"]
    inside = wire.SERIES_MEASURES[measure]
    return _report(
        query,
        lambda question, at: market().reporter.series(question, inside, at),
        lambda answer, position: wire.series_document(answer, measure, position),
    )


@routes.get(
    "/v1/reports/brief",
    scope="reports:read",
    query=wire.BriefQuerySchema,
    answer=BriefSchema,
    lists=wire.LISTS,
)
def get_brief(query: dict[str, Any]) -> Response:
    """The paragraph that a bureau publishes, in Chinese, English or Mongolian, with the figures behind every phrase."""
    lang = query["lang"]
    return _report(
        query,
        market().reporter.brief,
        lambda facts, position: brief_document(write_brief(facts, lang), facts, lang, position),
    )


def _report(
    query: dict[str, Any],
    ask: Callable[[Question, Standing], Answered[Any]],
    render: Callable[[Any, str], dict[str, object]],
) -> Response:
    """The report, or 304 without computing it when the caller has it already."""
    asked = _asked(query)
    if request.if_none_match.contains(tag := _etag(asked, g.standing)):
        return _tagged(Response(status=304), tag)
    answered = ask(query["question"], g.standing)
    position = str(answered.standing.position)
    response = respond(Answer(render(answered.answer, position)))
    response.headers["Hushi-Position"] = position
    return _tagged(response, _etag(asked, answered.standing))


def _asked(query: dict[str, Any]) -> bytes:
    return orjson.dumps([request.path, sorted((name, _plain(value)) for name, value in query.items()), _RENDERING])


def _etag(asked: bytes, standing: Standing) -> str:
    position = standing.position
    state = [position.block, position.tail_length, position.hash.hex(), *standing.registrations]
    return hashlib.blake2b(asked + orjson.dumps(state), digest_size=16).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, Question):
        filters = [(name, sorted(values)) for name, values in value.filters]
        return repr((value.period, value.compare, value.by, filters))
    return str(value)


def _tagged(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept, Authorization"
    return response
