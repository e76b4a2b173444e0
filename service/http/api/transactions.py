"""Transactions: posting, quoting, reversing, fetching and listing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import g

from schemas import transactions as wire
from schemas.quick import QuickWriter
from schemas.residents import ReasonSchema
from service.commands.posting import NewEntry, Outcome, Post, Reverse
from service.domain import errors
from service.domain.idempotency import key_digest, reversal_fingerprint, trade_fingerprint
from service.domain.transactions import Trade
from service.http.context import app_context
from service.http.cursors import encode_cursor
from service.http.paging import read_page
from service.http.problems import problem_response
from service.http.routes import Answer, Routes, idempotency_key, request_id, respond
from service.queries import transactions as queries
from service.storage.journal import TransactionFilters
from service.storage.tail import PLACE_MAX

routes = Routes("Transactions")

POSTING_ROUTE = "transactions"
REVERSAL_ROUTE = "transactions/reversal"

_TRANSACTION = QuickWriter(wire.TransactionSchema())
_QUOTE = wire.QuoteSchema()

_TRADE_REFUSALS = (
    errors.ReferenceExists,
    errors.UnknownResident,
    errors.ResidentNotActive,
    errors.CategoryHsMismatch,
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
    refuses=[*_TRADE_REFUSALS, *_KEY_REFUSALS],
    keyed=True,
    commits=True,
)
def post_transaction(body: Trade) -> Any:
    """Post a trade. The answer is durable, judged, and the same for every retry with the same key."""
    digest = key_digest(g.api_key.id, POSTING_ROUTE, idempotency_key())
    return _settle(Post(digest, trade_fingerprint(body), request_id(), body, api_key=g.api_key.id))


@routes.post(
    "/v1/transactions/quote",
    scope="transactions:write",
    body=wire.TradeSchema,
    answer=wire.QuoteSchema,
    refuses=_TRADE_REFUSALS,
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
                    for name in ("resident", "day", "verdict", "exempt_fen", "taxable_fen", "rule_version")
                },
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
    refuses=[errors.NotFound, errors.PersonalData, errors.AlreadyReversed, errors.NotReversible, *_KEY_REFUSALS],
    keyed=True,
    commits=True,
)
def reverse_transaction(transaction_id: str, body: str) -> Any:
    """Reverse a trade, once and for ever: its allowance returns to the trade's own business day."""
    digest = key_digest(g.api_key.id, REVERSAL_ROUTE, idempotency_key())
    trade_id = parse_transaction_id(transaction_id)
    fingerprint = reversal_fingerprint(trade_id, body)
    return _settle(Reverse(digest, fingerprint, request_id(), trade_id, body, g.api_key.id))


@routes.get(
    "/v1/transactions/<transaction_id>",
    scope="transactions:read",
    answer=wire.TransactionWithFateSchema,
    refuses=[errors.NotFound],
)
def get_transaction(transaction_id: str) -> Answer:
    """Fetch a transaction, with its reversal and its block if there are any."""
    fate = queries.get_transaction(app_context().ledger, parse_transaction_id(transaction_id))
    return Answer({**_TRANSACTION.dump(fate.transaction), "reversed_by": fate.reversed_by, "block": fate.block})


@routes.get(
    "/v1/transactions",
    scope="transactions:read",
    query=wire.TransactionsQuerySchema,
    answer=wire.TransactionPageSchema,
    refuses=[errors.CursorInvalid],
)
def list_transactions(query: dict[str, Any]) -> Answer:
    """List transactions, newest first; pages neither repeat nor skip while the ledger grows."""
    before, filters, limit = read_page("transactions", wire.TransactionsQuerySchema, query, PLACE_MAX)
    page = queries.list_transactions(app_context().ledger, TransactionFilters(**filters), before, limit)
    following = None if page.next_seq is None else encode_cursor("transactions", page.next_seq, g.list_filters)
    return Answer({"items": [_TRANSACTION.dump(each) for each in page.transactions], "next_cursor": following})


def submit(entries: Sequence[NewEntry], *, all_or_none: bool = False) -> list[Outcome]:
    """The outcomes of entries by the committer. Raises Unauthenticated when the key was revoked in the meantime."""
    outcomes = app_context().committer.submit(entries, all_or_none=all_or_none)
    if isinstance(outcomes[0].refusal, errors.Unauthenticated):
        raise outcomes[0].refusal
    return outcomes


def _settle(entry: NewEntry) -> Any:
    """The answer to one entry, by the committer."""
    return _answer(submit([entry])[0])


def _answer(outcome: Outcome) -> Any:
    replayed = {"Idempotency-Replayed": "true"} if outcome.replayed else {}
    if outcome.refusal is not None:
        response = problem_response(outcome.refusal, outcome.request_id)
        response.headers.update(replayed)
        return response
    assert outcome.transaction is not None
    location = f"/v1/transactions/{outcome.transaction.transaction_id}"
    return respond(Answer(_TRANSACTION.dump(outcome.transaction), 201, {"Location": location, **replayed}))


def parse_transaction_id(text: str) -> UUID:
    """The id in an address; a text that is no UUID names nothing."""
    try:
        if len(text) == 36:
            return UUID(text)
    except ValueError:
        pass
    raise errors.NotFound("No such transaction is in the ledger; an id is a UUID.")
