"""A served market whose database another one takes the place of, as after a fail-over or a restore."""

from dataclasses import dataclass

from flask import Flask

from service.commands.keys import create_key
from service.ledger import Ledger
from tests.conftest import Caller
from tests.postgresql import PostgreSQL


@dataclass
class Market:
    """A serving process on PostgreSQL, whose database another one can take the place of."""

    server: PostgreSQL
    name: str
    ledger: Ledger
    app: Flask

    def caller(self, name: str = "clerk") -> Caller:
        """A caller with a new key."""
        return Caller(self.app.test_client(), create_key(self.ledger, name, ["admin"])[1])

    def copy(self) -> None:
        """Copies the database as it is now, as a standby that gets no further entries has it, or a backup."""
        self._let_go(self.name)
        self.server.execute(f"CREATE DATABASE {self.name}_copy TEMPLATE {self.name} STRATEGY FILE_COPY")

    def fail_over(self) -> None:
        """The copy answers under the address of the database from now on."""
        self._let_go(self.name)
        self.server.execute(f"ALTER DATABASE {self.name} RENAME TO {self.name}_lost")
        self.server.execute(f"ALTER DATABASE {self.name}_copy RENAME TO {self.name}")

    def _let_go(self, name: str) -> None:
        others = f"FROM pg_stat_activity WHERE datname = '{name}'"
        self.server.execute(f"SELECT pg_terminate_backend(pid, 5000) {others}")
