"""SQLite's file is moved away, or another is put in its place, while processes serve it; then the file comes back.

Connections that are opened meanwhile must not make a file, throw away the log beside it, or stay behind.
"""

import contextlib
import pathlib
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psutil
import pysqlite3.dbapi2
import pytest
from flask import Flask

from service.app import create_app
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger, open_served
from service.storage.engine import Database
from service.storage.faults import DatabaseUnavailable
from service.storage.private_files import has_log
from service.vault import create_secrets
from tests.builders import a_key, a_registration, a_trade
from tests.conftest import Caller
from tests.recounting import read_journal
from tests.servers import Server, run_hushi, serving

REPORT = "/v1/reports/trade?period=2024&by=category"
RESIDENT = "/v1/residents/R00000001"


@dataclass
class _Place:
    """A folder with a ledger, in which one resident is registered, and the processes that serve it."""

    folder: pathlib.Path
    headers: dict[str, str] = field(default_factory=dict)
    processes: list[tuple[Ledger, Flask]] = field(default_factory=list)

    @property
    def file(self) -> pathlib.Path:
        return self.folder / "hushi.db"

    @property
    def log(self) -> pathlib.Path:
        return self.folder / "hushi.db-wal"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HUSHI_DATABASE_URL": f"sqlite:///{self.file}",
            "HUSHI_SECRETS_FILE": str(self.folder / "secrets.json"),
            "HUSHI_LOG_LEVEL": "ERROR",
        }

    def process(self) -> Caller:
        """A caller of one that has opened nothing yet."""
        ledger = open_served(read_settings(self.environment))
        self.processes.append((ledger, create_app(ledger)))
        caller = Caller(self.processes[-1][1].test_client(), None)
        caller.headers = self.headers
        return caller

    def put_aside(self, *, with_its_log: bool) -> Callable[[], None]:
        """Moves the file away; what brings it back, and takes away what has been put in its place."""
        moved = [self.file, *([self.log, self.folder / "hushi.db-shm"] if with_its_log else [])]
        aside = self.folder / "aside"
        aside.mkdir()
        there = [file for file in moved if file.exists()]
        for file in there:
            file.rename(aside / file.name)

        def bring_back() -> None:
            for file in moved:
                file.unlink(missing_ok=True)
            for file in there:
                (aside / file.name).rename(file)

        return bring_back

    def end(self) -> None:
        """Ends the processes."""
        for ledger, app in self.processes:
            app.extensions["hushi"].committer.close()
            ledger.database.close()
        self.processes.clear()

    def entries(self) -> int:
        """How many a process finds that begins after all others have ended."""
        self.end()
        ledger = open_ledger(read_settings(self.environment))
        with contextlib.closing(ledger.database):
            return len(read_journal(ledger))


