"""The rulebook that a process judges by: it is loaded again when the ledger has another newest rule file.

Every transaction that judges tells which file is the newest, from its own snapshot, and gets the rules of exactly the
files up to that one. So two processes that see the same ledger judge alike.
"""

import threading
from collections.abc import Sequence

from service.domain.errors import Unavailable
from service.domain.rule_files import RuleFile
from service.domain.rulebook import Rulebook
from service.rules import load_rulebook, rulebook_with
from service.rules.files import rule_file_of
from service.rules.names import names_with, say_names
from service.storage import rule_files
from service.storage.engine import Connection
from service.storage.rule_files import SHIPPED_ONLY, RulesHead


class RulebookCache:
    """The rulebook of a process and the newest rule file that it holds."""

    def __init__(self, shipped: Rulebook | None = None) -> None:
        """Begins with the shipped rows, or with another rulebook in their place."""
        # Both are in one value, so that no thread sees the rules of one file under the number of another.
        self._shipped = shipped or load_rulebook()
        self._known: tuple[RulesHead, Rulebook] = (SHIPPED_ONLY, self._shipped)
        self._loading = threading.Lock()

    def at(self, connection: Connection, head: RulesHead) -> Rulebook:
        """The rulebook with the files up to the newest one, which the caller has read on this connection.

        Raises Unavailable when a stored file is damaged: nobody is judged by rules that are not the operator's.
        """
        known = self.known_at(head)
        return self._load(connection, head) if known is None else known

    def read(self, connection: Connection) -> Rulebook:
        """The rulebook of this snapshot. Raises as `at`."""
        return self.at(connection, rule_files.find_head(connection))

    def known_at(self, head: RulesHead) -> Rulebook | None:
        """The rulebook when this is its newest file; None when it has to be loaded, in a snapshot."""
        known = self._known
        return known[1] if known[0] == head else None

    def _load(self, connection: Connection, head: RulesHead) -> Rulebook:
        with self._loading:
            if self._known[0] == head:
                return self._known[1]
            files = read_files(connection, head.no)
            book = rulebook_with(files) if files else self._shipped
            say_names(names_with(files))
            self._known = head, book
            return book


def read_files(connection: Connection, up_to: int) -> Sequence[RuleFile]:
    """The files up to a number, in order. Raises Unavailable when one is damaged or missing."""
    files: list[RuleFile] = []
    for stored in rule_files.list_files(connection, up_to):
        if stored.id != len(files) + 1 or not stored.is_whole:
            break
        try:
            files.append(rule_file_of(stored.id, stored.text))
        except (ValueError, KeyError, TypeError):
            break
    if len(files) != up_to:
        raise Unavailable(
            f"Rule file {len(files) + 1} of the ledger is damaged or missing; the operator runs hushi verify."
        )
    return files
