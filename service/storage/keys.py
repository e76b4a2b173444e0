"""Stores API keys. Only the SHA-256 of a key is stored, so that a reader of the database can't use a key."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service.domain.keys import DIGEST_BYTES, OPERATOR_KEY_ID, OPERATOR_NAME, REVERSES_ANY, ReversalRights, covers
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
    trade_point: str | None = None
    """The only trade point that the key sees and writes; None for a key of all trade points."""
    expires_at: datetime.datetime | None = None
    """The instant from which the key is refused; None for a key without an end."""

    @property
    def reversal_rights(self) -> ReversalRights:
        """What the key may reverse beside its own trades."""
        return ReversalRights(covers(self.scopes, REVERSES_ANY), self.trade_point)


@dataclass(frozen=True, slots=True)
class Recorder:
    """The API key that a record names, by its id and its name; the name is None when the key no longer exists."""

    id: int
    name: str | None


def recorder_of(key_id: int | None, name: str | None) -> Recorder | None:
    """The recorder of a row that has a key's id, and of `api_key` the name; None for a row that names no key."""
    if key_id is None:
        return None
    return Recorder(key_id, OPERATOR_NAME if key_id == OPERATOR_KEY_ID else name)


def find_recorder(connection: sa.Connection, key_id: int) -> Recorder:
    """The recorder with this id."""
    name = connection.execute(sa.select(api_key.c.name).where(api_key.c.id == key_id)).scalar_one_or_none()
    return Recorder(key_id, OPERATOR_NAME if key_id == OPERATOR_KEY_ID else name)


def insert(
    connection: sa.Connection,
    *,
    name: str,
    digest: bytes,
    scopes: Sequence[str],
    created_at: datetime.datetime,
    trade_point: str | None = None,
    expires_at: datetime.datetime | None = None,
) -> int:
    """Adds a key and returns its id."""
    key_id: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(api_key.c.id), 0) + 1)).scalar_one()
    connection.execute(
        sa.insert(api_key).values(
            id=key_id,
            name=name,
            digest=digest,
            scopes=" ".join(sorted(set(scopes))),
            created_at=created_at,
            trade_point=trade_point,
            expires_at=expires_at,
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


def trade_points(connection: sa.Connection) -> set[str]:
    """The trade points that keys are bound to."""
    bound = sa.select(api_key.c.trade_point).where(api_key.c.trade_point.is_not(None)).distinct()
    return set(connection.execute(bound).scalars())


def revoke(connection: sa.Connection, key_id: int, revoked_at: datetime.datetime) -> bool:
    """Revokes a key; returns false when there is no live key with this id."""
    ended = connection.execute(
        sa.update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None)).values(revoked_at=revoked_at)
    )
    return ended.rowcount == 1


def _key_of(row: sa.Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        digest=bytes(row.digest),
        scopes=frozenset(row.scopes.split()),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        trade_point=row.trade_point,
        expires_at=row.expires_at,
    )
