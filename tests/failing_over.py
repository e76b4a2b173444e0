"""A served market whose database another one takes the place of, as after a fail-over or a restore."""

import itertools
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask

from service.app import create_app
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.vault import create_secrets
from tests.conftest import Caller
from tests.postgresql import PostgreSQL
from tests.recycling import TEMPLATE

_numbers = itertools.count(1)


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


@contextmanager
def serving_market(postgresql: PostgreSQL, folder: pathlib.Path) -> Iterator[Market]:
    """A market in a database of its own, and the application of the process that serves it."""
    name = f"another_{next(_numbers)}"
    postgresql.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    create_secrets(folder / "secrets.json")
    environment = {
        "HUSHI_DATABASE_URL": postgresql.url(name),
        "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
        "HUSHI_LOG_LEVEL": "ERROR",
    }
    ledger = open_ledger(read_settings(environment))
    app = create_app(ledger)
    yield Market(postgresql, name, ledger, app)
    app.extensions["hushi"].committer.close()
    ledger.database.close()
    for suffix in ("", "_lost", "_copy"):
        postgresql.execute(f"DROP DATABASE IF EXISTS {name}{suffix} WITH (FORCE)")
