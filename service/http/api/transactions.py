"""Transactions: posting, quoting, reversing and fetching."""

from flask import Response

from schemas import transactions as wire
from schemas.residents import ReasonSchema
from schemas.warnings import warnings_document
from service.commands.posting import Outcome, Post, Reverse
from service.domain import errors
from service.domain.idempotency import key_digest, reversal_fingerprint, trade_fingerprint
from service.domain.transactions import Trade
from service.http.context import app_context
from service.http.path_ids import transaction_id_in
from service.http.problems import problem_response
from service.http.request_context import request_context
from service.http.routes import Answer, Routes
from service.http.trade_points import own_trade_point
from service.queries import transactions as queries

routes = Routes("Transactions")

POSTING_ROUTE = "transactions"
REVERSAL_ROUTE = "transactions/reversal"

_TRANSACTION = wire.TransactionWriter()
_QUOTE = wire.QuoteSchema()

TRADE_REFUSALS = (
    errors.ReferenceExists,
    errors.UnknownResident,
    errors.ResidentNotActive,
    errors.NotMandated,
    errors.CategoryHsMismatch,
    errors.HsCodeRequired,
    errors.PersonalData,
    errors.AllowanceExceeded,
)
_KEY_REFUSALS = (
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyInvalid,
    errors.IdempotencyKeyReused,
    errors.IdempotencyInProgress,
    errors.Unavailable,
)


@routes.post(
    "/v1/transactions",
    scope="transactions:write",
    status=201,
    body=wire.TradeSchema,
    answer=wire.TransactionSchema,
    refuses=[*TRADE_REFUSALS, *_KEY_REFUSALS],
    keyed=True,
    commits=True,
)
def post_transaction(body: Trade) -> Answer | Response:
    """Post a trade. The answer is durable, judged, and the same for every retry with the same key."""
    context = request_context()
    digest = key_digest(context.caller.id, POSTING_ROUTE, context.checked_key)
    if context.settled is None:
        entry = Post(digest, trade_fingerprint(body), context.request_id, body, api_key=context.caller.id)
        return answer_outcome(app_context().committer.submit([entry])[0])
    if isinstance(context.settled, Exception):
        raise context.settled
    return answer_outcome(context.settled)


@routes.post(
    "/v1/transactions/quote",
    scope="transactions:write",
    body=wire.TradeSchema,
    answer=wire.QuoteSchema,
    refuses=TRADE_REFUSALS,
)
def quote_transaction(body: Trade) -> Answer:
    """What posting this trade now would answer; nothing is stored and no key is needed."""
    quote = queries.quote(app_context().ledger, body)
    judged = quote.transaction
    return Answer(
        _QUOTE.dump(
            {
                **{
                    name: getattr(judged, name)
                    for name in (
                        "resident",
                        "day",
                        "verdict",
                        "exempt_fen",
                        "taxable_fen",
                        "rule_version",
                        "rule_verified",
                    )
                },
                "warnings": warnings_document(judged),
                "remaining_after_fen": quote.remaining_after_fen,
            }
        )
    )


@routes.post(
    "/v1/transactions/<transaction_id>/reversal",
    scope="transactions:write",
    status=201,
    body=ReasonSchema,
    answer=wire.TransactionSchema,
    refuses=[
        errors.NotFound,
        errors.PersonalData,
        errors.AlreadyReversed,
        errors.NotReversible,
        *_KEY_REFUSALS,
    ],
    keyed=True,
    commits=True,
)
def reverse_transaction(transaction_id: str, body: str) -> Answer | Response:
    """Reverse a trade, once and for ever: its allowance returns to the trade's own business day.

    A trade that another key has recorded, or that says no key, needs the scope transactions:reverse_any.
    """
    context, trade_id = request_context(), transaction_id_in(transaction_id)
    digest = key_digest(context.caller.id, REVERSAL_ROUTE, context.checked_key)
    fingerprint = reversal_fingerprint(trade_id, body)
    caller = context.caller
    entry = Reverse(digest, fingerprint, context.request_id, trade_id, body, caller.id, caller.reversal_rights)
    return answer_outcome(app_context().committer.submit([entry])[0])


@routes.get(
    "/v1/transactions/<transaction_id>",
    scope="transactions:read",
    answer=wire.TransactionWithFateSchema,
    refuses=[errors.NotFound],
)
def get_transaction(transaction_id: str) -> Answer:
    """Fetch a transaction, with its reversal and its block if there are any, and what has gone on of it."""
    fate = queries.get_transaction(app_context().ledger, transaction_id_in(transaction_id), own_trade_point())
    shown = _TRANSACTION.dump(fate.transaction, app_context().keys.name_of)
    gone = wire.gone_document(fate.gone)
    return Answer({**shown, "reversed_by": fate.reversed_by, **gone, "block": fate.block})


def answer_outcome(outcome: Outcome) -> Answer | Response:
    """The answer to one entry, from what the committer says has become of it."""
    replayed = {"Idempotency-Replayed": "true"} if outcome.replayed else {}
    if outcome.refusal is not None:
        response = problem_response(outcome.refusal, outcome.request_id)
        response.headers.update(replayed)
        return response
    assert outcome.transaction is not None
    location = f"/v1/transactions/{outcome.transaction.transaction_id}"
    shown = _TRANSACTION.dump(outcome.transaction, app_context().keys.name_of)
    return Answer(shown, 201, {"Location": location, **replayed})
