"""The answers of the health endpoints: whether the service is alive and can serve."""

from marshmallow import fields

from schemas.strict import StrictSchema


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
    null on PostgreSQL. `integrity` is "ok", or names the first figure that the self-check found to be another one than
    the journal says: posts are written then, and reports are refused until it is repaired. When the
    ledger can't serve, the problem document has the same members beside its own, null where nothing could be asked.
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
    integrity = fields.String(required=True)


class VersionSchema(StrictSchema):
    """The product and its version; `schema_revision` is the revision of the database schema that this version needs.

    Whether the database has that revision is what `schema` of /health/ready says.
    """

    name = fields.String(required=True)
    version = fields.String(required=True)
    schema_revision = fields.String(required=True)
