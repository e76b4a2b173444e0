"""A secrets file or a database that is missing or can't be used: one line says so, and never a traceback."""

import os
import pathlib
import signal
from collections.abc import Callable

import orjson
import psutil
import pytest
import sqlalchemy as sa

from service.cli.main import main
from service.ledger import Ledger
from service.queries.backing_up import back_up
from tests.builders import a_trade
from tests.conftest import Caller
from tests.forked import run_together
from tests.postgresql import PostgreSQL
from tests.servers import FOLDER_PROGRAM, Server, free_port, live_children, serving, workers_of
from tests.waiting import wait_until


def _commands(folder: pathlib.Path) -> list[list[str]]:
    return [
        ["serve", "--port", str(free_port())],
        ["verify"],
        ["verify", "--repair-cells"],
        ["backup", str(folder / "new.zip")],
        ["restore", "--drill", str(folder / "backup.zip")],
    ]


def _refuse(environment: dict[str, str], folder: pathlib.Path, *words: str) -> None:
    """Runs the commands, each of which must end with exit code 2 and one line with these words."""
    told = folder / words[0]
    told.mkdir()
    for done in run_together(main, _commands(folder), environment, told):
        assert (done.returncode, done.stdout) == (2, ""), done
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("hushi: "), done.stderr
        assert all(word in done.stderr for word in words), done.stderr


@pytest.fixture
def backup(ledger: Ledger, tmp_path: pathlib.Path) -> pathlib.Path:
    """A backup of the ledger."""
    back_up(ledger, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


def _removed(secrets: pathlib.Path) -> None:
    secrets.unlink()


def _a_folder(secrets: pathlib.Path) -> None:
    secrets.unlink()
    secrets.mkdir()


def _unreadable(secrets: pathlib.Path) -> None:
    secrets.unlink()
    secrets.symlink_to(secrets)


SECRETS: dict[str, tuple[Callable[[pathlib.Path], object], str]] = {
    "missing": (_removed, "is missing; put its copy back"),
    "a folder": (_a_folder, "can't be read (Is a directory)"),
    "unreadable": (_unreadable, "can't be read (Too many levels of symbolic links)"),
    "empty": (lambda secrets: secrets.write_bytes(b""), "is empty"),
    "no text": (lambda secrets: secrets.write_bytes(b"\xff{"), "is not JSON"),
    "open to others": (lambda secrets: secrets.chmod(0o644), "is open to others than its owner"),
}


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("kind", SECRETS)
def test_secrets_that_cant_be_used_are_named_in_one_line(
    environment: dict[str, str], backup: pathlib.Path, tmp_path: pathlib.Path, kind: str
) -> None:
    spoil, said = SECRETS[kind]
    spoil(pathlib.Path(environment["HUSHI_SECRETS_FILE"]))
    _refuse(environment, tmp_path, "HUSHI_SECRETS_FILE", said)


def test_a_database_that_is_not_there_is_named_in_one_line(
    environment: dict[str, str], backup: pathlib.Path, tmp_path: pathlib.Path, request: pytest.FixtureRequest
) -> None:
    if environment["HUSHI_DATABASE_URL"].startswith("sqlite"):
        # A folder stands in the place of the file; without it, `hushi serve` would make a new ledger.
        (tmp_path / "another").mkdir()
        _refuse({**environment, "HUSHI_DATABASE_URL": f"sqlite:///{tmp_path}/another"}, tmp_path, "HUSHI_DATABASE_URL")
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    _refuse({**environment, "HUSHI_DATABASE_URL": server.url("no_such")}, tmp_path, "does not exist")
    silent = f"postgresql+psycopg://hushi@127.0.0.1:{free_port()}/hushi"
    _refuse({**environment, "HUSHI_DATABASE_URL": silent}, tmp_path, "can't be reached")


@pytest.mark.parametrize("engine_name", ["postgresql"])
@pytest.mark.parametrize("revision", [None, "0009"])
def test_a_database_that_was_not_upgraded_is_named_in_one_line(
    ledger: Ledger, environment: dict[str, str], backup: pathlib.Path, tmp_path: pathlib.Path,
    request: pytest.FixtureRequest, revision: str | None,
) -> None:  # fmt: skip
    if revision is None:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        server.execute("CREATE DATABASE not_upgraded")
        try:
            _refuse(environment | {"HUSHI_DATABASE_URL": server.url("not_upgraded")}, tmp_path, "hushi db upgrade")
        finally:
            server.execute("DROP DATABASE not_upgraded WITH (FORCE)")
        return
    with ledger.database.writing(looks_at_revision=False) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    _refuse(environment, tmp_path, "hushi db upgrade")


def _folders_of(server: Server) -> list[psutil.Process]:
    return [one for one in live_children(server.process.pid) if FOLDER_PROGRAM in one.cmdline()]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_processes_of_a_server_whose_secrets_are_gone_say_so_and_go_on_when_they_are_back(
    environment: dict[str, str], admin: Caller, tmp_path: pathlib.Path
) -> None:
    admin.register(1)
    secrets, log = pathlib.Path(environment["HUSHI_SECRETS_FILE"]), tmp_path / "log"
    with serving(environment, log) as server:
        wait_until(lambda: _folders_of(server))
        secrets.rename(tmp_path / "moved.json")
        for process in (*_folders_of(server), workers_of(server.process.pid)[0]):
            os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: log.read_bytes().count(b'"wrong-setting"') >= 3)
        posted = server.ask("POST", "/v1/transactions", a_trade(), {**admin.headers, "Idempotency-Key": "x"})
        assert posted[0] == 201, "the other process has the keys in memory"
        (tmp_path / "moved.json").rename(secrets)
        wait_until(lambda: server.ask("GET", "/v1/ledger", headers=admin.headers)[1]["block"] == 1)
        wait_until(lambda: len(workers_of(server.process.pid)) == 2)
    lines = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    told = [line for line in lines if line["event"] == "wrong-setting"]
    assert {line["level"] for line in told} == {"error"}
    assert all("HUSHI_SECRETS_FILE" in line["reason"] and "put its copy back" in line["reason"] for line in told)
