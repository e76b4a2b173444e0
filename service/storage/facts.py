"""The register of facts: everything recorded about people, groups, keys and audits, in order, each with a MAC.

Each kind of fact has its own table. The register names the row of each fact, and the fact's MAC covers the row together
with the MAC of the fact before. So when somebody without the secrets changes, deletes, inserts or exchanges a row, the
row no longer fits the register.
"""

import functools
import heapq
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from service.domain.macs import NO_MAC, MacKeys, fact_message
from service.storage.columns import json_default, plain
from service.storage.residents import lock_registrations
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import (
    api_key,
    audit,
    consignment,
    consignment_line,
    enterprise,
    enterprise_status,
    fact,
    mandate,
    mandate_withdrawal,
    market_group,
    processing_batch,
    processing_batch_reversal,
    processing_input,
    processing_output,
    resident,
    resident_group,
    resident_status,
    rule_file,
    transfer,
    transfer_reversal,
)

ROWS_AT_ONCE = 2000


class FactKind(NamedTuple):
    """The columns of a table that make a fact, its key first; `is_there` tells which rows are facts of this kind.

    The last `added` columns were added to the table after facts of this kind had been recorded. Where they are null at
    the end, they are left out of the line that the MAC covers, so that older facts keep their MACs.
    """

    columns: Sequence[sa.Column[Any]]
    is_there: sa.ColumnElement[bool] = sa.true()
    added: int = 0

    @property
    def key(self) -> sa.Column[Any]:
        """The column that identifies the row."""
        return self.columns[0]


KINDS: Mapping[str, FactKind] = {
    "market_group": FactKind(list(market_group.c), added=1),
    "resident": FactKind(list(resident.c), added=1),
    "resident_status": FactKind(list(resident_status.c), added=1),
    "resident_group": FactKind(list(resident_group.c), added=1),
    "audit": FactKind(list(audit.c)),
    # The creation and the revocation of an API key are two facts in one row.
    "api_key": FactKind([column for column in api_key.c if column is not api_key.c.revoked_at], added=2),
    "revocation": FactKind([api_key.c.id, api_key.c.revoked_at], api_key.c.revoked_at.is_not(None)),
    "consignment": FactKind(list(consignment.c)),
    "consignment_line": FactKind(list(consignment_line.c)),
    "mandate": FactKind(list(mandate.c)),
    "mandate_withdrawal": FactKind(list(mandate_withdrawal.c)),
    "rule_file": FactKind(list(rule_file.c)),
    "enterprise": FactKind(list(enterprise.c)),
    "enterprise_status": FactKind(list(enterprise_status.c)),
    # A transfer's row has a digest of its lines, so that its fact vouches for them too.
    "transfer": FactKind(list(transfer.c)),
    "transfer_reversal": FactKind(list(transfer_reversal.c)),
    "processing_batch": FactKind(list(processing_batch.c)),
    "processing_input": FactKind(list(processing_input.c)),
    "processing_output": FactKind(list(processing_output.c)),
    "processing_batch_reversal": FactKind(list(processing_batch_reversal.c)),
}


class Recorded(NamedTuple):
    """A fact of the register, and its row as a line of JSON; the line is None when there is no such row."""

    no: int
    kind: str
    id: int
    mac: bytes
    line: bytes | None


class LinkedFact(NamedTuple):
    """A fact, and the MAC of the fact before it, which the fact's own MAC covers."""

    before: bytes
    recorded: Recorded


def add(connection: sa.Connection, mac_keys: MacKeys, kind: str, ids: Collection[int]) -> None:
    """Enters facts that this transaction has recorded. It reads them back, because the MAC must cover what is stored.

    Transactions enter facts one after the other, because each MAC covers the MAC before it.
    """
    if not ids:
        return
    lock_registrations(connection)
    rows = connection.execute(
        _chosen_statement(connection.dialect.name, kind), {"ids": rows_parameter({"id": one} for one in ids)}
    )
    _enter(connection, mac_keys, kind, rows.all())


def add_older(connection: sa.Connection, mac_keys: MacKeys) -> None:
    """Enters all facts that were recorded before there was a register."""
    lock_registrations(connection)
    for name, kind in KINDS.items():
        wanted = sa.select(*_plain(kind, connection.dialect.name)).where(kind.is_there).order_by(kind.key)
        _enter(connection, mac_keys, name, connection.execute(wanted).all())


