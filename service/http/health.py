"""Health: whether the process lives, and whether it can serve."""

from marshmallow import fields

from schemas.strict import StrictSchema
from service.http.market import market
from service.http.routes import Answer, Routes
from service.queries.health import readiness

routes = Routes("Health")


class LiveSchema(StrictSchema):
    """The process answers."""

    status = fields.String(required=True)


class ReadySchema(StrictSchema):
    """What serving needs, part by part; `tail` counts the transactions that are not folded yet.

    `fold_lag_s` is the age of the oldest of them. `fold` is "ok" or, when that is over a minute, "standing still":
    reports stay exact then, and become slower. Both are null when the database does not answer.
    """

    status = fields.String(required=True)
    database = fields.String(required=True)
    schema = fields.String(required=True)
    tail = fields.Integer(required=True, allow_none=True)
    fold = fields.String(required=True, allow_none=True)
    fold_lag_s = fields.Integer(required=True, allow_none=True)


@routes.get("/health/live", scope=None, answer=LiveSchema)
def get_live() -> Answer:
    """Whether the process lives; says nothing of the database."""
    return Answer({"status": "ok"})


@routes.get("/health/ready", scope=None, answer=ReadySchema)
def get_ready() -> Answer:
    """Whether the ledger can serve: 200 when the database answers and its schema fits, else 503."""
    ready = readiness(market().ledger)
    document = {
        "status": "ok" if ready.is_ready else "unavailable",
        "database": "ok" if ready.database else "unavailable",
        "schema": "ok" if ready.schema else "old",
        "tail": ready.tail_length,
        "fold": None if ready.is_folding is None else "ok" if ready.is_folding else "standing still",
        "fold_lag_s": ready.fold_lag_s,
    }
    return Answer(document, 200 if ready.is_ready else 503, {} if ready.is_ready else {"Retry-After": "1"})
