"""The names of all residents in the memory of a process, so that a search by name finds what the database can't.

The database has only encrypted names. A process that holds the keys decrypts all of them at its first search, and those
that are newer at each later one, because a name never changes. Nothing is stored: the database, its backups and its
logs tell no more than before (docs/decisions/0024-names-are-searched-in-memory.md).
"""

import threading
from collections.abc import Iterator
from contextlib import suppress

from service.domain.chain import RegisterHead
from service.domain.name_search import NO_NAMES, NameList
from service.storage.engine import Connection
from service.storage.lineage import NOTHING_REGISTERED, find_head, mac_at
from service.storage.resident_names import names_after
from service.vault import SecretsError, Vault


class NameIndex:
    """The names that a process has decrypted, and the register of facts of the ledger that they are of."""

    def __init__(self) -> None:
        """Begins without names: a process that is never asked to search decrypts none."""
        self.turn = threading.Lock()
        self._known: tuple[RegisterHead, NameList] = NOTHING_REGISTERED, NO_NAMES

    def up_to_date(self, connection: Connection, vault: Vault) -> NameList:
        """The names of all residents in this snapshot.

        The caller has `turn` from before the snapshot begins: so no snapshot is older than the names, and two threads
        do not decrypt the same names. When the newest fact that was known is not in the ledger any more, another
        ledger answers, after a fail-over or a restore, and all names are decrypted again.
        """
        head, known = self._known
        if head.no and mac_at(connection, head.no) != head.mac:
            known = NO_NAMES
        names = known.with_more(_decrypted(connection, vault, known.newest))
        self._known = find_head(connection), names
        return names


def _decrypted(connection: Connection, vault: Vault, newest: int) -> Iterator[tuple[int, str]]:
    """Yields the residents after the newest one that is known, with their names."""
    for ordinal, encrypted in names_after(connection, newest):
        # A damaged row must not prevent every search. Nobody finds its name; `hushi verify` finds the damage.
        with suppress(SecretsError, ValueError, LookupError):
            yield ordinal, vault.decrypt(encrypted, ordinal, "name")
