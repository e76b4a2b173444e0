"""Health: whether the process lives, whether it can serve, and which version of Hushi it is."""

from typing import Any

from marshmallow import fields

from schemas.strict import StrictSchema
from service import __version__
from service.domain.errors import Unavailable
from service.http.market import market
from service.http.routes import Answer, Routes
from service.storage.revisions import NEWEST_REVISION
from service.vitals import Vitals, Writes

routes = Routes("Health")


class LiveSchema(StrictSchema):
    """The process answers."""

    status = fields.String(required=True)


class ReadySchema(StrictSchema):
    """What serving needs, part by part; `tail` counts the transactions that are not folded yet.

    `schema` is "ok", "old" when the database is older than this service, or "newer" when this service is the older one.

    `fold_lag_s` is the age of the oldest of them. `fold` is "ok" or, when that is over a minute, "standing still":
    reports stay exact then, and become slower. `writes` is "ok", "failing" (a post would be answered 503: a full disk,
    a database that may only be read) or "standing still" (a post would wait: another process holds the ledger). `log`
    is "ok" or, when SQLite's log of `log_bytes` is over 512 MiB, "long": somebody has been reading for minutes;
    null on PostgreSQL. When the ledger can't serve, the problem document has the same members beside its own, null
    where nothing could be asked.
    """

    status = fields.String(required=True)
    database = fields.String(required=True)
    schema = fields.String(required=True)
    writes = fields.String(required=True)
    tail = fields.Integer(required=True)
    fold = fields.String(required=True)
    fold_lag_s = fields.Integer(required=True)
    log = fields.String(required=True, allow_none=True)
    log_bytes = fields.Integer(required=True, allow_none=True)


class VersionSchema(StrictSchema):
    """The product and its version; `schema_revision` is the revision of the database schema that this version needs.

    Whether the database has that revision is what `schema` of /health/ready says.
    """

    name = fields.String(required=True)
    version = fields.String(required=True)
    schema_revision = fields.String(required=True)


@routes.get("/health/live", scope=None, answer=LiveSchema)
def get_live() -> Answer:
    """Whether the process lives; says nothing of the database."""
    return Answer({"status": "ok"})


@routes.get("/health/ready", scope=None, answer=ReadySchema, refuses=[Unavailable])
def get_ready() -> Answer:
    """Whether the ledger can serve: 200 when the database answers, its schema fits and it takes writes, else 503."""
    vitals = market().vitals.look()
    parts = _parts(vitals)
    if not vitals.readiness.database:
        raise Unavailable("The database does not answer.", **parts)
    if vitals.readiness.schema == "old":
        raise Unavailable("The database has an old schema, older than this service; run hushi db upgrade.", **parts)
    if vitals.readiness.schema == "newer":
        raise Unavailable(
            "This service is older than the schema of the database, which was upgraded; start the newer hushi.", **parts
        )
    if vitals.writes != Writes.OK:
        raise Unavailable(_WHY[vitals.writes or Writes.FAILING], **parts)
    return Answer({"status": "ok", **parts})


@routes.get("/version", scope=None, answer=VersionSchema)
def get_version() -> Answer:
    """Which version of Hushi answers; the database is not asked."""
    return Answer({"name": "hushi", "version": __version__, "schema_revision": NEWEST_REVISION})


_WHY = {
    Writes.FAILING: "The database can be read and not written: is its disk full, or may it only be read?",
    Writes.STANDING_STILL: "Nothing has been written for seconds: another process, perhaps one that is suspended, "
    "holds the ledger, or the database hangs.",
}


def _parts(vitals: Vitals) -> dict[str, Any]:
    found = vitals.readiness
    return {
        "database": "ok" if found.database else "unavailable",
        "schema": found.schema,
        "writes": vitals.writes,
        "tail": found.tail_length,
        "fold": None if found.is_folding is None else "ok" if found.is_folding else "standing still",
        "fold_lag_s": None if found.fold_lag_s is None else int(found.fold_lag_s),
        "log": None if found.is_log_short is None else "ok" if found.is_log_short else "long",
        "log_bytes": found.log_bytes,
    }
