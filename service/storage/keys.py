"""Stores API keys. Only the SHA-256 of a key is stored, so that a reader of the database can't use a key."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service.domain.keys import DIGEST_BYTES
from service.storage.tables import api_key


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret."""

    id: int
    name: str
    digest: bytes
    scopes: frozenset[str]
    created_at: datetime.datetime
    revoked_at: datetime.datetime | None


def insert(
    connection: sa.Connection, *, name: str, digest: bytes, scopes: Sequence[str], created_at: datetime.datetime
) -> int:
    """Adds a key and returns its id."""
    key_id: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(api_key.c.id), 0) + 1)).scalar_one()
    connection.execute(
        sa.insert(api_key).values(
            id=key_id, name=name, digest=digest, scopes=" ".join(sorted(set(scopes))), created_at=created_at
        )
    )
    return key_id


def find_by_name(connection: sa.Connection, name: bytes) -> Sequence[ApiKey]:
    """The keys whose digests begin with these 8 bytes, revoked or not: one, unless somebody has changed the table."""
    rest = DIGEST_BYTES - len(name)
    begins_so = api_key.c.digest.between(name + bytes(rest), name + b"\xff" * rest)
    return [_key_of(row) for row in connection.execute(sa.select(api_key).where(begins_so))]


def find_by_id(connection: sa.Connection, key_id: int) -> ApiKey | None:
    """The key with this id, revoked or not."""
    row = connection.execute(sa.select(api_key).where(api_key.c.id == key_id)).one_or_none()
    return None if row is None else _key_of(row)


def list_keys(connection: sa.Connection) -> Sequence[ApiKey]:
    """All keys, the oldest first."""
    return [_key_of(row) for row in connection.execute(sa.select(api_key).order_by(api_key.c.id))]


def revoke(connection: sa.Connection, key_id: int, revoked_at: datetime.datetime) -> bool:
    """Revokes a key; returns false when there is no live key with this id."""
    ended = connection.execute(
        sa.update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None)).values(revoked_at=revoked_at)
    )
    return ended.rowcount == 1


def _key_of(row: sa.Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(row.id, row.name, bytes(row.digest), frozenset(row.scopes.split()), row.created_at, row.revoked_at)