def _enter(connection: sa.Connection, mac_keys: MacKeys, kind: str, rows: Sequence[Sequence[Any]]) -> None:
    newest = connection.execute(sa.select(fact.c.no, fact.c.mac).order_by(fact.c.no.desc()).limit(1)).one_or_none()
    last, mac = (0, NO_MAC) if newest is None else (newest.no, bytes(newest.mac))
    entered = []
    for no, row in enumerate(rows, last + 1):
        mac = mac_keys.mac_of(fact_message(mac, no, kind, _line(row, KINDS[kind])))
        entered.append({"no": no, "kind": kind, "id": row[0], "mac": mac})
    if entered:
        connection.execute(sa.insert(fact), entered)


def _line(row: Sequence[Any], kind: FactKind) -> bytes:
    values = list(row)
    while len(values) > len(kind.columns) - kind.added and values[-1] is None:
        values.pop()
    return orjson.dumps(values, default=json_default)


def _plain(kind: FactKind, dialect: str) -> list[sa.ColumnElement[Any]]:
    return [plain(column, dialect) for column in kind.columns]


@functools.cache
def _chosen_statement(dialect: str, kind: str) -> sa.Select[Any]:
    chosen = row_set(dialect, "ids", {"id": sa.BigInteger})
    found = KINDS[kind]
    return sa.select(*_plain(found, dialect)).join(chosen, chosen.c.id == found.key).order_by(found.key)


def count(connection: sa.Connection) -> int:
    """How many facts the register has."""
    found: int = connection.execute(sa.select(sa.func.count()).select_from(fact)).scalar_one()
    return found


def read(connection: sa.Connection) -> Generator[Recorded]:
    """Yields all facts of known kinds in the order of the register. A caller that stops half-way must close it."""
    with ExitStack() as closed_at_the_end:
        kinds = [closed_at_the_end.enter_context(closing(_read_kind(connection, name))) for name in KINDS]
        yield from heapq.merge(*kinds, key=attrgetter("no"))


def _read_kind(
    connection: sa.Connection, name: str, wanted_ones: sa.ColumnElement[bool] | None = None
) -> Generator[Recorded]:
    kind = KINDS[name]
    columns = [column.label(f"c{place}") for place, column in enumerate(_plain(kind, connection.dialect.name))]
    is_its_row = (kind.key == fact.c.id) & kind.is_there
    wanted = (
        sa.select(fact.c.no, fact.c.id, fact.c.mac, *columns)
        .select_from(fact.outerjoin(kind.key.table, is_its_row))
        .where(fact.c.kind == name, sa.true() if wanted_ones is None else wanted_ones)
        .order_by(fact.c.no)
    )
    with connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for no, own_id, mac, *values in rows:
            yield Recorded(no, name, own_id, bytes(mac), None if values[0] is None else _line(values, kind))


def read_ends(connection: sa.Connection, count: int) -> tuple[list[LinkedFact], list[LinkedFact]]:
    """Up to `count` facts from each end of the register, in order; no fact is in both lists.

    A fact is left out when the fact before it is missing, or when its kind is unknown.
    """
    newest = connection.execute(sa.select(sa.func.max(fact.c.no))).scalar_one() or 0
    return _read_range(connection, 0, count), _read_range(connection, max(count, newest - count), newest)


def _read_range(connection: sa.Connection, after: int, up_to: int) -> list[LinkedFact]:
    if after >= up_to:
        return []
    named = sa.select(fact.c.no, fact.c.kind, fact.c.mac).where(fact.c.no.between(after, up_to))
    rows = connection.execute(named).all()
    macs_by_no = {0: NO_MAC, **{row.no: bytes(row.mac) for row in rows}}
    kinds = sorted({row.kind for row in rows if row.no > after} & KINDS.keys())
    found = [one for kind in kinds for one in _read_kind(connection, kind, fact.c.no.between(after + 1, up_to))]
    return [
        LinkedFact(macs_by_no[one.no - 1], one)
        for one in sorted(found, key=attrgetter("no"))
        if one.no - 1 in macs_by_no
    ]


def find_unregistered(connection: sa.Connection) -> Iterator[tuple[str, int]]:
    """Yields, for each kind, one row that is not in the register, if there is one: the kind and the row's id."""
    for name, kind in KINDS.items():
        is_registered = sa.select(fact.c.no).where(fact.c.kind == name, fact.c.id == kind.key).exists()
        wanted = sa.select(sa.func.min(kind.key)).where(kind.is_there, ~is_registered)
        found = connection.execute(wanted).scalar_one()
        if found is not None:
            yield name, found
