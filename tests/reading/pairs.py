"""A primary and its standby for tests, with callers of an application that reads from the standby."""

import contextlib
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from flask import Flask

from service.app import create_app
from service.commands.keys import create_key
from service.config import read_settings
from service.figures.memory import Counts
from service.ledger import Ledger, open_served
from service.storage import schema
from service.vault import create_secrets
from tests.builders import a_trade
from tests.conftest import Caller
from tests.postgresql import USER, PostgreSQL, running, standby_of
from tests.waiting import wait_until

REPORT = "/v1/reports/trade?period=2024"


@dataclass
class Pair:
    """The two servers, and the settings of a ledger on them."""

    primary: PostgreSQL
    standby: PostgreSQL
    folder: pathlib.Path
    opened: list[tuple[Ledger, Flask]] = field(default_factory=list)

    def environment(self, read_at: PostgreSQL | None = None, **changes: str) -> dict[str, str]:
        """The variables of a server that reads from the standby, or from another server."""
        return {
            "HUSHI_DATABASE_URL": self.primary.url("hushi"),
            "HUSHI_READ_URL": (read_at or self.standby).url("hushi"),
            "HUSHI_DATA_DIR": str(self.folder),
            "HUSHI_SECRETS_FILE": str(self.folder / "secrets.json"),
            "HUSHI_LOG_LEVEL": "WARNING",
            **changes,
        }

    def app(self, read_at: PostgreSQL | None = None, **changes: str) -> Flask:
        """A process that serves the ledger, as one worker does."""
        ledger = open_served(read_settings(self.environment(read_at, **changes)))
        app = create_app(ledger)
        self.opened.append((ledger, app))
        return app

    def pause(self) -> None:
        """The standby applies nothing more. It gets the log all the same."""
        ask(self.standby, "SELECT pg_wal_replay_pause()")
        wait_until(lambda: ask(self.standby, "SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        """The standby applies what it has got."""
        ask(self.standby, "SELECT pg_wal_replay_resume() WHERE pg_is_in_recovery()")

    def catch_up(self) -> None:
        """Waits until the standby has all that the primary has now."""
        end = ask(self.primary, "SELECT pg_current_wal_flush_lsn()")
        wait_until(lambda: ask(self.standby, f"SELECT pg_last_wal_replay_lsn() >= '{end}'"))

    def close(self) -> None:
        """Closes what was opened."""
        for ledger, app in self.opened:
            _let_rest(app)
            app.extensions["hushi"].committer.close()
            ledger.database.close()
            if ledger.standby is not None:
                ledger.standby.database.close()
        self.opened.clear()


def _let_rest(app: Flask) -> None:
    """A process that has found the primary away asks in the background: it must not open a connection later."""
    sources = app.extensions["hushi"].sources
    wait_until(lambda: sources.look().logged is not None)


def ask(server: PostgreSQL, question: str) -> Any:
    """One value from a server; None when there is no row."""
    with psycopg.connect(user=USER, host=str(server.folder), dbname="hushi", autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    return None if row is None else row[0]


@contextlib.contextmanager
def pair(folder: pathlib.Path) -> Iterator[Pair]:
    """A primary with a migrated ledger, and a standby that follows it at once."""
    create_secrets(folder / "secrets.json")
    Counts.begin_again()  # What the callers of another ledger were told in this process means nothing here.
    with running() as primary:
        primary.execute("CREATE DATABASE hushi")
        with standby_of(primary) as standby:
            both = Pair(primary, standby, folder)
            both.app()
            ledger = both.opened[0][0]
            schema.upgrade(ledger.database, ledger.vault.macs)
            both.catch_up()
            yield both
            both.close()


def caller_of(app: Flask, name: str = "clerk") -> Caller:
    """A caller with a new key."""
    ledger = app.extensions["hushi"].ledger
    return Caller(app.test_client(), create_key(ledger, name, ["admin"])[1])


def same_caller(caller: Caller, app: Flask) -> Caller:
    """The same key at another process."""
    other = Caller(app.test_client(), None)
    other.headers = caller.headers
    return other


def post(caller: Caller, amount: str = "10.00") -> None:
    """One trade, which must be accepted."""
    assert caller.trade(a_trade(amount_cny=amount)).status_code == 201


def counted(caller: Caller, **headers: str) -> int:
    """How many trades a report counts."""
    answer = caller.get(REPORT, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200, answer.get_json()
    count: int = answer.get_json()["total"]["transactions"]["current"]
    assert answer.headers["Hushi-Position"] == answer.get_json()["position"]
    return count
