"""Health: whether the process lives, whether it can serve, and which version of Hushi it is."""

from typing import Any

from schemas.health import LiveSchema, ReadySchema, VersionSchema
from service import __version__
from service.domain.errors import Unavailable
from service.http.context import app_context
from service.http.routes import Answer, Routes
from service.http.vitals import Vitals, Writes
from service.storage.revisions import NEWEST_REVISION

routes = Routes("Health")


@routes.get("/health/live", scope=None, answer=LiveSchema)
def get_live() -> Answer:
    """Whether the process lives; says nothing of the database."""
    return Answer({"status": "ok"})


@routes.get("/health/ready", scope=None, answer=ReadySchema, refuses=[Unavailable])
def get_ready() -> Answer:
    """Whether the ledger can serve: 200 when its database takes writes and no figure is wrong, else 503."""
    vitals = app_context().vitals.look()
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
    if vitals.readiness.self_check is not None and vitals.readiness.self_check.fault is not None:
        raise Unavailable(
            f"A figure is not what the journal adds up to: {parts['integrity']}. Posts are written, and reports are "
            "refused; run hushi verify --repair-cells.",
            **parts,
        )
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
        "integrity": None if found.self_check is None else str(found.self_check.fault or "ok"),
    }
