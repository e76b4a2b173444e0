"""The state of a ledger, read in one statement: everything that an answer from memory depends on."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from service.domain.chain import RegisterHead
from service.domain.integrity import NO_REPAIRS, FiguresState
from service.domain.macs import NO_MAC
from service.storage import revisions, rule_files, self_checks, tail
from service.storage.columns import Uuid
from service.storage.engine import Connection, Database
from service.storage.faults import DatabaseUnavailable
from service.storage.lineage import NOTHING_REGISTERED, head_columns, head_of
from service.storage.prepared import digest_of
from service.storage.rule_files import SHIPPED_ONLY, RulesHead
from service.storage.tables import (
    api_key,
    block,
    ended_session,
    fact,
    journal,
    resident,
    resident_group,
    resident_status,
)


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a ledger: its last block and the length of its tail. Until the next block the tail only grows.

    `tail` is the number of entries in the tail and the sum of their places. The block's hash and the id of the newest
    entry are there to tell ledgers apart: after a fail-over or a restore, another ledger may have the same numbers.
    """

    block: int
    tail: tuple[int, int]
    hash: bytes
    newest_entry: bytes

    @property
    def tail_length(self) -> int:
        """How many entries are in no block yet."""
        return self.tail[0]

    def __str__(self) -> str:
        return f"{self.block}.{self.tail_length}"


Registrations = tuple[int, int, int]
"""The numbers of the newest resident, status and membership. One of them grows with each record about a resident."""


@dataclass(frozen=True, slots=True)
class LedgerState:
    """The state of a ledger: equal states give equal reports.

    `rules` is the newest rule file: categories, their names and their filters depend on it.

    `revoked_keys` grows when a key is revoked. `ended_session` is the last session that has ended: its number, and its
    random id. `figures` says how often cells were repaired, and whether one is known to be wrong.
    """

    position: Position
    registrations: Registrations
    revoked_keys: int
    ended_session: tuple[int, bytes]
    register: RegisterHead
    rules: RulesHead
    figures: FiguresState = NO_REPAIRS


NOTHING = LedgerState(Position(0, (0, 0), b"", b""), (0, 0, 0), 0, (0, b""), NOTHING_REGISTERED, SHIPPED_ONLY)
"""The state of a process that has read nothing yet."""


def read(connection: Connection, known: LedgerState = NOTHING) -> tuple[LedgerState, bool]:
    """The state in this snapshot, and whether it belongs to the ledger that had the `known` state before.

    It does when the newest block, entry and fact of the `known` state are still in the ledger.
    """
    at = {
        "known_block": known.position.block,
        "known_entry": UUID(bytes=known.position.newest_entry or bytes(16)),
        "known_fact": known.register.no,
    }
    *row, block_hash, entry, mac = connection.execute(_compared(connection.dialect.name), at).one()
    found = (bytes(block_hash or b""), entry.bytes if entry else b"", bytes(mac or NO_MAC))
    ended = (known.position.hash, known.position.newest_entry, known.register.mac)
    return _state_of(row), found == ended


class Watch:
    """Reads the present state as cheaply as the engine can, on its own connection; one caller at a time may use it.

    SQLite tells in a few microseconds whether anybody has committed since the last read; PostgreSQL needs a round trip.
    """

    def __init__(self, database: Database) -> None:
        """Keeps the database; the first read opens the connection."""
        self._database = database
        self._text = _text(database.engines[1].dialect)
        self._connection: Any = None
        self._seen: tuple[int, LedgerState] | None = None

    def read(self) -> LedgerState:
        """Reads the present state. Raises DatabaseUnavailable, also as its subclass OtherRevision."""
        try:
            return self._read()
        except self._database.driver_error:
            # The connection may have died because of its age or a restart, so a new one is tried.
            self.close()
        try:
            return self._read()
        except self._database.driver_error as error:
            self.close()
            raise DatabaseUnavailable("the database does not answer") from error

    def close(self) -> None:
        """Closes the connection; the next read opens another."""
        connection, self._connection, self._seen = self._connection, None, None
        if connection is not None:
            self._database.close_watching(connection)

    def _read(self) -> LedgerState:
        if self._connection is None:
            self._connection = self._database.open_watching()
        self._database.identity.refuse_replaced()
        cursor = self._connection.cursor()
        try:
            version = cursor.execute("PRAGMA data_version").fetchone()[0] if self._database.is_sqlite else None
            if version is not None and self._seen is not None and self._seen[0] == version:
                return self._seen[1]
            cursor.execute(self._text)
            *state, revision = cursor.fetchone()
            revisions.refuse_other(revision)
            state = _state_of(tuple(state))
            if version is not None:
                # A commit between the two reads is seen next time, because the version was read first.
                self._seen = version, state
            return state
        finally:
            cursor.close()


def _state_of(row: Sequence[Any]) -> LedgerState:
    no, own_hash, length, places, newest_entry, newest_resident, newest_status, newest_membership, *others = row
    revoked_keys, ended_no, ended_id, newest_fact, mac, newest_repair, faults, *newest_rules = others
    newest = b"" if newest_entry is None else digest_of(newest_entry)
    position = Position(no or 0, (length, places), bytes(own_hash or b""), newest)
    registrations = (newest_resident or 0, newest_status or 0, newest_membership or 0)
    ended = (ended_no or 0, bytes(ended_id or b""))
    return LedgerState(
        position, registrations, revoked_keys, ended, head_of(newest_fact, mac), rule_files.head_of(*newest_rules),
        self_checks.figures_state(newest_repair, faults),
    )  # fmt: skip


def _newest(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.max(column)).scalar_subquery()


_NEWEST_BLOCK = block.c.no == _newest(block.c.no)


@functools.cache
def _text(dialect: sa.Dialect) -> str:
    """The statement of a watch. It reads the revision too: the state of a newer schema may mean something else."""
    return str(_statement(dialect.name).add_columns(revisions.STORED).compile(dialect=dialect))


@functools.cache
def _statement(dialect: str) -> sa.Select[Any]:
    measured = tail.measured(dialect)
    return sa.select(
        _newest(block.c.no),
        sa.select(block.c.hash).where(_NEWEST_BLOCK).scalar_subquery(),
        *measured.c,
        sa.select(journal.c.transaction_id).where(journal.c.seq == _newest(journal.c.seq)).scalar_subquery(),
        _newest(resident.c.ordinal),
        _newest(resident_status.c.id),
        _newest(resident_group.c.id),
        sa.select(sa.func.count(api_key.c.revoked_at)).scalar_subquery(),
        _newest(ended_session.c.no),
        sa.select(ended_session.c.session).where(ended_session.c.no == _newest(ended_session.c.no)).scalar_subquery(),
        *head_columns(),
        *self_checks.figures_columns(),
        *rule_files.head_columns(),
    ).select_from(measured)


@functools.cache
def _compared(dialect: str) -> sa.Select[Any]:
    """The statement for the state, and for the hash, id and MAC of a known block, entry and fact, if they are there."""
    return _statement(dialect).add_columns(
        sa.select(block.c.hash).where(block.c.no == sa.bindparam("known_block")).scalar_subquery(),
        sa.select(journal.c.transaction_id)
        .where(journal.c.transaction_id == sa.bindparam("known_entry", type_=Uuid))
        .scalar_subquery(),
        sa.select(fact.c.mac).where(fact.c.no == sa.bindparam("known_fact")).scalar_subquery(),
    )
