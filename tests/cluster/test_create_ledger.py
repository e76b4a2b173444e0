"""The file that makes the ledger of a cluster refuses until a standby has what the primary acknowledges."""

import pathlib
import subprocess

import pytest

from deploy.cluster.render import FOLDER, read_values, render
from tests.cluster.cluster import wheel_programs
from tests.postgresql import USER, PostgreSQL, running, standby_of
from tests.waiting import wait_until

NAME = "market"
"""The name that the file gives in the tests, because the superuser of their servers is named hushi."""
IS_MADE = f"SELECT count(*) FROM pg_database WHERE datname = '{NAME}'"
HAS_ROLE = f"SELECT count(*) FROM pg_roles WHERE rolname = '{NAME}'"
COUNTS = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'"
STREAMS = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """The file, rendered with a password."""
    named = read_values((FOLDER / "cluster.env.example").read_text("utf-8"))
    made = tmp_path / "create-ledger.sql"
    text = render({name: value or "a-password" for name, value in named.items()}, "db1")[made.name]
    made.write_text(text.replace("hushi", NAME), "utf-8")
    return made


def _psql(server: PostgreSQL, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = [str(wheel_programs() / "psql"), "-h", str(server.folder), "-U", USER, "-d", "postgres", "-Atq"]
    return subprocess.run([*program, *arguments], capture_output=True, text=True)


def _ask(server: PostgreSQL, question: str) -> str:
    return _psql(server, "-c", question).stdout.strip()


def _wait_for_standbys(server: PostgreSQL, names: str) -> None:
    server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    server.execute("SELECT pg_reload_conf()")
    wait_until(lambda: _ask(server, "SHOW synchronous_standby_names") == names)


def test_the_ledger_of_a_cluster_is_made_only_when_a_standby_streams(file: pathlib.Path) -> None:
    with running({"fsync": "off"}) as primary:
        _must_refuse(primary, file)  # Neither is a standby named, nor is there one.
        _wait_for_standbys(primary, "ANY 1 (*)")
        _must_refuse(primary, file)  # One is named, and none is there.
        _wait_for_standbys(primary, "")
        with standby_of(primary):
            wait_until(lambda: _ask(primary, STREAMS) == "1")
            _must_refuse(primary, file)  # One streams, and commits do not wait for it.
            _wait_for_standbys(primary, "ANY 1 (*)")
            wait_until(lambda: _ask(primary, COUNTS) == "1")
            for _ in range(2):
                told = _psql(primary, "-f", str(file))
                assert (told.returncode, told.stderr) == (0, "")
            assert (_ask(primary, IS_MADE), _ask(primary, HAS_ROLE)) == ("1", "1")


def _must_refuse(server: PostgreSQL, file: pathlib.Path) -> None:
    told = _psql(server, "-f", str(file))
    assert told.returncode == 3
    assert "No ledger yet" in told.stderr
    assert "patronictl list" in told.stderr
    assert (_ask(server, IS_MADE), _ask(server, HAS_ROLE)) == ("0", "0")


def test_what_compose_runs_is_the_same_file() -> None:
    script = (FOLDER / "compose/create-ledger").read_text("utf-8")
    assert subprocess.run(["sh", "-n"], input=script, text=True).returncode == 0
    assert "-f /tmp/made/create-ledger.sql" in script
    assert "render.py" in script
