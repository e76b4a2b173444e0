"""A server and a schema of different versions: the server writes nothing, health says why, and no command migrates a
ledger that is served."""

import pathlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.commands.folding import fold
from service.commands.groups import create_group
from service.commands.keys import create_key
from service.config import SettingError
from service.ledger import Ledger
from service.storage import postgresql, revisions, schema
from service.storage.faults import DatabaseUnavailable, NotWritten, OtherRevision
from tests.builders import a_registration, a_trade
from tests.conftest import Caller
from tests.servers import call_hushi, run_hushi, serving

OLD, NEWER = "0003", "9999"


def _change_revision(ledger: Ledger, revision: str) -> None:
    """Sets the revision that an upgrade by another version leaves behind."""
    with ledger.database.writing(looks_at_revision=False) as connection:
        revisions.keep_everybody_out(connection)
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


def _count(ledger: Ledger) -> int:
    with ledger.database.reading() as connection:
        tables = ("journal", "resident", "fact", "block", "market_group")
        return sum(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables)


@pytest.mark.parametrize(("revision", "is_older"), [(OLD, "old"), (NEWER, "newer")])
def test_a_server_that_goes_on_during_an_upgrade_writes_nothing_and_says_which_is_older(
    ledger: Ledger, admin: Caller, revision: str, is_older: str
) -> None:
    admin.register(1)
    assert admin.trade(a_trade()).status_code == 201
    before = _count(ledger)
    _change_revision(ledger, revision)
    asked = [
        admin.trade(a_trade()),
        admin.post("/v1/residents", a_registration(7)),
        admin.post("/v1/groups", {"name": "东", "kind": "village"}),
        admin.post("/v1/transactions/batch", {"items": [a_trade(key="x")]}),
        admin.get("/v1/reports/trade?period=2024"),
        admin.get("/health/ready"),
    ]
    assert {answer.status_code for answer in asked} == {503}
    assert {answer.get_json()["code"] for answer in asked} == {"unavailable"}
    said = {"old": "older than this hushi", "newer": "this hushi is older"}[is_older]
    assert all(said in answer.get_json()["detail"] for answer in asked[:-1]), asked[0].get_json()
    assert asked[-1].get_json()["schema"] == is_older
    assert _count(ledger) == before
    _change_revision(ledger, schema.NEWEST_REVISION)
    assert admin.trade(a_trade()).status_code == 201


WRITING: dict[str, Callable[[Ledger], object]] = {
    "a group": lambda ledger: create_group(ledger, "东", "village"),
    "a key": lambda ledger: create_key(ledger, "x", ["admin"]),
    "a fold": fold,
}


@pytest.mark.parametrize("what", WRITING)
def test_no_command_writes_to_another_revision(ledger: Ledger, admin: Caller, what: str) -> None:
    admin.register(1)
    admin.trade(a_trade())
    _change_revision(ledger, NEWER)
    before = _count(ledger)
    with pytest.raises(OtherRevision, match="this hushi is older"):
        WRITING[what](ledger)
    assert _count(ledger) == before


def test_an_upgrade_waits_for_those_who_write_and_nobody_begins_meanwhile(
    ledger: Ledger, other_ledger: Ledger, admin: Caller
) -> None:
    """A transaction that has looked ends before the upgrade; one that begins during it sees what the upgrade left."""
    admin.register(1)
    admin.trade(a_trade())
    looked, end, order = threading.Event(), threading.Event(), list[str]()

    def write() -> None:
        with ledger.database.writing() as connection:
            connection.execute(sa.text("UPDATE resident SET settlement = settlement"))
            looked.set()
            end.wait(10)
            order.append("written")

    def upgrade() -> None:
        _change_revision(other_ledger, NEWER)
        order.append("upgraded")

    answers: list[Any] = []
    running = [threading.Thread(target=write), threading.Thread(target=upgrade)]
    running[0].start()
    assert looked.wait(10)
    running[1].start()
    time.sleep(0.3)
    assert order == []
    running.append(threading.Thread(target=lambda: answers.append(admin.trade(a_trade(), "during"))))
    running[2].start()
    time.sleep(0.3)
    assert answers == []
    end.set()
    for thread in running:
        thread.join(20)
    assert order == ["written", "upgraded"]
    # SQLite does not promise that the first of two waiting writers writes first: a post before the upgrade is right.
    if not ledger.database.is_sqlite or answers[0].status_code != 201:
        assert answers[0].status_code == 503
        assert "this hushi is older" in answers[0].get_json()["detail"]


