"""Stores the answer under each idempotency key, in the same database transaction as its entry."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa

from service.domain.idempotency import answer_message, outcomes_of
from service.domain.macs import MacKeys
from service.domain.transactions import Transaction
from service.storage.columns import raw_digest, raw_uuid
from service.storage.rowsets import BulkInsert
from service.storage.tables import idempotency

ROWS_AT_ONCE = 2000
_INSERT = BulkInsert(idempotency, ("digest", "mac", "transaction_id", "refusal"))
_INSERT_ACCEPTED = BulkInsert(idempotency, ("digest", "mac", "transaction_id"))
"""Most commits have no refusal, and a database is faster when it needs not look at nulls."""


class Remembered(NamedTuple):
    """An outcome as it was answered: the entry, or a JSON text of the refusal or of another answer without an entry.

    The MAC covers the digest of the key, the fingerprint of the request, and this outcome.
    """

    digest: bytes
    mac: bytes
    transaction: Transaction | None = None
    refusal: str | None = None

    @property
    def outcomes(self) -> Sequence[bytes]:
        """The possible encodings of the outcome; the MAC covers one of them."""
        return ((self.refusal or "").encode(),) if self.transaction is None else outcomes_of(self.transaction)


def is_answered(connection: sa.Connection, digest: bytes) -> bool:
    """Whether a request with this key was answered."""
    asked = sa.select(idempotency.c.digest).where(idempotency.c.digest == UUID(bytes=digest))
    return connection.execute(asked).first() is not None


def find_text(connection: sa.Connection, digest: bytes) -> tuple[bytes, str] | None:
    """The MAC and the text of the answer under a key, or None; for routes whose outcome is never a transaction."""
    asked = sa.select(idempotency.c.mac, idempotency.c.refusal).where(idempotency.c.digest == UUID(bytes=digest))
    row = connection.execute(asked).one_or_none()
    return None if row is None else (row.mac.bytes, row.refusal)


def insert(connection: sa.Connection, outcomes: Sequence[Remembered]) -> None:
    """Stores outcomes under their keys.

    Raises sqlalchemy.exc.IntegrityError when another process has answered one of these keys in the meantime.
    """
    raw, raw_id = raw_digest(connection.dialect.name), raw_uuid(connection.dialect.name)
    if all(refusal is None for _, _, _, refusal in outcomes):
        accepted = [
            (raw(digest), raw(mac), raw_id(entry.transaction_id)) for digest, mac, entry, _ in outcomes if entry
        ]
        _INSERT_ACCEPTED.run(connection, accepted)
        return
    rows = [
        (raw(digest), raw(mac), None if entry is None else raw_id(entry.transaction_id), refusal)
        for digest, mac, entry, refusal in outcomes
    ]
    _INSERT.run(connection, rows)


def add_macs_to_older(connection: sa.Connection, mac_keys: MacKeys) -> None:
    """Gives a MAC to answers that are older than MACs; their rows have the plain fingerprint in the MAC's column."""
    column, last = idempotency.c, UUID(int=0)
    update = (
        sa.update(idempotency)
        .where(column.digest == sa.bindparam("of"))
        .values(mac=sa.bindparam("by"), refusal=sa.bindparam("text"))
    )
    page = sa.select(idempotency).order_by(column.digest).limit(ROWS_AT_ONCE)
    while rows := connection.execute(page.where(column.digest > last)).all():
        connection.execute(update, [_with_mac(row, mac_keys) for row in rows])
        last = rows[-1].digest


def _with_mac(row: sa.Row[Any], mac_keys: MacKeys) -> dict[str, object]:
    fingerprint, text, outcome = row.mac.bytes, row.refusal, row.transaction_id and row.transaction_id.bytes
    if outcome is None:
        text = orjson.dumps({**orjson.loads(text), "fingerprint": fingerprint.hex()}).decode()
        outcome = text.encode()
    mac = mac_keys.mac_of(answer_message(row.digest.bytes, fingerprint, outcome))
    return {"of": row.digest, "by": UUID(bytes=mac), "text": text}
