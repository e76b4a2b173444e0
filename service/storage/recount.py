"""Reads the whole ledger again for verification: rows as they are stored, and rows that do not fit each other.

A person who changed a row may have left bytes in it that are no text, no day and no UUID. So these functions give rows
as the driver gives them. The caller converts each row, and can name the row that it can't convert.
"""

import contextlib
import datetime
import functools
import uuid
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from service.domain.cells import GRAINS
from service.domain.idempotency import KNOWN_FIELDS, StoredAnswer, answer_message
from service.domain.residents import Membership
from service.domain.transactions import FIELDS, NEGATED, Trade
from service.storage.columns import Uuid, as_stored
from service.storage.entry_rows import COLUMN_OF, pairs_of
from service.storage.journal import RAW
from service.storage.raw_rows import Raw, streamed
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import allowance_use, cell, idempotency, journal, resident, resident_group


@contextlib.contextmanager
def any_text(connection: sa.Connection) -> Iterator[None]:
    """Inside this context SQLite also gives text that is no UTF-8, with lone surrogates for the bytes that don't fit.

    Valid text never has lone surrogates. Without this context the driver fails on such a row, and does not say on which
    row. PostgreSQL stores no such text.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    before = driver.text_factory
    driver.text_factory = functools.partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = before


def entries_between(connection: sa.Connection, first_seq: int, last_seq: int | None) -> Generator[Raw]:
    """The entries of a range of places, both included (None: to the end), in order; the place is the first value.

    A caller that stops half-way must close the generator.
    """
    wanted = sa.select(*RAW).where(journal.c.seq >= first_seq).order_by(journal.c.seq)
    if last_seq is not None:
        wanted = wanted.where(journal.c.seq <= last_seq)
    yield from streamed(connection, wanted)


def find_place_before(connection: sa.Connection, first_seq: int) -> int | None:
    """The lowest place of the journal before `first_seq`, with which it should begin; None when there is none."""
    found: int | None = connection.execute(
        sa.select(sa.func.min(journal.c.seq)).where(journal.c.seq < first_seq)
    ).scalar_one()
    return found


def reversed_ids(connection: sa.Connection, up_to: int) -> set[Any]:
    """The ids of the trades that entries up to this place reverse, as the driver gives them."""
    wanted = sa.select(as_stored(journal.c.reverses)).where(journal.c.reverses.is_not(None), journal.c.seq <= up_to)
    return set(connection.execute(wanted).scalars())


def cell_rows(connection: sa.Connection) -> Generator[Raw]:
    """Every cell, also cells of unknown grains. A caller that stops half-way must close the generator."""
    yield from streamed(connection, sa.select(*map(as_stored, cell.c)))


def cell_rows_on(connection: sa.Connection, day: datetime.date) -> Generator[Raw]:
    """The cells of a day, of the grains that reports read."""
    grains = [grain.number for grain in GRAINS]
    yield from streamed(
        connection, sa.select(*map(as_stored, cell.c)).where(cell.c.grain.in_(grains), cell.c.day == day)
    )


class JudgedRow(NamedTuple):
    """What an entry was judged by, and how it was judged; `day` is an integer such as 20240630."""

    resident: int
    day: int
    seq: int
    direction: str
    hs_code: str | None
    list_group: str | None
    quantity_g: int
    amount_fen: int
    exempt_fen: int
    exempt_quantity_g: int
    rule_version: str
    reverses: object
    rule_verified: bool | None


class Residence(NamedTuple):
    """The settlement of a resident, which never changes, and the memberships in the order of their recording."""

    settlement: str | None
    memberships: list[Membership]


class UseRow(NamedTuple):
    """An allowance row: what is used of an allowance, and the limits by which it was judged."""

    resident: int
    day: int
    list_group: str
    exempt_fen: int
    quantity_g: int
    limit_fen: int
    limit_g: int


def judged_entries(connection: sa.Connection) -> Generator[Raw]:
    """The values of a JudgedRow of every entry, by resident and day, and then in the order of the journal."""
    wanted = sa.select(*(as_stored(journal.c[name]) for name in JudgedRow._fields))
    return streamed(connection, wanted.order_by(journal.c.resident, journal.c.day, journal.c.seq))


def allowance_rows(connection: sa.Connection) -> Generator[Raw]:
    """The values of a UseRow of every allowance row, ordered by resident and day."""
    wanted = sa.select(*(as_stored(allowance_use.c[name]) for name in UseRow._fields))
    return streamed(connection, wanted.order_by(allowance_use.c.resident, allowance_use.c.day))


def residences(connection: sa.Connection, ordinals: Iterable[int]) -> dict[int, Residence]:
    """The settlement and the recorded memberships of those of these residents that exist."""
    given = {"chosen": rows_parameter({"ordinal": ordinal} for ordinal in ordinals)}
    chosen = row_set(connection.dialect.name, "chosen", {"ordinal": sa.Integer})
    settlements = sa.select(resident.c.ordinal, resident.c.settlement).join(
        chosen, chosen.c.ordinal == resident.c.ordinal
    )
    found = {ordinal: Residence(settlement, []) for ordinal, settlement in connection.execute(settlements, given)}
    column = resident_group.c
    memberships = (
        sa.select(column.resident, column.effective_on, column.market_group)
        .join(chosen, chosen.c.ordinal == column.resident)
        .order_by(column.id)
    )
    for ordinal, *membership in connection.execute(memberships, given):
        found[ordinal].memberships.append(Membership(*membership))
    return found


def resident_rows(connection: sa.Connection) -> Generator[Raw]:
    """The ordinal, the digest and both cipher texts of every resident, in order.

    A caller that stops half-way must close the generator.
    """
    column = resident.c
    wanted = sa.select(column.ordinal, column.number_digest, column.number_encrypted, column.name_encrypted)
    yield from streamed(connection, wanted.order_by(column.ordinal))


def find_entry_without_key(connection: sa.Connection) -> uuid.UUID | None:
    """The id of an entry that was not accepted under exactly one idempotency key; None when there is none."""
    counted = (
        sa.select(idempotency.c.transaction_id, sa.func.count().label("times"))
        .where(idempotency.c.transaction_id.is_not(None))
        .group_by(idempotency.c.transaction_id)
        .subquery()
    )
    wanted = (
        sa.select(journal.c.transaction_id)
        .outerjoin(counted, counted.c.transaction_id == journal.c.transaction_id)
        .where(sa.func.coalesce(counted.c.times, 0) != 1)
    )
    return _first(connection, wanted)


_ANSWERED = ("transaction_id", "reverses", "reason", *KNOWN_FIELDS, *Trade._fields)
"""The fields of an entry that the MAC of its answer covers."""
_METADATA = Trade._fields.index("metadata")


_MIDDLE = uuid.UUID(int=1 << 127)


def answers(connection: sa.Connection, half: int | None = None, after_seq: int = 0) -> Generator[tuple[Raw, Raw]]:
    """Idempotency keys, and the values of _ANSWERED of the entry that each was answered with.

    Half 0 is about half of the keys, by their digests, and half 1 are all others; without a half, all are read.

    Keys of entries up to the place `after_seq` are left out. All values of the entry are NULL for a refusal, and for
    an entry that is missing. A caller that stops half-way must close the generator.
    """
    columns = [*idempotency.c, *(journal.c[COLUMN_OF[name]] for name in _ANSWERED)]
    dialect = connection.dialect.name
    wanted = sa.select(
        *(_bytes_of(column, dialect).label(f"c{place}") for place, column in enumerate(columns))
    ).select_from(idempotency.outerjoin(journal, journal.c.transaction_id == idempotency.c.transaction_id))
    is_first = idempotency.c.digest < _MIDDLE
    if half is not None:
        wanted = wanted.where(is_first if half == 0 else is_first.is_not(sa.true()))
    if after_seq:
        wanted = wanted.where(journal.c.seq.is_(None) | (journal.c.seq > after_seq))
    keys = len(idempotency.c)
    for row in streamed(connection, wanted):
        yield row[:keys], row[keys:]


def _bytes_of(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any]:
    """The column as it is stored; a UUID is 16 bytes on both engines."""
    stored = as_stored(column)
    return sa.func.uuid_send(stored) if isinstance(column.type, Uuid) and dialect == "postgresql" else stored


def answer_messages(key: Raw, entry: Raw) -> list[bytes]:
    """The messages that the MAC of an answer may cover, from its key and its entry as `answers` reads them.

    The entry may be missing for a refusal only.
    """
    digest, _, _, refusal = key
    outcomes: Sequence[bytes]
    if refusal is not None:
        fingerprint, outcomes = bytes.fromhex(orjson.loads(refusal)["fingerprint"]), (refusal.encode(),)
    else:
        own_id, reverses, reason, *values = entry
        known, stated = values[: len(KNOWN_FIELDS)], values[len(KNOWN_FIELDS) :]
        stated[_METADATA] = pairs_of(stated[_METADATA])
        answered = StoredAnswer(own_id, reverses, reason, tuple(known), tuple(stated))
        fingerprint, outcomes = answered.fingerprint, answered.outcomes
    return [answer_message(digest, fingerprint, outcome) for outcome in outcomes]


_NEGATED = tuple(COLUMN_OF[name] for name in NEGATED)
_KEPT = tuple(field.column for field in FIELDS if not field.is_own and field.column not in _NEGATED)
"""The columns in which a reversal has the same value as its trade."""


def find_wrong_reversal(connection: sa.Connection) -> uuid.UUID | None:
    """The id of a reversal that is not exactly the negative of one trade, or that is one of two for the same trade.

    None when there is none.
    """
    trade, other = journal.alias("trade"), journal.alias("other")
    same = [
        trade.c.reverses.is_(None),
        *(trade.c[name] == -journal.c[name] for name in _NEGATED),
        *(trade.c[name].is_not_distinct_from(journal.c[name]) for name in _KEPT),
    ]
    twin = sa.select(other.c.seq).where(other.c.reverses == journal.c.reverses, other.c.seq != journal.c.seq).exists()
    is_wrong = trade.c.seq.is_(None) | (trade.c.seq > journal.c.seq) | journal.c.reference.is_not(None) | twin
    wanted = (
        sa.select(journal.c.transaction_id)
        .outerjoin(trade, sa.and_(trade.c.transaction_id == journal.c.reverses, *same))
        .where(journal.c.reverses.is_not(None), is_wrong)
    )
    return _first(connection, wanted)


def _first(connection: sa.Connection, wanted: sa.Select[Any]) -> uuid.UUID | None:
    """The first id that a query finds. It has no LIMIT: with one, PostgreSQL chooses a loop for every row.

    A sound ledger has no such row, so the query fetches nothing in vain.
    """
    found: uuid.UUID | None = connection.execute(wanted).scalars().first()
    return found