@pytest.fixture
def place(sqlite_template: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[_Place]:
    made = _Place(tmp_path / "data")
    made.folder.mkdir()
    shutil.copy(sqlite_template, made.file)
    create_secrets(made.folder / "secrets.json")
    ledger = open_ledger(read_settings(made.environment))
    made.headers = {"Authorization": f"Bearer {create_key(ledger, 'clerk', ['admin'])[1]}"}
    ledger.database.close()
    caller = made.process()
    assert caller.post("/v1/residents", a_registration()).status_code == 201
    made.end()
    yield made
    made.end()


def _posts(caller: Caller, count: int) -> list[int]:
    return [caller.trade(a_trade()).status_code for _ in range(count)]


@pytest.mark.parametrize("another_takes_its_place", [True, False])
@pytest.mark.parametrize("with_its_log", [True, False])
def test_what_is_opened_meanwhile_loses_nothing(
    place: _Place, another_takes_its_place: bool, with_its_log: bool
) -> None:
    """The first post of a process that has only read so far, beside one that has posted."""
    reads, posts = place.process(), place.process()
    assert reads.get(RESIDENT).status_code == 200
    assert _posts(posts, 4) == [201] * 4
    bring_back = place.put_aside(with_its_log=with_its_log)
    if another_takes_its_place:
        shutil.copy(place.folder / "aside" / "hushi.db", place.file)
    log_bytes = place.log.stat().st_size if place.log.exists() else None
    assert _posts(reads, 2) + _posts(posts, 1) == [503] * 3
    assert (place.log.stat().st_size if place.log.exists() else None) == log_bytes
    assert place.file.exists() == another_takes_its_place
    bring_back()
    assert _posts(reads, 2) + _posts(posts, 2) == [201] * 4
    assert {caller.get(REPORT).get_json()["total"]["transactions"]["current"] for caller in (reads, posts)} == {8}
    assert place.entries() == 8


def test_more_readers_than_before_open_nothing_else(place: _Place) -> None:
    """The pool opens a connection for each that reads at a time."""
    caller = place.process()
    assert _posts(caller, 3) == [201] * 3
    database = place.processes[0][0].database
    bring_back = place.put_aside(with_its_log=False)
    all_inside = threading.Barrier(8)

    def read(_: int) -> str:
        all_inside.wait()
        with contextlib.suppress(DatabaseUnavailable), database.reading():
            return "read"
        return "refused"

    with ThreadPoolExecutor(8) as readers:
        assert set(readers.map(read, range(8))) == {"refused"}
    assert not place.file.exists()
    bring_back()
    assert _posts(caller, 1) == [201]
    assert place.entries() == 4


def test_a_process_that_begins_meanwhile_makes_no_ledger(place: _Place) -> None:
    posts = place.process()
    assert _posts(posts, 3) == [201] * 3
    bring_back = place.put_aside(with_its_log=True)
    late = place.process()
    assert (late.get(RESIDENT).status_code, late.trade(a_trade()).status_code) == (503, 503)
    assert not place.file.exists()
    bring_back()
    assert _posts(late, 1) + _posts(posts, 1) == [201] * 2
    assert place.entries() == 5


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_command_makes_no_ledger_beside_the_log_of_one(place: _Place, is_empty: bool) -> None:
    """SQLite would throw the log away, and with it what was acknowledged."""
    posts = place.process()
    assert _posts(posts, 3) == [201] * 3
    bring_back = place.put_aside(with_its_log=False)
    if is_empty:
        place.file.touch()
    refused = run_hushi(place.environment, "keys", "create", "--name", "x", "--scope", "admin")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "put the ledger's file back" in refused.stderr
    assert has_log(place.file)
    bring_back()
    assert _posts(posts, 1) == [201]
    assert place.entries() == 4


def test_a_connection_that_belongs_to_another_file_is_not_used(place: _Place) -> None:
    """It was in use while all others were closed, and the next file was taken for the right one."""
    caller = place.process()
    assert _posts(caller, 1) == [201]
    database = place.processes[0][0].database

    def read() -> None:
        with database.reading() as connection:
            place.file.rename(place.folder / "before.db")
            shutil.copy(place.folder / "before.db", place.file)
            database.identity.forget()
            database.identity.confirm(connection)

    with pytest.raises(DatabaseUnavailable, match="left over"):
        read()
    assert has_log(place.file)


@pytest.mark.parametrize("another_takes_its_place", [True, False])
def test_sqlite_leaves_the_log_when_the_file_is_not_in_its_place(
    tmp_path: pathlib.Path, another_takes_its_place: bool
) -> None:
    """What closing connections relies on: the last one deletes the log by its name, but looks for its file first."""
    file, moved = tmp_path / "one.db", tmp_path / "moved.db"
    connection = pysqlite3.dbapi2.connect(str(file), isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"):
        connection.execute(statement)
    file.rename(moved)
    if another_takes_its_place:
        shutil.copy(moved, file)
    connection.close()
    assert has_log(file)


def test_no_file_is_made_between_the_look_and_the_opening(place: _Place, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(place.environment["HUSHI_DATABASE_URL"])
    look = database.identity.before_opening

    def look_a_moment_before() -> None:
        look()
        place.file.unlink()

    monkeypatch.setattr(database.identity, "before_opening", look_a_moment_before)
    with pytest.raises(DatabaseUnavailable), database.reading():
        pass
    assert not place.file.exists()


def _ask(server: Server, place: _Place, method: str, path: str, body: Any = None) -> int:
    return server.ask(method, path, body, {**place.headers, "Idempotency-Key": a_key()})[0]


def _wait_for(what: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(400):
        with contextlib.suppress(OSError):
            if what():
                return
        pause.wait(0.05)
    raise AssertionError("it did not happen within twenty seconds")


def test_a_server_whose_processes_die_meanwhile_goes_on_by_itself(place: _Place, tmp_path: pathlib.Path) -> None:
    """Those that serve and the one that folds: their successors find no file, make none, and take no other."""
    with serving(place.environment, tmp_path / "log", "--workers", "1") as server:
        assert [_ask(server, place, "POST", "/v1/transactions", a_trade()) for _ in range(5)] == [201] * 5
        parent = psutil.Process(server.process.pid)
        _wait_for(lambda: len(parent.children()) == 2)
        died = parent.children()
        bring_back = place.put_aside(with_its_log=False)
        for child in died:
            child.kill()
        _wait_for(lambda: len({child.pid for child in parent.children()} - {child.pid for child in died}) == 2)
        _wait_for(lambda: _ask(server, place, "GET", RESIDENT) == 503)
        assert _ask(server, place, "POST", "/v1/transactions", a_trade()) == 503
        assert not place.file.exists()
        shutil.copy(place.folder / "aside" / "hushi.db", place.file)
        assert _ask(server, place, "POST", "/v1/transactions", a_trade()) == 503
        bring_back()
        assert [_ask(server, place, "POST", "/v1/transactions", a_trade()) for _ in range(2)] == [201] * 2
        assert server.stop() == 0
    assert place.entries() == 7
