"""Where a ledger stands: all that any report depends on, in one statement."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.storage.tables import block, resident, resident_group, resident_status, tail


@dataclass(frozen=True, slots=True)
class Position:
    """Where a ledger stands: its last block and the length of its tail. Within a block the tail only grows."""

    block: int
    tail_length: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.block}.{self.tail_length}"


Registrations = tuple[int, int, int]
"""The newest resident, status and membership: one of them grows whenever anything is recorded of a person."""


def read(connection: sa.Connection) -> tuple[Position, Registrations]:
    """The position of this snapshot, and the state of its registrations."""
    row = connection.execute(_STATEMENT).one()
    position = Position(row.no or 0, row.tail_length, bytes(row.hash or b""))
    return position, (row.resident or 0, row.status or 0, row.membership or 0)


def _newest(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.max(column)).scalar_subquery()


_HEAD = sa.select(block.c.no, block.c.hash).order_by(block.c.no.desc()).limit(1).subquery("head")
_STATEMENT = sa.select(
    sa.select(_HEAD.c.no).scalar_subquery().label("no"),
    sa.select(_HEAD.c.hash).scalar_subquery().label("hash"),
    sa.select(sa.func.count()).select_from(tail).scalar_subquery().label("tail_length"),
    _newest(resident.c.ordinal).label("resident"),
    _newest(resident_status.c.id).label("status"),
    _newest(resident_group.c.id).label("membership"),
)
