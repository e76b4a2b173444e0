"""A ledger that the version before wrote, which did not say who recorded an entry: upgraded, and gone on with.

`tests/cases/older/before_recorded_by.backup` was made by that version, of schema 0005: two trades and a reversal in a
block, a trade behind it, a refusal. Its secrets and its API key stand beside it; all that is in it is invented.
`before_the_market_day.backup` was made by version 0.2.0, whose entries say who recorded them and no more: a trade and
its reversal in a block, a trade behind it, a refusal.
"""

import base64
import contextlib
import datetime
import itertools
import json
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import alembic.command
import orjson
import pytest
import sqlalchemy as sa

from service.app import create_app
from service.commands.folding import fold
from service.commands.transfers import post_transfer
from service.config import SettingError, Settings
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer
from service.ledger import Ledger, open_ledger
from service.queries.keys import list_api_keys
from service.queries.verifying import verify
from service.storage import archives, copying, schema
from service.storage.rowsets import BulkInsert
from service.storage.tables import metadata
from service.vault import create_secrets
from tests.builders import a_registration, a_trade, an_enterprise
from tests.conftest import Caller
from tests.postgresql import PostgreSQL
from tests.servers import call_hushi
from tests.tampering import RIGHT, verdict_after

CASES = pathlib.Path(__file__).parents[1] / "cases" / "older"
SCRIPT = pathlib.Path(__file__).parents[2] / "docs" / "verify_proof.py"
KEY = "hushi_j2iX_bAhooWcuuQIwev8aXzyWMjXHdStWrG2NstHH6I"
KEY_0_2_0 = "hushi_Le1TxBs7JIa39NUjY2Upl3XvRmerRvY1KCRiCJhm9Uk"
OLD_DESK = {"id": 1, "name": "old desk"}
FIRST = a_trade(hs_code="02050000", metadata={"窗口": "3"}, reference="D-1")
FOURTH = a_trade(amount_cny="9000.00", consignment="EB-17")
_numbers = itertools.count(1)


