"""Turns every error of the service into a problem document (RFC 9457). No other place does that."""

import orjson
import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethodNotAllowed

from service.domain import errors
from service.domain.errors import Refusal
from service.figures.posting import REFUSALS
from service.http.request_context import request_context
from service.server.lifetimes import code_path_of
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown

PROBLEM_MEDIA_TYPE = "application/problem+json"

UNEXPECTED = "Something went wrong on our side; the log has it under the request id."

_log = structlog.get_logger()

_BY_STATUS: dict[int, type[Refusal]] = {
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
}
_SENTENCES = {
    404: "Nothing stands at this address; /openapi.json lists what does.",
    405: "This address does not take that method; the Allow header lists the ones it takes.",
    413: "The body is over the limit of this address; send less at once.",
    415: "This address does not take that kind of body.",
}


def problem_document(refusal: Refusal, request_id: str) -> dict[str, object]:
    """The problem document of a refusal."""
    document: dict[str, object] = {
        "type": f"/docs#{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request_id,
        **refusal.members,
    }
    if refusal.errors:
        document["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in refusal.errors]
    return document


def problem_response(refusal: Refusal, request_id: str) -> Response:
    """The answer to a refused request, with the headers that its status asks for."""
    REFUSALS.add(1, refusal.code)
    body = orjson.dumps(problem_document(refusal, request_id))
    response = Response(body, refusal.status, content_type=PROBLEM_MEDIA_TYPE)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="hushi"'
    if isinstance(refusal, errors.UnsupportedEncoding):
        response.headers["Accept-Encoding"] = refusal.taken
    if isinstance(refusal, errors.Unavailable):
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    return response


def _from_refusal(refusal: Refusal) -> Response:
    """The answer to a refused request; a retry gets the answer that the first request got."""
    first = refusal.first_request_id
    response = problem_response(refusal, first or request_context().request_id)
    if first is not None:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def register_problems(app: Flask) -> None:
    """Makes an application answer every error with a problem document."""
    app.register_error_handler(Refusal, _from_refusal)
    app.register_error_handler(HTTPException, _from_werkzeug)
    for fault in (DatabaseUnavailable, NotWritten, OutcomeUnknown):
        app.register_error_handler(fault, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def _from_werkzeug(error: HTTPException) -> Response:
    status, request_id = error.code or 500, request_context().request_id
    kind = _BY_STATUS.get(status)
    if kind is not None:
        response = problem_response(kind(_SENTENCES[status]), request_id)
    elif status < 500:
        response = problem_response(errors.ValidationFailed(error.description or error.name), request_id)
    else:
        response = _unexpected(error)
    if isinstance(error, WerkzeugMethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _unavailable(error: Exception) -> Response:
    _log.error("database-unavailable", error=type(error).__name__)
    told = error.told if isinstance(error, DatabaseUnavailable) else DatabaseUnavailable.told
    return problem_response(errors.Unavailable(told), request_context().request_id)


def _unexpected(error: Exception) -> Response:
    # The traceback is logged without the message's parameters: they may hold personal data.
    _log.error("unexpected-error", error=type(error).__name__, where=code_path_of(error))
    return problem_response(Refusal(UNEXPECTED), request_context().request_id)
