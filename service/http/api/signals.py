"""Signals: what in the live trades gives a reason to look. The audit has each reading before it is answered."""

from typing import Any

from flask import Response

from schemas import signals as wire
from service.commands.auditing import Caller
from service.commands.signals import record_reading
from service.http.context import app_context
from service.http.positions import refuse_future_positions
from service.http.report_answers import DATA_EXPORTS, document_response, representation_of
from service.http.request_context import request_context
from service.http.routes import Routes

routes = Routes("Signals")


@routes.get(
    "/v1/reports/signals",
    scope="signals:read",
    query=wire.SignalsQuerySchema,
    answer=wire.SignalsReportSchema,
    answers=tuple(DATA_EXPORTS),
    lists=wire.LISTS,
    positioned=True,
)
def get_signals(query: dict[str, Any]) -> Response:
    """What in the live trades of a period is a reason to look, by five rules; a signal is no verdict.

    The answer is made for each caller from the newest state: no cache keeps it, because each reading is recorded in the
    audit. Where the ledger can't be written, signals can't be read.
    """
    context, request = app_context(), request_context()
    refuse_future_positions()
    answered = context.reporter.signals(query["question"], query["rules"])
    record_reading(
        context.ledger, answered.answer.question, query["rules"], Caller(request.caller.id, request.request_id)
    )
    position = str(answered.state.position)
    document = wire.signals_document(answered.answer, context.keys.name_of, position)
    form = representation_of(query.get("format"), DATA_EXPORTS)
    response = document_response(document, form, DATA_EXPORTS[form](document, answered.answer.question.through))
    response.headers.update({"Hushi-Position": position, "Cache-Control": "no-store"})
    return response
