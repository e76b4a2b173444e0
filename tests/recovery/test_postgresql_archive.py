"""A ledger on PostgreSQL is restored to a moment, and to a named point, from a base backup and the archived log."""

import contextlib
import datetime
import pathlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from service.app import create_app
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.verifying import verify
from service.storage import schema
from service.vault import create_secrets
from tests.backup.conftest import numbered_trade
from tests.backup.writers import missing
from tests.conftest import Caller
from tests.postgresql import USER, PostgreSQL, ordinary_user, running
from tests.waiting import wait_until

SETTINGS = pathlib.Path(__file__).parents[2] / "deploy/postgresql/archiving.conf"
DURABLE = {"fsync": "on", "full_page_writes": "on"}


def archiving(archive: pathlib.Path) -> dict[str, str]:
    """The settings that are deployed, with the folder of this test."""
    found = re.findall(r"^(\w+) = '?(.*?)'?$", SETTINGS.read_text(), re.MULTILINE)
    assert {name for name, _ in found} == {"archive_mode", "archive_command", "archive_timeout"}
    return {name: value.replace("/var/backups/postgresql/wal", str(archive)) for name, value in found}


@pytest.fixture
def place() -> Iterator[pathlib.Path]:
    """A folder that the server's user may use."""
    with tempfile.TemporaryDirectory(prefix="hushi-pg-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        for made in (folder, folder / "wal", folder / "then", folder / "point"):
            made.mkdir(exist_ok=True)
            if (user := ordinary_user()) is not None:
                shutil.chown(made, user)
        yield folder


def opened(server: PostgreSQL, folder: pathlib.Path) -> Ledger:
    """The ledger on a server."""
    environment = {
        "HUSHI_DATABASE_URL": server.url("hushi"), "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
        "HUSHI_DATA_DIR": str(folder),
    }  # fmt: skip
    return open_ledger(read_settings(environment))


def ask(server: PostgreSQL, question: str) -> object:
    """The answer to one question."""
    with psycopg.connect(user=USER, host=str(server.folder), dbname="hushi", autocommit=True) as connection:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


@contextlib.contextmanager
def recovered(base: pathlib.Path, archive: pathlib.Path, target: dict[str, str]) -> Iterator[PostgreSQL]:
    """A server on a copy of the base backup, which has replayed the archive up to the target."""
    (base / "data/recovery.signal").touch()
    if (user := ordinary_user()) is not None:
        shutil.chown(base / "data/recovery.signal", user)
    wanted = {
        "restore_command": f"cp {archive}/%f %p", "recovery_target_action": "promote",
        "recovery_target_timeline": "current", **target,
    }  # fmt: skip
    with running({**DURABLE, **wanted}, kept=base) as server:
        yield server


def test_a_segment_is_archived_once_more_after_a_crash_and_never_replaced(tmp_path: pathlib.Path) -> None:
    """PostgreSQL archives a segment again when it crashed before it had noted that the first time was done."""
    archive, segment = tmp_path / "wal", tmp_path / "000000010000000000000001"
    archive.mkdir()
    command = archiving(archive)["archive_command"].replace("%p", str(segment)).replace("%f", segment.name)
    for content, code in ((b"first", 0), (b"first", 0), (b"other", 1)):
        segment.write_bytes(content)
        assert subprocess.run(["sh", "-c", command]).returncode == code
        assert [(each.name, each.read_bytes()) for each in archive.iterdir()] == [(segment.name, b"first")]


def test_a_database_is_restored_to_a_moment_and_to_a_named_point(place: pathlib.Path) -> None:
    create_secrets(place / "secrets.json")
    posted: list[list[UUID]] = [[], [], []]
    with running({**DURABLE, **archiving(place / "wal"), "wal_level": "replica"}) as server:
        server.execute("CREATE DATABASE hushi")
        ledger = opened(server, place)
        schema.upgrade(ledger.database, ledger.vault.macs)
        app = create_app(ledger)
        caller = Caller(app.test_client(), create_key(ledger, "test", ["admin"])[1])
        caller.register(3)
        for target in ("then", "point"):
            server.run("pg_basebackup", "-h", server.folder, "-U", USER, "-D", place / target / "data", "-c", "fast")
        moment = None
        for part in range(3):
            for number in range(part * 12, part * 12 + 12):
                answer = caller.trade(numbered_trade(number), f"posted-{number}")
                assert answer.status_code == 201, answer.get_json()
                posted[part].append(UUID(answer.get_json()["transaction_id"]))
            if part == 0:
                moment = ask(server, "SELECT clock_timestamp()")
            elif part == 1:
                ask(server, "SELECT pg_create_restore_point('before-the-mistake')")
        last = ask(server, "SELECT pg_walfile_name(pg_switch_wal())")
        app.extensions["hushi"].committer.close()
        ledger.database.close()
        _wait_for(place / "wal" / str(last))
    assert isinstance(moment, datetime.datetime)

    for target, settings, parts in (
        ("then", {"recovery_target_time": moment.isoformat()}, 1),
        ("point", {"recovery_target_name": "before-the-mistake"}, 2),
    ):
        with recovered(place / target, place / "wal", settings) as server:
            restored = opened(server, place)
            there = {one for part in posted[:parts] for one in part}
            assert missing(restored, there) == set()
            assert verify(restored).transactions == len(there)
            # The control: what was posted later is missing, so a loss would have been seen.
            later = {one for part in posted[parts:] for one in part}
            assert missing(restored, later) == later
            _goes_on(restored)
            restored.database.close()


def _goes_on(ledger: Ledger) -> None:
    app = create_app(ledger)
    caller = Caller(app.test_client(), create_key(ledger, "again", ["admin"])[1])
    assert caller.trade(numbered_trade(90), "after-the-recovery").status_code == 201
    app.extensions["hushi"].committer.close()


def _wait_for(file: pathlib.Path) -> None:
    wait_until(file.exists, 60)
