"""Tells whether the ledger behind a connection is still the one that this process knows.

After a fail-over to a standby that was behind, or a restore, another ledger answers under the same address, and some of
what this process has in memory was never recorded there. A ledger is identified by its chain of blocks and by its
register of facts. Each link covers all links before it. So when a link is still there, everything before it is as well.
"""

import threading
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.chain import RegisterHead
from service.domain.macs import NO_MAC
from service.storage.engine import Connection, Database
from service.storage.faults import AnotherLedger
from service.storage.tables import fact

NOTHING_REGISTERED = RegisterHead(0, NO_MAC)


class Seen(NamedTuple):
    """The head of the register that a process has seen, and how often the ledger has become another one before.

    The two are in one value, so that no thread keeps data of one ledger under the generation of the next.
    """

    generation: int
    head: RegisterHead


class Lineage:
    """The register as this process has last seen it; the generation grows when the ledger becomes another one."""

    def __init__(self) -> None:
        """Begins without a ledger: the first one that answers counts as the right one."""
        self.seen = Seen(0, NOTHING_REGISTERED)
        self._changing = threading.Lock()

    def confirm(self, seen: Seen, mac_at_head: bytes | None, newest: RegisterHead) -> None:
        """Notes a newer head. `mac_at_head` is the MAC that the ledger has at the number of the head `seen` before.

        Raises AnotherLedger when that MAC is different, or when another thread has found another ledger meanwhile. Code
        that keeps data by generation must drop the data then.
        """
        with self._changing:
            is_same = seen.head.no == 0 or mac_at_head == seen.head.mac
            if not is_same and self.seen.generation == seen.generation:
                self.seen = Seen(seen.generation + 1, NOTHING_REGISTERED)
            if self.seen.generation != seen.generation:
                raise AnotherLedger("the database answers with another ledger than before")
            if newest.no > self.seen.head.no:
                self.seen = Seen(seen.generation, newest)

    def look(self, database: Database, newest: RegisterHead) -> None:
        """Notes a newer head that was read alone; when it is a new one, it reads the MAC at the last head's number.

        Raises AnotherLedger as `confirm` does, and DatabaseUnavailable.
        """
        seen = self.seen
        if newest == seen.head:
            return
        with database.reading() as connection:
            mac = mac_at(connection, seen.head.no)
        self.confirm(seen, mac, newest)


def mac_at(connection: Connection, no: int) -> bytes | None:
    """The MAC of the fact with this number; None when there is none."""
    found = connection.execute(sa.select(fact.c.mac).where(fact.c.no == no)).scalar_one_or_none()
    return None if found is None else bytes(found)


def head_columns() -> tuple[sa.ColumnElement[int], sa.ColumnElement[bytes]]:
    """The number and the MAC of the newest fact, as columns of a statement; both are NULL before the first fact."""
    newest = sa.select(sa.func.max(fact.c.no)).scalar_subquery()
    return newest, sa.select(fact.c.mac).where(fact.c.no == newest).scalar_subquery()


def find_head(connection: Connection) -> RegisterHead:
    """The head of the register."""
    return head_of(*connection.execute(sa.select(*head_columns())).one())


def head_of(no: int | None, mac: bytes | None) -> RegisterHead:
    """The head of the register, from the values of `head_columns`."""
    return NOTHING_REGISTERED if no is None else RegisterHead(no, bytes(mac or NO_MAC))
