"""A restore drill says how old a backup is and how long restoring takes, or what is wrong."""

import fcntl
import os
import pathlib
import re
import subprocess
import tempfile
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from service.commands.folding import fold
from service.commands.restoring import restore
from service.ledger import Ledger
from service.queries.backing_up import back_up
from service.queries.verifying import Verified, Wrong, verify
from service.storage import scratch
from tests.backup.conftest import caller_of, numbered_trade, raw_rows
from tests.backup.damaging import flip
from tests.builders import secrets_with_another_ring
from tests.conftest import Caller
from tests.servers import HUSHI, call_hushi
from tests.waiting import wait_until


@pytest.fixture
def places(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The folder for temporary files."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def databases(ledger: Ledger) -> list[str]:
    """The databases of drills on the ledger's server."""
    if ledger.database.is_sqlite:
        return []
    with ledger.database.reading() as connection:
        return list(connection.scalars(sa.text("SELECT datname FROM pg_database WHERE datname LIKE 'hushi_drill%'")))


@pytest.mark.parametrize("where", [(), ("--on-server",)])
def test_a_drill_tells_the_age_and_the_time_it_took_and_leaves_nothing(
    market: Ledger, admin: Caller, environment: dict[str, str], places: pathlib.Path, tmp_path: pathlib.Path,
    where: tuple[str, ...],
) -> None:  # fmt: skip
    back_up(market, tmp_path / "backup.zip")
    posted = admin.trade(numbered_trade(30), "after-the-backup")
    assert posted.status_code == 201, posted.get_json()
    before = raw_rows(market)
    drilled = call_hushi(environment, "restore", "--drill", *where, str(tmp_path / "backup.zip"))
    if where and market.database.is_sqlite:
        assert "--on-server needs a ledger on PostgreSQL" in drilled.stderr
        return
    assert drilled.exit_code == 0, drilled.output
    first, took, age, chain = drilled.stdout.splitlines()
    assert first.startswith(f"{tmp_path}/backup.zip: 14 transactions, 3 residents, 2 blocks, restored and verified")
    assert re.fullmatch(r"RTO \d+\.\d s: \d+\.\d s to restore, \d+\.\d s to verify\.", took)
    assert re.match(r"RPO \d s: the backup is of \S+; the ledger has 1 transactions more\. Its newest ", age)
    assert chain == "Block 2 is in the chain of the ledger; the secrets file opens the backup."
    assert raw_rows(market) == before
    assert (list(places.iterdir()), databases(market)) == ([], [])


def refused(environment: dict[str, str], file: pathlib.Path, places: pathlib.Path) -> str:
    """What a drill says that finds something wrong; it must be one line, and leave nothing."""
    drilled = call_hushi(environment, "restore", "--drill", str(file))
    assert drilled.exit_code == 1, drilled.output
    assert list(places.iterdir()) == []
    assert re.fullmatch(r"WRONG: .*\n", drilled.stdout)
    return str(drilled.stdout)


def test_a_drill_finds_the_backup_of_another_ledger(
    market: Ledger, admin: Caller, environment: dict[str, str], new_ledger: Callable[[str], Ledger],
    places: pathlib.Path, engine_name: str, tmp_path: pathlib.Path,
) -> None:  # fmt: skip
    """Both have the same secrets; only the chain tells them apart."""
    back_up(market, tmp_path / "before.zip")
    other = new_ledger(engine_name)
    restore(other, tmp_path / "before.zip")
    for number, one in ((30, market), (31, other)):
        caller = admin if one is market else caller_of(one, admin)
        assert caller.trade(numbered_trade(number), f"new-{number}").status_code == 201
        fold(one)
        if one is other:
            caller.client.application.extensions["hushi"].committer.close()
    back_up(other, tmp_path / "other.zip")
    assert "block 3 of the backup is not in the chain of the ledger" in refused(
        environment, tmp_path / "other.zip", places
    )


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_drill_finds_damage_wrong_secrets_and_figures_that_do_not_add_up(
    market: Ledger, environment: dict[str, str], places: pathlib.Path, tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    back_up(market, tmp_path / "backup.zip")
    whole = (tmp_path / "backup.zip").read_bytes()
    (tmp_path / "damaged.zip").write_bytes(flip(whole, 300, 1))
    assert "is not a whole backup: its table" in refused(environment, tmp_path / "damaged.zip", places)

    foreign = secrets_with_another_ring(pathlib.Path(environment["HUSHI_SECRETS_FILE"]), "index")
    elsewhere = {**environment, "HUSHI_SECRETS_FILE": str(foreign)}
    drilled = call_hushi(elsewhere, "restore", "--drill", str(tmp_path / "backup.zip"))
    assert drilled.exit_code != 0
    assert list(places.iterdir()) == []

    _tamper(market)
    back_up(market, tmp_path / "tampered.zip")
    assert "what was restored does not add up: " in refused(environment, tmp_path / "tampered.zip", places)
    # The control: a drill that does not verify takes the same backup for good.
    monkeypatch.setattr("service.cli.drilling.verify", lambda ledger, head, **_: Verified(14, 0, 0, 0, 0, None))
    assert call_hushi(environment, "restore", "--drill", str(tmp_path / "tampered.zip")).exit_code == 0


def _tamper(ledger: Ledger) -> None:
    """Changes a figure that only a recount finds."""
    with ledger.database.writing() as connection:
        connection.execute(sa.text("UPDATE cell SET amount_fen = amount_fen + 1"))
    with pytest.raises(Wrong):
        verify(ledger)


def _left(places: pathlib.Path, name: str) -> pathlib.Path:
    (places / name).mkdir()
    (places / name / "hushi.db").write_bytes(b"somebody's trades")
    (places / name / "in-use").touch()
    return places / name


def test_a_drill_removes_what_killed_drills_have_left_and_no_drill_that_runs(
    market: Ledger, environment: dict[str, str], places: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    back_up(market, tmp_path / "backup.zip")
    left, used, other = (_left(places, name) for name in ("hushi-drill-left", "hushi-drill-used", "drill"))
    with (used / "in-use").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        drilled = call_hushi(environment, "restore", "--drill", str(tmp_path / "backup.zip"))
    assert drilled.exit_code == 0, drilled.output
    assert set(places.iterdir()) == {used, other}, left


def test_a_drill_that_the_system_ends_leaves_nothing(
    market: Ledger, environment: dict[str, str], places: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    back_up(market, tmp_path / "backup.zip")
    drill = subprocess.Popen(
        [HUSHI, "restore", "--drill", tmp_path / "backup.zip"], env={**os.environ, **environment, "TMPDIR": str(places)}
    )
    wait_until(lambda: any(places.glob("hushi-drill-*/hushi.db")))
    drill.terminate()
    assert drill.wait(30) == 143
    assert list(places.iterdir()) == []


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_drill_on_the_server_drops_what_killed_drills_have_left(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    back_up(market, tmp_path / "backup.zip")
    long_ago, just_now = (f"hushi_drill_{int(time.time() - age_s)}_0123456789ab" for age_s in (3600, 0))
    used = f"hushi_drill_{int(time.time() - 3600)}_ba9876543210"
    for name in (long_ago, just_now, used):
        scratch._execute(market.database, f"CREATE DATABASE {name}")
    engine = sa.create_engine(market.database.url.set(database=used))
    try:
        with engine.connect():
            drilled = call_hushi(environment, "restore", "--drill", "--on-server", str(tmp_path / "backup.zip"))
        assert drilled.exit_code == 0, drilled.output
        assert set(databases(market)) == {just_now, used}
    finally:
        engine.dispose()
        for name in (just_now, used):
            scratch._execute(market.database, f"DROP DATABASE {name}")
