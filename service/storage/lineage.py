"""Whether the ledger behind a connection is still the one that this process knows, further on.

After a fail-over to a standby that was behind, or a restore, another ledger answers under the same address: some of
what this process has in memory was never recorded there. A ledger is named by its chain of blocks and by its register
of facts. Each link covers all before it, so one that is still there says that everything before it is too.
"""

import threading
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.macs import NO_MAC
from service.storage.engine import Connection, Database
from service.storage.faults import AnotherLedger
from service.storage.tables import fact


class RegisterHead(NamedTuple):
    """The newest fact of the register: its number and its keyed digest, which covers all facts before it."""

    no: int
    mac: bytes


NOTHING_REGISTERED = RegisterHead(0, NO_MAC)


class Seen(NamedTuple):
    """What a process has seen of the register: its head, and how often the ledger was another one before.

    Together, so that nobody keeps what is of one ledger under the number of the next.
    """

    generation: int
    head: RegisterHead


class Lineage:
    """The register as this process has last seen it; its generation grows when the ledger is another one."""

    def __init__(self) -> None:
        """Has seen nothing yet: whatever ledger answers first is the one."""
        self.seen = Seen(0, NOTHING_REGISTERED)
        self._changing = threading.Lock()

    def confirm(self, seen: Seen, mac_at_head: bytes | None, newest: RegisterHead) -> None:
        """Takes note of a newer head. `mac_at_head` is what the ledger has at the number of the head `seen` before.

        Raises AnotherLedger when that is another one, or another thread has met another one meanwhile: whoever keeps
        anything by generation has to drop it.
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
        """The same for a head that was read alone: what is at the number of the head seen last is read if need be.

        Raises AnotherLedger, and DatabaseUnavailable.
        """
        seen = self.seen
        if newest == seen.head:
            return
        with database.reading() as connection:
            mac = mac_at(connection, seen.head.no)
        self.confirm(seen, mac, newest)


def mac_at(connection: Connection, no: int) -> bytes | None:
    """The keyed digest of the fact with this number; None when there is none."""
    found = connection.execute(sa.select(fact.c.mac).where(fact.c.no == no)).scalar_one_or_none()
    return None if found is None else bytes(found)


def head_columns() -> tuple[sa.ColumnElement[int], sa.ColumnElement[bytes]]:
    """Number and keyed digest of the newest fact, as columns of a statement; both are NULL before the first."""
    newest = sa.select(sa.func.max(fact.c.no)).scalar_subquery()
    return newest, sa.select(fact.c.mac).where(fact.c.no == newest).scalar_subquery()


def head_of(no: int | None, mac: bytes | None) -> RegisterHead:
    """The head of what `head_columns` gave."""
    return NOTHING_REGISTERED if no is None else RegisterHead(no, bytes(mac or NO_MAC))
