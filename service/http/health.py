"""Health: whether the process lives, and whether it can serve."""

from typing import Any

from marshmallow import fields

from schemas.strict import StrictSchema
from service.domain.errors import Unavailable
from service.http.market import market
from service.http.routes import Answer, Routes
from service.queries.health import readiness

routes = Routes("Health")


class LiveSchema(StrictSchema):
    """The process answers."""

    status = fields.String(required=True)


class ReadySchema(StrictSchema):
    """What serving needs, part by part; `tail` counts the transactions that are not folded yet.

    `schema` is "ok", "old" when the database is older than this service, or "newer" when this service is the older one.

    `fold_lag_s` is the age of the oldest of them. `fold` is "ok" or, when that is over a minute, "standing still":
    reports stay exact then, and become slower. When the ledger can't serve, the problem document has the same members
    beside its own, null where nothing could be asked.
    """

    status = fields.String(required=True)
    database = fields.String(required=True)
    schema = fields.String(required=True)
    tail = fields.Integer(required=True)
    fold = fields.String(required=True)
    fold_lag_s = fields.Integer(required=True)


@routes.get("/health/live", scope=None, answer=LiveSchema)
def get_live() -> Answer:
    """Whether the process lives; says nothing of the database."""
    return Answer({"status": "ok"})


@routes.get("/health/ready", scope=None, answer=ReadySchema, refuses=[Unavailable])
def get_ready() -> Answer:
    """Whether the ledger can serve: 200 when the database answers and its schema fits, else 503."""
    ready = readiness(market().ledger)
    parts: dict[str, Any] = {
        "database": "ok" if ready.database else "unavailable",
        "schema": ready.schema,
        "tail": ready.tail_length,
        "fold": None if ready.is_folding is None else "ok" if ready.is_folding else "standing still",
        "fold_lag_s": ready.fold_lag_s,
    }
    if not ready.database:
        raise Unavailable("The database does not answer.", **parts)
    if ready.schema == "old":
        raise Unavailable("The database has an old schema, older than this service; run hushi db upgrade.", **parts)
    if ready.schema == "newer":
        raise Unavailable(
            "This service is older than the schema of the database, which was upgraded; start the newer hushi.", **parts
        )
    return Answer({"status": "ok", **parts})
