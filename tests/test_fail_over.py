"""A real fail-over: a primary that is lost, a standby that was behind, and a process that goes on serving."""

import pathlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from service.app import create_app
from service.commands.folding import fold
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.verifying import verify
from service.storage import schema
from service.vault import create_secrets
from tests.builders import a_trade
from tests.conftest import Caller
from tests.postgresql import USER, PostgreSQL, running, standby_of
from tests.waiting import wait_until

REPORT = "/v1/reports/trade?period=2024"
OF_HUSHI = "FROM pg_stat_activity WHERE application_name = 'hushi'"


class Machines:
    """A primary whose commits wait for a standby, and the address under which one of them is reached."""

    def __init__(self, primary: PostgreSQL, standby: PostgreSQL, address: pathlib.Path) -> None:
        self.primary, self.standby, self.address = primary, standby, address
        address.symlink_to(primary.folder)

    def wait_for_the_standby(self) -> None:
        """From now on no commit is answered before the standby has it."""
        self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.execute("SELECT pg_reload_conf()")

    def cut_the_standby_off(self) -> None:
        """It hears nothing more of the primary."""
        self.standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.standby.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self.ask("SELECT count(*) FROM pg_stat_replication") == 0)

    def fail_over(self) -> None:
        """The primary is lost with all its connections; the standby answers under its address."""
        self.address.unlink()
        self.address.symlink_to(self.standby.folder)
        self.primary.execute(f"SELECT pg_terminate_backend(pid, 5000) {OF_HUSHI}")
        self.standby.promote()

    def ask(self, question: str) -> Any:
        """One value from the primary."""
        with psycopg.connect(user=USER, host=str(self.primary.folder), dbname="postgres") as connection:
            row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
def machines(tmp_path: pathlib.Path) -> Iterator[Machines]:
    """Both are running."""
    with running() as primary:
        primary.execute("CREATE DATABASE hushi")
        with standby_of(primary) as standby:
            yield Machines(primary, standby, tmp_path / "address")


@pytest.fixture
def ledger(machines: Machines, tmp_path: pathlib.Path) -> Iterator[Ledger]:
    """The ledger at their address."""
    create_secrets(tmp_path / "secrets.json")
    settings = read_settings(
        {
            "HUSHI_DATABASE_URL": f"postgresql+psycopg://{USER}@/hushi?host={machines.address}",
            "HUSHI_SECRETS_FILE": str(tmp_path / "secrets.json"),
        }
    )
    opened = open_ledger(settings)
    schema.upgrade(opened.database, opened.vault.macs)
    yield opened
    opened.database.close()


class _Asking(threading.Thread):
    """Posts in the background."""

    def __init__(self, caller: Caller, key: str) -> None:
        super().__init__()
        self.caller, self.key, self.status = caller, key, 0
        self.start()

    def run(self) -> None:
        self.status = self.caller.trade(a_trade(amount_cny="10.00"), self.key).status_code


def _is_waiting(machines: Machines) -> bool:
    return bool(machines.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))


def _ended_with(asking: _Asking) -> int:
    asking.join(20)
    return asking.status


def test_what_was_acknowledged_is_there_and_nothing_else_is_reported(machines: Machines, ledger: Ledger) -> None:
    """What only the lost primary had was acknowledged to nobody, not even as a replay."""
    app = create_app(ledger)
    caller = Caller(app.test_client(), create_key(ledger, "clerk", ["admin"])[1])
    caller.register(1)
    machines.wait_for_the_standby()
    for number in range(5):
        assert caller.trade(a_trade(amount_cny="10.00"), f"kept-{number}").status_code == 201
    fold(ledger)
    assert _counted(caller) == 5

    machines.cut_the_standby_off()
    first = _Asking(caller, "lost")
    wait_until(lambda: _is_waiting(machines))
    machines.ask(f"SELECT count(pg_cancel_backend(pid)) {OF_HUSHI} AND wait_event = 'SyncRep'")
    assert _ended_with(first) == 503
    assert _counted(caller) == 6
    retry = _Asking(caller, "lost")
    wait_until(lambda: _is_waiting(machines))
    machines.fail_over()
    assert _ended_with(retry) == 503

    assert _counted(caller) == 5
    again = caller.trade(a_trade(amount_cny="10.00"), "lost")
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)
    assert caller.trade(a_trade(amount_cny="10.00"), "kept-0").headers["Idempotency-Replayed"] == "true"
    assert _counted(caller) == 6
    app.extensions["hushi"].committer.close()
    fold(ledger)
    assert _counted(caller) == 6
    verify(ledger)


def _counted(caller: Caller) -> int:
    """What the process reports, which may be told first that its connections are gone."""
    answer = caller.get(REPORT)
    answer = caller.get(REPORT) if answer.status_code == 503 else answer
    counted: int = answer.get_json()["total"]["transactions"]["current"]
    return counted
