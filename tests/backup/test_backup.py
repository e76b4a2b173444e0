"""Backups: the restored ledger is the ledger, on either engine, also while it is written to."""

import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.commands.folding import fold
from service.commands.restoring import restore
from service.commands.transfers import post_transfer
from service.commands.verification import record_verification
from service.ledger import Ledger
from service.queries.backing_up import back_up
from service.queries.keys import list_api_keys
from service.queries.ledger import get_head
from service.queries.verifying import verify
from service.storage import copying, tail
from tests.backup.conftest import a_batch, a_transfer, caller_of, goods_of, numbered_trade, raw_rows
from tests.builders import a_registration, a_trade, an_enterprise
from tests.conftest import Caller
from tests.recounting import read_journal
from tests.servers import call_hushi

REPORTS = (
    "/v1/reports/trade?period=2024&by=category,month",
    "/v1/reports/residents?period=2024&by=settlement",
    "/v1/residents?limit=100",
    "/v1/transactions?limit=500",
    "/v1/groups",
    "/v1/residents/R00000001/allowance?day=2024-01-10",
    "/v1/enterprises",
    "/v1/processing-batches",
    "/v1/processing-batches/B00000001",
    "/v1/transfers",
    "/v1/transfers/T00000002",
    "/v1/reports/processing?period=2024&by=enterprise_id,month",
)

EMPTY = {
    *("consignment", "consignment_line", "key_use", "mandate", "mandate_withdrawal"),
    *("self_check", "cell_repair", "verified_block"),
}
"""The tables that the ledger of these tests leaves empty."""


def test_every_column_can_be_written_and_read_again() -> None:
    kinds = {str(column.type) for name in copying.columns() for column in copying._TABLES[name].columns}
    assert kinds == {"INTEGER", "BIGINT", "SMALLINT", "TEXT", "BOOLEAN", "BLOB"}, "teach service.storage.copying"


def test_a_restored_ledger_is_the_ledger(
    market: Ledger, admin: Caller, new_ledger: Callable[[str], Ledger], target: str, tmp_path: pathlib.Path
) -> None:
    made = back_up(market, tmp_path / "backup.zip")
    restored = new_ledger(target)
    restore(restored, tmp_path / "backup.zip")

    assert {table for table, rows in made.rows.items() if rows == 0} == EMPTY
    assert raw_rows(restored) == raw_rows(market)
    assert get_head(restored) == get_head(market)
    assert list_api_keys(restored) == list_api_keys(market)
    caller = caller_of(restored, admin)
    for path in REPORTS:
        assert caller.get(path).get_json() == admin.get(path).get_json(), path
    assert made.head_hash is not None
    assert verify(restored, made.head_hash).transactions == 14


def test_posting_goes_on_where_the_ledger_was(
    market: Ledger, admin: Caller, new_ledger: Callable[[str], Ledger], target: str, tmp_path: pathlib.Path
) -> None:
    back_up(market, tmp_path / "backup.zip")
    restored = new_ledger(target)
    restore(restored, tmp_path / "backup.zip")
    caller = caller_of(restored, admin)

    again = caller.trade(numbered_trade(0), "key-0")
    refused = caller.trade(a_trade(amount_cny="9000.00", over_allowance="refuse"), "refused")
    new = caller.trade(a_trade(resident_id="R00000003"), "new")
    group = caller.post("/v1/groups", {"name": "b", "kind": "village"})
    resident = caller.post("/v1/residents", {**a_registration(7), "group_id": "G000002"})
    suspended = caller.post("/v1/residents/R00000004/status", {"status": "suspended", "reason": "x"})
    enterprise = caller.post("/v1/enterprises", an_enterprise(7))
    sent_on = post_transfer(restored, a_transfer(), goods_of(new.get_json()["transaction_id"]))
    batch = caller.post("/v1/processing-batches", a_batch(sent_on.transfer.public_id))

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "allowance-exceeded")
    assert (new.status_code, suspended.status_code) == (201, 200)
    assert group.get_json()["group_id"] == "G000002"
    assert resident.get_json()["resident_id"] == "R00000004"
    assert (enterprise.get_json()["enterprise_id"], sent_on.transfer.number) == ("E00000002", 3)
    assert batch.get_json()["processing_batch_id"] == "B00000003"
    with restored.database.reading() as connection:
        assert tail.newest_seq(connection) == 15
    fold(restored)
    record_verification(restored, 3, 0)
    assert verify(restored).transactions == 15
    caller.client.application.extensions["hushi"].committer.close()


