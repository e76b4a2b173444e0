"""Stores when the whole ledger was verified, and up to which block the chain was."""

import datetime
from typing import NamedTuple

import sqlalchemy as sa

from service.storage.tables import verification, verified_block

NEWEST_READ_MAX = 100


class VerifiedBlock(NamedTuple):
    """A record that the entries of all blocks up to one were hashed; the MAC covers the other values."""

    block: int
    hash: bytes
    verified_at: datetime.datetime
    is_whole: bool
    mac: bytes


def newest(connection: sa.Connection) -> datetime.datetime | None:
    """The instant of the newest verification that found nothing wrong; None before the first."""
    wanted = sa.select(verification.c.verified_at).order_by(verification.c.id.desc()).limit(1)
    found: datetime.datetime | None = connection.execute(wanted).scalar_one_or_none()
    return found


def insert(connection: sa.Connection, verified_at: datetime.datetime, block: int) -> None:
    """Records that everything up to a block was recounted and is right."""
    connection.execute(sa.insert(verification).values(verified_at=verified_at, block=block))


def insert_block(connection: sa.Connection, record: VerifiedBlock) -> None:
    """Records that the entries of all blocks up to one were hashed."""
    connection.execute(sa.insert(verified_block).values(record._asdict()))


def list_blocks(connection: sa.Connection) -> list[VerifiedBlock]:
    """The newest records of verified blocks, the one of the highest block first."""
    wanted = sa.select(*(verified_block.c[name] for name in VerifiedBlock._fields))
    rows = connection.execute(wanted.order_by(verified_block.c.block.desc()).limit(NEWEST_READ_MAX))
    return [VerifiedBlock(block, bytes(own), at, bool(is_whole), bytes(mac)) for block, own, at, is_whole, mac in rows]