def test_posts_that_race_with_an_upgrade_are_before_it_or_refused(
    ledger: Ledger, other_ledger: Ledger, admin: Caller
) -> None:
    """Each entry that the upgrade does not find is one that it has kept out."""
    admin.register(4)
    for _ in range(6):
        stop, statuses = threading.Event(), list[int]()

        def post(number: int, stop: threading.Event = stop, statuses: list[int] = statuses) -> None:
            while not stop.is_set():
                statuses.append(admin.trade(a_trade(resident_id=f"R0000000{number}", amount_cny="1.00")).status_code)

        running = [threading.Thread(target=post, args=(number,)) for number in range(1, 4)]
        for thread in running:
            thread.start()
        time.sleep(0.05)
        with other_ledger.database.writing(looks_at_revision=False) as connection:
            revisions.keep_everybody_out(connection)
            connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{NEWER}'"))
            found = connection.execute(sa.text("SELECT count(*) FROM journal")).scalar_one()
        time.sleep(0.05)
        stop.set()
        for thread in running:
            thread.join(20)
        with ledger.database.reading() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM journal")).scalar_one() == found
        assert set(statuses) <= {201, 503}
        assert 503 in statuses
        _change_revision(ledger, schema.NEWEST_REVISION)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_no_command_migrates_under_a_living_server(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """The server goes on, and the command that wants to migrate says in one line to stop the server first."""
    commands = (("db", "upgrade"), ("keys", "list"), ("fold",), ("serve", "--port", "1"))
    file = tmp_path / "day.csv"
    file.write_text("备案号,类别\n")
    with serving(environment, tmp_path / "log", "--workers", "1") as server:
        _change_revision(ledger, OLD)
        ready = server.ask("GET", "/health/ready")
        assert (ready[0], ready[1]["schema"]) == (503, "old")
        for command in commands:
            refused = call_hushi(environment, *command)
            assert isinstance(refused.exception, SettingError), command
            assert "stop that server" in str(refused.exception) or "--port" in str(refused.exception)
        in_a_process = run_hushi(environment, "import", str(file))
        assert (in_a_process.returncode, len(in_a_process.stderr.splitlines())) == (2, 1)
        assert "stop that server" in in_a_process.stderr
        assert schema.find_revision(ledger.database) == OLD
        _change_revision(ledger, NEWER)
        ready = server.ask("GET", "/health/ready")
        assert (ready[0], ready[1]["schema"]) == (503, "newer")
        _change_revision(ledger, schema.NEWEST_REVISION)
        assert server.ask("GET", "/health/ready")[0] == 200
        server.stop()
    # The schema of this test is not really the old one, so that migrating it fails; that it is tried now counts.
    _change_revision(ledger, OLD)
    tried = call_hushi(environment, "db", "upgrade")
    assert "the upgrade failed, and nothing was changed" in str(tried.exception)


@pytest.mark.parametrize("command", [("db", "upgrade"), ("keys", "list"), ("verify",), ("report", "brief")])
def test_a_newer_ledger_is_refused_in_one_line(
    ledger: Ledger, environment: dict[str, str], command: tuple[str, ...]
) -> None:
    _change_revision(ledger, NEWER)
    arguments = ("--period", "2024") if command[0] == "report" else ()
    refused = call_hushi(environment, *command, *arguments)
    assert isinstance(refused.exception, SettingError), refused.output
    assert "this hushi is older than the ledger's schema (9999" in str(refused.exception)


def test_an_upgrade_that_is_not_let_in_changes_nothing_and_says_so(
    ledger: Ledger, other_ledger: Ledger, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if ledger.database.is_sqlite:
        pytest.skip("on SQLite the upgrade waits for its turn like everybody")
    _change_revision(ledger, OLD)
    impatient = postgresql._WRITING_AT_LENGTH.replace("lock_timeout=10000", "lock_timeout=100")
    assert impatient != postgresql._WRITING_AT_LENGTH
    monkeypatch.setattr(postgresql, "_WRITING_AT_LENGTH", impatient)
    with other_ledger.database.writing(looks_at_revision=False) as connection:
        connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        refused = call_hushi(environment, "db", "upgrade")
    assert isinstance(refused.exception, SettingError), refused.output
    assert "did not let the upgrade in" in str(refused.exception)
    assert schema.find_revision(ledger.database) == OLD


def test_other_revision_is_an_unavailable_database_and_no_race() -> None:
    """So it is answered with 503, as a database that is away is, and is never tried again at once."""
    assert issubclass(OtherRevision, DatabaseUnavailable)
    assert not issubclass(OtherRevision, NotWritten)