def test_a_backup_that_is_made_while_four_threads_post_is_a_ledger(
    ledger: Ledger, admin: Caller, new_ledger: Callable[[str], Ledger], engine_name: str, tmp_path: pathlib.Path
) -> None:
    admin.register(4)
    stop = threading.Event()
    faults: list[object] = []

    def post_until_stopped(number: int) -> None:
        while not stop.is_set():
            answer = admin.trade(a_trade(resident_id=f"R0000000{number}", amount_cny="10.00", quantity_kg="1"))
            if answer.status_code != 201:
                faults.append(answer.get_json())

    def fold_until_stopped() -> None:
        while not stop.wait(0.02):
            fold(ledger)

    running = [threading.Thread(target=post_until_stopped, args=(number,)) for number in range(1, 5)]
    running.append(threading.Thread(target=fold_until_stopped))
    for thread in running:
        thread.start()
    try:
        for number in range(4):
            back_up(ledger, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        for thread in running:
            thread.join()

    found = []
    for number in range(4):
        restored = new_ledger(engine_name)
        restore(restored, tmp_path / f"{number}.zip")
        found.append(verify(restored).transactions)
        held = {entry.transaction_id for entry in read_journal(restored)}
        assert held <= {entry.transaction_id for entry in read_journal(ledger)}
    assert faults == []
    assert found == sorted(found)
    assert found[-1] > found[0]


def test_a_file_that_exists_is_never_overwritten(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "backup.zip"
    first, second = call_hushi(environment, "backup", str(file)), call_hushi(environment, "backup", str(file))
    kept = file.read_bytes()
    (tmp_path / "next.zip.part").write_text("of another backup")
    (tmp_path / "next.zip.12345678.part").symlink_to(tmp_path / "next.zip.part")
    beside = call_hushi(environment, "backup", str(tmp_path / "next.zip"))

    assert first.exit_code == 0, first.stderr
    assert "secrets.json, is not" in first.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert (second.exit_code, second.stderr) == (1, f"Error: {file} exists: backups are never overwritten\n")
    assert file.read_bytes() == kept
    assert beside.exit_code == 0, beside.stderr
    assert (tmp_path / "next.zip.part").read_text() == "of another backup"
    assert (tmp_path / "next.zip.12345678.part").is_symlink()


def test_a_backup_that_fails_leaves_no_file(
    market: Ledger, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_and_fail(connection: Any, table: str) -> Iterator[bytes]:
        yield b"[1]\n"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copying, "read_lines", read_and_fail)
    with pytest.raises(OSError, match="No space left"):
        back_up(market, tmp_path / "backup.zip")
    assert list(tmp_path.glob("backup*")) == []


def test_the_commands_take_a_ledger_from_one_database_to_another(
    market: Ledger, environment: dict[str, str], other_engine: str, new_ledger: Callable[[str], Ledger],
    tmp_path: pathlib.Path,
) -> None:  # fmt: skip
    file = tmp_path / "backup.zip"
    there = new_ledger(other_engine)
    elsewhere = {**environment, "HUSHI_DATABASE_URL": there.database.url.render_as_string(hide_password=False)}

    assert call_hushi(environment, "backup", str(file)).stdout.startswith("14 transactions, 3 residents, 2 blocks")
    restored = call_hushi(elsewhere, "restore", str(file))
    assert restored.exit_code == 0, restored.stderr
    head = restored.stdout.split()[-1]
    assert call_hushi(elsewhere, "verify", "--head", head).exit_code == 0
    again = call_hushi(elsewhere, "restore", str(file))
    assert again.exit_code == 1
    assert "not empty" in again.stderr
    assert len(again.stderr.splitlines()) == 1
