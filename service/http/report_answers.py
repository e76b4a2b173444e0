"""Answers reports in the form that the caller wants, exact at one ledger state, with 304 while nothing has changed.

A view says how its question is asked and how its answer becomes a document. The rest is the same for every report.
"""

import contextlib
import datetime
import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar

import orjson
from flask import Response, request
from werkzeug.datastructures import MIMEAccept

from service.domain.reports import Question, question_so_far
from service.http.context import app_context
from service.http.positions import MIN_POSITION, POSITION, choose_source, wanted_position
from service.http.request_context import Exact, request_context
from service.http.routes import JSON_MEDIA_TYPE
from service.http.trade_points import own_trade_point
from service.queries.report_sources import Chosen
from service.queries.reports import Answered, Reporter
from service.rendering.exports import csv_of, xlsx_of
from service.storage.faults import DatabaseUnavailable
from service.storage.ledger_state import LedgerState

XLSX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_MEDIA_TYPE = "text/csv"
HTML_MEDIA_TYPE = "text/html"
NDJSON_MEDIA_TYPE = "application/x-ndjson"

MEDIA_TYPES = {
    "json": JSON_MEDIA_TYPE, "csv": CSV_MEDIA_TYPE, "xlsx": XLSX_MEDIA_TYPE, "html": HTML_MEDIA_TYPE,
    "ndjson": NDJSON_MEDIA_TYPE,
}  # fmt: skip

_RENDERING = "5"
"""A part of every ETag. It is raised when the form of the documents changes, so that no cache keeps an old document."""

Export = Callable[[dict[str, Any], datetime.date], bytes]
"""Makes the bytes of a file from a document and the last day that its figures can be of."""

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class AskReport(Protocol[T]):
    """Asks a question of the ledger: a method of Reporter, for the reporter of the primary or of its standby."""

    def __call__(self, reporter: Reporter, question: Question, /, *, at: LedgerState) -> Answered[T]:
        """The answer at this ledger state or at a newer one."""


class RenderReport(Protocol[T_contra]):
    """Makes the document of an answer."""

    def __call__(self, answer: T_contra, /, *, position: str) -> dict[str, Any]:
        """The document of an answer that is exact at this position."""


def json_of(document: dict[str, Any], _through: datetime.date) -> bytes:
    """The document as JSON."""
    return orjson.dumps(document)


def _csv_of(document: dict[str, Any], _through: datetime.date) -> bytes:
    return csv_of(document)


TABLE_EXPORTS: Mapping[str, Export] = {JSON_MEDIA_TYPE: json_of, CSV_MEDIA_TYPE: _csv_of, XLSX_MEDIA_TYPE: xlsx_of}
TABLES = tuple(TABLE_EXPORTS)
"""The media types of a report that is one table."""
DATA_EXPORTS: Mapping[str, Export] = {JSON_MEDIA_TYPE: json_of, CSV_MEDIA_TYPE: _csv_of}
"""The forms of a report that is for programs and pages, and no workbook."""


def answer_report(
    query: dict[str, Any],
    today: datetime.date,
    ask: AskReport[T],
    render: RenderReport[T],
    exports: Mapping[str, Export] = TABLE_EXPORTS,
) -> Response:
    """The report, or 304 without computing it when the caller has it already.

    `today` is read once for a request: a brief counts residents up to it, and every file names the day of its data.
    `exports` turn the document into bytes, by media type.
    """
    representation = representation_of(query.get("format"), exports)
    wanted = wanted_position(request.headers.get(MIN_POSITION))
    chosen = choose_source(wanted)

    def answer_from(chosen: Chosen) -> Response:
        """The report of a source."""
        tag = _etag(chosen.state, today, representation)
        if request.if_none_match.contains_weak(tag):
            return _exact(Response(status=304), tag, chosen.state, today)
        # The question is about the day that is in the tag, also when midnight in the market passes in the meantime.
        question = question_so_far(query["question"], today)
        answered = ask(chosen.source.reporter, question, at=chosen.state)
        document = render(answered.answer, position=str(answered.state.position))
        response = document_response(document, representation, exports[representation](document, question.through))
        app_context().sources.note_shown(request_context().caller.id, chosen, answered.state)
        return _exact(response, _etag(answered.state, today, representation), answered.state, today)

    with contextlib.ExitStack() as failing:
        if chosen.is_standby:
            failing.enter_context(contextlib.suppress(DatabaseUnavailable))
        response = answer_from(chosen)
        if app_context().sources.holds(chosen):
            return response
    # The standby has gone, or another one has answered, which may be further behind.
    return answer_from(choose_source(wanted, is_again=True))


def document_response(document: dict[str, Any], representation: str, content: bytes) -> Response:
    """The response with a document in a form; a file that people save has a name."""
    charset = "; charset=utf-8" if representation.startswith("text/") else ""
    response = Response(content, content_type=representation + charset)
    if representation in {CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE}:
        response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(document, representation)}"'
    return response


def representation_of(asked: str | None, offered: Collection[str]) -> str:
    """The media type of the answer: what `format` says, or else what Accept prefers of those offered, or else JSON."""
    if asked is not None:
        return MEDIA_TYPES[asked]
    # Werkzeug compares parameters too, and would not find `text/csv; charset=utf-8`.
    accepted = MIMEAccept([(kind.partition(";")[0].strip(), q) for kind, q in request.accept_mimetypes])
    return accepted.best_match(list(offered), default=JSON_MEDIA_TYPE)


def _file_name(document: dict[str, Any], representation: str) -> str:
    period = document["period"]
    ending = next(name for name, media_type in MEDIA_TYPES.items() if media_type == representation)
    counted = "-transferred" if document.get("on") == "transferred" else ""
    return f"hushi-{request.path.rpartition('/')[2]}{counted}-{period['from']}-{period['to']}.{ending}"


def _etag(state: LedgerState, today: datetime.date, representation: str) -> str:
    """A digest of all that the answer depends on: the question as it was asked, the form, the day, the ledger state.

    It is also the trade point of the caller's key: a browser that asks with another key must not be told that nothing
    has changed.
    """
    position = state.position
    numbers = f"{position.block} {position.tail_length} {state.registrations} {state.figures}"
    asked = f"{_RENDERING}\n{representation}\n{request.full_path}\n{own_trade_point() or ''}\n{today}\n{numbers}\n"
    ledger = position.hash + position.newest_entry + state.register.mac
    return hashlib.blake2b(asked.encode() + ledger, digest_size=16).hexdigest()


def _exact(response: Response, tag: str, state: LedgerState, today: datetime.date) -> Response:
    """Adds to a response what the caller and the response cache need to keep it until the ledger changes."""
    response.set_etag(tag)
    response.headers[POSITION] = str(state.position)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept, Authorization"
    let_in_at = request_context().state
    assert let_in_at is not None, "who may read reports is looked up at a state of the ledger"
    request_context().exact = Exact(state, today, let_in_at)
    return response
