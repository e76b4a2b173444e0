"""Whether the ledger behind a connection is still the one that this process knows, further on.

After a fail-over to a standby that was behind, or a restore, another ledger answers under the same address: some of
what this process has in memory was never recorded there. A ledger is named by its chain of blocks and by its register
of facts. Each link covers all before it, so one that is still there says that everything before it is too.
"""

from typing import NamedTuple

import sqlalchemy as sa

from service.domain.seals import NO_SEAL
from service.storage.engine import Connection, Database
from service.storage.faults import AnotherLedger
from service.storage.tables import fact


class RegisterHead(NamedTuple):
    """The newest fact of the register: its number and its keyed digest, which covers all facts before it."""

    no: int
    seal: bytes


NOTHING_REGISTERED = RegisterHead(0, NO_SEAL)


class Lineage:
    """The register's head as this process has last seen it. `generation` grows when the ledger is another one."""

    def __init__(self) -> None:
        """Has seen nothing yet: whatever ledger answers first is the one."""
        self.head = NOTHING_REGISTERED
        self.generation = 0

    def confirm(self, known: RegisterHead, seal_at_known: bytes | None, newest: RegisterHead) -> None:
        """Takes note of a newer head. `seal_at_known` is what the ledger has at the number of a head seen before.

        Raises AnotherLedger when that is another one: whoever keeps anything by `generation` has to drop it. The head
        that was asked about is told by the caller, because another thread may have seen a newer one since.
        """
        if known.no > 0 and seal_at_known != known.seal:
            self.head = NOTHING_REGISTERED
            self.generation += 1
            raise AnotherLedger("the database answers with another ledger than before")
        if newest.no > self.head.no:
            self.head = newest

    def look(self, database: Database, newest: RegisterHead) -> None:
        """The same for a head that was read alone: what is at the number of the head seen last is read if need be.

        Raises AnotherLedger, and DatabaseUnavailable.
        """
        known = self.head
        if newest == known:
            return
        with database.reading() as connection:
            seal = seal_at(connection, known.no)
        self.confirm(known, seal, newest)


def seal_at(connection: Connection, no: int) -> bytes | None:
    """The keyed digest of the fact with this number; None when there is none."""
    found = connection.execute(sa.select(fact.c.seal).where(fact.c.no == no)).scalar_one_or_none()
    return None if found is None else bytes(found)


def head_columns() -> tuple[sa.ColumnElement[int], sa.ColumnElement[bytes]]:
    """Number and keyed digest of the newest fact, as columns of a statement; both are NULL before the first."""
    newest = sa.select(sa.func.max(fact.c.no)).scalar_subquery()
    return newest, sa.select(fact.c.seal).where(fact.c.no == newest).scalar_subquery()


def head_of(no: int | None, seal: bytes | None) -> RegisterHead:
    """The head of what `head_columns` gave."""
    return NOTHING_REGISTERED if no is None else RegisterHead(no, bytes(seal or NO_SEAL))
