"""Reversals of many trades in one request, all or none: a truck that was entered wrongly, a page of wrong lines."""

from flask import Response

from schemas.reversals import ReversalEntriesSchema, ReversalsSchema
from schemas.transactions import TransactionWriter
from service.commands.reversals import reverse_together
from service.domain import errors
from service.domain.idempotency import key_digest
from service.domain.reversals import TradesToReverse
from service.http.bodies import REVERSALS_BYTES_MAX
from service.http.context import app_context
from service.http.problems import problem_response
from service.http.request_context import request_context
from service.http.routes import Answer, Routes

routes = Routes("Transactions")

REVERSALS_ROUTE = "transactions/reversals"

_TRANSACTION = TransactionWriter()


@routes.post(
    "/v1/transactions/reversals",
    scope="transactions:write",
    status=201,
    body=ReversalsSchema,
    body_bytes_max=REVERSALS_BYTES_MAX,
    answer=ReversalEntriesSchema,
    refuses=[
        errors.NotFound,
        errors.PersonalData,
        errors.AlreadyReversed,
        errors.NotReversible,
        errors.IdempotencyKeyMissing,
        errors.IdempotencyKeyInvalid,
        errors.IdempotencyKeyReused,
        errors.IdempotencyInProgress,
        errors.Unavailable,
    ],
    keyed=True,
    commits=True,
)
def reverse_transactions(body: TradesToReverse) -> Answer | Response:
    """Reverse up to 10,000 trades, or all live trades of a consignment: all of them or none."""
    context = request_context()
    digest = key_digest(context.caller.id, REVERSALS_ROUTE, context.checked_key)
    request = reverse_together(digest, context.request_id, body, context.caller.id)
    outcome = app_context().committer.submit_together(request)
    replayed = {"Idempotency-Replayed": "true"} if outcome.replayed else {}
    if outcome.refusal is not None:
        response = problem_response(outcome.refusal, outcome.request_id)
        response.headers.update(replayed)
        return response
    items = [_TRANSACTION.dump(entry, app_context().keys.name_of) for entry in outcome.transactions]
    return Answer({"items": items}, 201, replayed)
