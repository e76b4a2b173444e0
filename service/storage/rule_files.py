"""Stores the operator's rule files, and tells which of them a ledger has.

A process that judges has the rules of the files in memory. The newest file is a fact of the register, and its MAC
covers all facts before it. So two ledgers with the same number and MAC of the newest file have the same files.
"""

import datetime
import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.macs import NO_MAC
from service.storage.tables import fact, rule_file


class RulesHead(NamedTuple):
    """The number of the newest rule file, and the MAC of its fact in the register."""

    no: int
    mac: bytes


SHIPPED_ONLY = RulesHead(0, NO_MAC)
"""The head of a ledger without rule files."""


class StoredRuleFile(NamedTuple):
    """A rule file as it was added: its text is the file's, and `sha256` the digest of its bytes."""

    id: int
    name: str
    text: str
    sha256: bytes
    recorded_at: datetime.datetime
    recorded_by: int

    @property
    def is_whole(self) -> bool:
        """Whether the digest is that of the text. `hushi verify` also finds a file whose digest was changed as well."""
        return digest_of_text(self.text) == self.sha256


def digest_of_text(text: str) -> bytes:
    """The SHA-256 of a file's text, as the command sha256sum tells it of a file without a byte order mark."""
    return hashlib.sha256(text.encode()).digest()


def head_columns() -> tuple[sa.ColumnElement[int], sa.ColumnElement[bytes]]:
    """The number and the MAC of the newest file, as columns of a statement; both are NULL without a file."""
    is_file = fact.c.kind == sa.literal_column("'rule_file'")
    newest = sa.select(sa.func.max(fact.c.id)).where(is_file).scalar_subquery()
    return newest, sa.select(fact.c.mac).where(is_file, fact.c.id == newest).scalar_subquery()


def head_of(no: int | None, mac: Any) -> RulesHead:
    """The head, from the values of `head_columns`."""
    return SHIPPED_ONLY if no is None else RulesHead(no, bytes(mac or NO_MAC))


def find_head(connection: sa.Connection) -> RulesHead:
    """The newest file of a ledger."""
    return head_of(*connection.execute(sa.select(*head_columns())).one())


def list_files(connection: sa.Connection, up_to: int) -> Sequence[StoredRuleFile]:
    """The files up to a number, in the order in which they were added."""
    rows = connection.execute(sa.select(rule_file).where(rule_file.c.id <= up_to).order_by(rule_file.c.id))
    return [
        StoredRuleFile(row.id, row.name, row.text, bytes(row.sha256), row.recorded_at, row.recorded_by) for row in rows
    ]


def insert(connection: sa.Connection, file: StoredRuleFile) -> None:
    """Adds a file. The caller has locked the registrations, so that no other transaction takes the same number."""
    connection.execute(sa.insert(rule_file).values(**file._asdict()))
