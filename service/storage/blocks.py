"""Stores and reads the sealed blocks of the chain, and finds the block that holds an entry of the journal."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.domain.chain import Block, RegisterHead
from service.domain.macs import NO_MAC
from service.storage.tables import block, fact

_FOLD_LOCK = 0x4855534A


@dataclass(frozen=True, slots=True)
class SealedBlock:
    """A block, and the range of places in the journal that it holds."""

    block: Block
    first_seq: int
    last_seq: int


def try_lock(connection: sa.Connection) -> bool:
    """Takes the lock of folding, and returns whether this transaction has it. On SQLite the writer has it already."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_FOLD_LOCK))).scalar_one())


def find_head(connection: sa.Connection) -> SealedBlock | None:
    """The newest block; None in a ledger that was never folded."""
    row = connection.execute(sa.select(block).order_by(block.c.no.desc()).limit(1)).one_or_none()
    return None if row is None else _sealed_of(row)


def find(connection: sa.Connection, no: int) -> SealedBlock | None:
    """The block with this number; None when there is none."""
    row = connection.execute(sa.select(block).where(block.c.no == no)).one_or_none()
    return None if row is None else _sealed_of(row)


def find_holding(connection: sa.Connection, seq: int) -> SealedBlock | None:
    """The block that holds the entry at this place of the journal; None while the entry is in the tail."""
    wanted = sa.select(block).where(block.c.last_seq >= seq).order_by(block.c.last_seq).limit(1)
    row = connection.execute(wanted).one_or_none()
    return None if row is None or row.first_seq > seq else _sealed_of(row)


def count_entries(connection: sa.Connection) -> int:
    """How many entries all blocks hold together."""
    found: int = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(block.c.entries), 0))).scalar_one()
    return int(found)


def list_from(connection: sa.Connection, no: int, limit: int) -> list[SealedBlock]:
    """Up to `limit` blocks from this number on, in order."""
    rows = connection.execute(sa.select(block).where(block.c.no >= no).order_by(block.c.no).limit(limit))
    return [_sealed_of(row) for row in rows]


def find_other_register(connection: sa.Connection) -> int | None:
    """The number of the first block that names a fact with another MAC than the register has; None without one."""
    same = (fact.c.no == block.c.register_no) & (fact.c.mac == block.c.register_mac)
    before_all = (block.c.register_no == 0) & (block.c.register_mac == NO_MAC)
    wanted = (
        sa.select(sa.func.min(block.c.no))
        .select_from(block.outerjoin(fact, same))
        .where(block.c.register_no.is_not(None), fact.c.no.is_(None), ~before_all)
    )
    found: int | None = connection.execute(wanted).scalar_one()
    return found


def insert(connection: sa.Connection, sealed: SealedBlock) -> None:
    """Adds a block to the chain. Raises sqlalchemy.exc.IntegrityError when another folder was first."""
    link = sealed.block
    connection.execute(
        sa.insert(block).values(
            no=link.no,
            previous_hash=link.previous_hash,
            hash=link.hash,
            merkle_root=link.merkle_root,
            entries=link.count,
            first_seq=sealed.first_seq,
            last_seq=sealed.last_seq,
            sealed_at=link.sealed_at,
            register_no=None if link.register is None else link.register.no,
            register_mac=None if link.register is None else link.register.mac,
        )
    )


def _sealed_of(row: sa.Row[Any]) -> SealedBlock:
    link = Block(
        no=row.no,
        previous_hash=bytes(row.previous_hash),
        merkle_root=bytes(row.merkle_root),
        count=row.entries,
        sealed_at=row.sealed_at,
        hash=bytes(row.hash),
        register=None if row.register_no is None else RegisterHead(row.register_no, bytes(row.register_mac)),
    )
    return SealedBlock(link, row.first_seq, row.last_seq)