@contextlib.contextmanager
def _loaded(
    backup: str, secrets: str, engine_name: str, tmp_path: pathlib.Path, request: pytest.FixtureRequest
) -> Iterator[Ledger]:
    """The ledger of a backup, as its version has left it."""
    shutil.copy(CASES / secrets, tmp_path / "secrets.json")
    (tmp_path / "secrets.json").chmod(0o600)
    name, url = f"older_{next(_numbers)}", f"sqlite:///{tmp_path}/older.db"
    if engine_name == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        server.execute(f"CREATE DATABASE {name}")
        url = server.url(name)
    ledger = open_ledger(Settings(url, tmp_path, tmp_path / "secrets.json", False, "ERROR"))
    with archives.opening(CASES / backup) as archive:
        _load(ledger, archive)
    yield ledger
    ledger.database.close()
    if engine_name == "postgresql":
        request.getfixturevalue("postgresql").execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def not_upgraded(engine_name: str, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """The ledger of schema 0005."""
    with _loaded("before_recorded_by.backup", "secrets.json", engine_name, tmp_path, request) as ledger:
        yield ledger


@pytest.fixture
def of_0_2_0(engine_name: str, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """The ledger of version 0.2.0, upgraded."""
    with _loaded("before_the_market_day.backup", "secrets_0_2_0.json", engine_name, tmp_path, request) as ledger:
        schema.upgrade(ledger.database, ledger.vault.macs)
        yield ledger


@pytest.fixture
def older(not_upgraded: Ledger) -> Ledger:
    """The ledger as the version before has left it, and then upgraded."""
    schema.upgrade(not_upgraded.database, not_upgraded.vault.macs)
    head = verify(not_upgraded).head
    assert head is not None
    with archives.opening(CASES / "before_recorded_by.backup") as archive:
        assert head.hash.hex() == archive.manifest.head_hash
    return not_upgraded


def _environment(ledger: Ledger, folder: pathlib.Path, secrets: str = "secrets.json") -> dict[str, str]:
    url = ledger.database.engines[0].url.render_as_string(hide_password=False)
    return {
        "HUSHI_DATABASE_URL": url if ledger.database.file is None else f"sqlite:///{ledger.database.file}",
        "HUSHI_DATA_DIR": str(folder),
        "HUSHI_SECRETS_FILE": str(folder / secrets),
        "HUSHI_LOG_LEVEL": "ERROR",
    }


def test_a_ledger_of_the_version_before_is_upgraded_by_the_command(
    not_upgraded: Ledger, tmp_path: pathlib.Path
) -> None:
    """The command looked at the secrets first, in columns that the old ledger did not have yet, and gave up."""
    not_upgraded.database.close()
    environment = _environment(not_upgraded, tmp_path)
    assert call_hushi(environment, "db", "check").exit_code == 1
    upgraded = call_hushi(environment, "db", "upgrade")
    assert (upgraded.exit_code, call_hushi(environment, "db", "check").exit_code) == (0, 0), upgraded.output
    assert call_hushi(environment, "verify").exit_code == 0


def test_an_upgrade_with_the_secrets_of_another_ledger_changes_nothing(
    not_upgraded: Ledger, tmp_path: pathlib.Path
) -> None:
    not_upgraded.database.close()
    create_secrets(tmp_path / "foreign.json")
    refused = call_hushi(_environment(not_upgraded, tmp_path, "foreign.json"), "db", "upgrade")
    assert isinstance(refused.exception, SettingError)
    assert "names the wrong secrets" in str(refused.exception)
    assert schema.find_revision(not_upgraded.database) == "0005"
    assert call_hushi(_environment(not_upgraded, tmp_path), "db", "upgrade").exit_code == 0


def _as_it_was(table: sa.Table, columns: Sequence[str]) -> sa.Table:
    """The table with the names of that version: the columns have kept their order, and newer ones follow."""
    named = [sa.Column(old, new.type) for old, new in zip(columns, table.columns, strict=False)]
    return sa.Table(table.name, sa.MetaData(), *named)


def _load(ledger: Ledger, archive: archives.Archive) -> None:
    with ledger.database.writing(looks_at_revision=False) as connection:
        alembic.command.upgrade(schema._config(connection), archive.manifest.revision)
        for table, columns in archive.manifest.columns.items():
            as_it_was = _as_it_was(metadata.tables[table], columns)
            converters = copying._converters(as_it_was, connection.dialect.name)
            rows = [orjson.loads(line) for line in archive.read_lines(table)]
            for row, (place, convert) in itertools.product(rows, converters.items()):
                row[place] = None if row[place] is None else convert(base64.b64decode(row[place]))
            BulkInsert(as_it_was, columns).run(connection, [tuple(row) for row in rows])
        copying.settle(connection, archive.manifest.columns)


@pytest.fixture
def desk(older: Ledger) -> Iterator[Caller]:
    """The key that recorded all of it, at the version that goes on."""
    caller = Caller(create_app(older).test_client(), KEY)
    yield caller
    caller.client.application.extensions["hushi"].committer.close()


def _entries(desk: Caller) -> list[Any]:
    """All of them, oldest first."""
    items: list[Any] = desk.get("/v1/transactions").get_json()["items"]
    return items[::-1]


def test_older_registrations_and_keys_say_nothing_and_keep_their_macs(older: Ledger, desk: Caller) -> None:
    """`older` has verified each fact: what was null is left out of the bytes that its MAC covers."""
    shown = desk.get("/v1/residents").get_json()["items"] + desk.get("/v1/groups").get_json()["items"]
    assert {item["recorded_by"] for item in shown} == {None}
    key = list_api_keys(older)[0].key
    assert (key.trade_point, key.expires_at) == (None, None)
    made = desk.post("/v1/residents", a_registration(300)).get_json()
    assert made["recorded_by"] == OLD_DESK
    assert verdict_after(older) == RIGHT


@pytest.mark.parametrize("table", ["resident", "api_key"])
def test_an_older_fact_can_not_be_added_to(older: Ledger, table: str) -> None:
    added = "recorded_by = 1" if table == "resident" else "trade_point = 'erenhot'"
    assert f"of {table} is not what was recorded" in verdict_after(older, f"UPDATE {table} SET {added}")


def _without_reversal(listed: dict[str, Any]) -> dict[str, Any]:
    """An entry of a list as posting it was answered: that does not say whether it was reversed or sent on later."""
    later = {"reversed_by", "transferred_kg", "transferred_cny"}
    return {name: value for name, value in listed.items() if name not in later}


def test_older_entries_say_nothing_and_their_answers_are_replayed(desk: Caller) -> None:
    assert [entry["recorded_by"] for entry in _entries(desk)] == [None] * 4
    again = desk.trade(FIRST, "first")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.get_json() == _without_reversal(_entries(desk)[0])


def test_a_block_holds_older_and_newer_entries_and_proves_both(older: Ledger, desk: Caller) -> None:
    fourth = _entries(desk)[3]["transaction_id"]
    new = [desk.trade(a_trade(amount_cny="1.00")).get_json(), desk.reverse(fourth).get_json()]
    assert [entry["recorded_by"] for entry in new] == [OLD_DESK, OLD_DESK]
    assert verdict_after(older) == RIGHT
    fold(older)
    verify(older)
    for entry in _entries(desk):
        proof = desk.get(f"/v1/transactions/{entry['transaction_id']}/proof").get_json()
        assert {**proof["transaction"], "warnings": entry["warnings"]} == _without_reversal(entry)
        checked = subprocess.run([sys.executable, SCRIPT, "-"], input=json.dumps(proof), capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, "")
    assert desk.trade(FOURTH, "fourth").headers["Idempotency-Replayed"] == "true"


def test_answers_of_version_0_2_0_are_replayed_and_right(of_0_2_0: Ledger) -> None:
    """Their MACs cover who recorded them. The values that came later must not move it."""
    assert verdict_after(of_0_2_0) == RIGHT
    caller = Caller(create_app(of_0_2_0).test_client(), KEY_0_2_0)
    over = a_trade(amount_cny="9000.00", over_allowance="refuse")
    for key, body, status in (("first", FIRST, 201), ("second", FOURTH, 201), ("refused", over, 422)):
        again = caller.trade(body, key)
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (status, "true"), key
    fold(of_0_2_0)
    assert verdict_after(of_0_2_0) == RIGHT
    caller.client.application.extensions["hushi"].committer.close()


@pytest.mark.parametrize("fixture", ["older", "of_0_2_0"])
def test_older_trades_go_on(fixture: str, engine_name: str, request: pytest.FixtureRequest) -> None:
    """The upgrade has made the tables; nothing of them was in the register before."""
    ledger: Ledger = request.getfixturevalue(fixture)
    key = KEY if fixture == "older" else KEY_0_2_0
    desk = Caller(create_app(ledger).test_client(), key)
    [live] = [entry for entry in _entries(desk) if entry["kind"] == "trade" and entry["reversed_by"] is None][-1:]
    assert desk.post("/v1/enterprises", an_enterprise()).status_code == 201
    goods = StatedGoods.of_trades([WantedLine(UUID(live["transaction_id"]))])
    post_transfer(ledger, NewTransfer(1, "processing", datetime.date(2024, 7, 1), None, None, None), goods)
    assert verdict_after(ledger) == RIGHT
    assert desk.reverse(live["transaction_id"]).get_json()["code"] == "has-transfers"
    fold(ledger)
    assert verdict_after(ledger) == RIGHT
    assert "is not what was recorded" in verdict_after(ledger, "UPDATE transfer SET invoice = 'x'")
    desk.client.application.extensions["hushi"].committer.close()


@pytest.mark.parametrize(("seq", "found"), [(1, "Block 1 sealed other entries"), (4, "was not answered with")])
def test_nobody_can_be_named_afterwards(older: Ledger, seq: int, found: str) -> None:
    assert found in verdict_after(older, f"UPDATE journal SET recorded_by = 1 WHERE seq = {seq}")
