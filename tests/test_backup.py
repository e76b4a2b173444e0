"""Backups: a copy of a live ledger that is the ledger, on either engine, or nothing."""

import datetime
import pathlib
import threading
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from service.app import create_app
from service.commands.folding import fold
from service.commands.keys import create_key, revoke_key
from service.commands.restoring import NotRestored, restore
from service.commands.verification import record_verification
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.backing_up import back_up
from service.queries.keys import list_api_keys
from service.queries.ledger import get_head
from service.queries.verifying import verify
from service.storage import copying, tail
from service.storage.engine import Database
from tests.builders import a_registration, a_trade, secrets_with_another_ring
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
)


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Ledger:
    """A row in every table: two blocks, a tail, reversals, a refusal, groups, statuses, a revoked key."""
    admin.register(2)
    admin.post("/v1/residents", {**a_registration(2), "settlement": "东", "valid_until": "2030-01-01"})
    admin.post("/v1/groups", {"name": "互助组", "kind": "village"})
    admin.post("/v1/groups/G000001/members", {"resident_ids": ["R00000001", "R00000003"]})
    admin.post("/v1/residents/R00000002/reveal", {"reason": "court order"})
    posted = []
    for number in range(12):
        posted.append(admin.trade(_trade(number), f"key-{number}").get_json()["transaction_id"])
        if number in (4, 8):
            admin.reverse(posted[number - 1])
            fold(ledger)
    admin.trade(a_trade(amount_cny="9000.00", over_allowance="refuse"), "refused")
    admin.post("/v1/residents/R00000002/status", {"status": "suspended", "reason": "x", "effective_on": "2024-06-01"})
    key_id, _ = create_key(ledger, "gone", ["reports:read"])
    revoke_key(ledger, key_id)
    record_verification(ledger, 2)
    return ledger


def _trade(number: int) -> dict[str, Any]:
    return a_trade(
        resident_id=f"R0000000{number % 3 + 1}",
        amount_cny=f"{1000 + number}.00",
        hs_code=["02044200", "110100"][number % 2],
        category=["meat", "grain"][number % 2],
        traded_at=f"2024-0{number % 4 + 1}-10T10:00:00+08:00",
        **({"reference": f"D-{number}", "metadata": {"票": '一\\二"'}} if number % 3 == 0 else {}),
    )


@pytest.fixture
def other_engine(engine_name: str) -> str:
    """The engine that the ledger is not on."""
    return "postgresql" if engine_name == "sqlite" else "sqlite"


@pytest.fixture(params=["the same", "the other"])
def target(request: pytest.FixtureRequest, engine_name: str, other_engine: str) -> str:
    """The engine to restore on."""
    return engine_name if request.param == "the same" else other_engine


@pytest.fixture
def new_ledger(
    environment: dict[str, str], tmp_path: pathlib.Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Ledger]]:
    """Makes ledgers in new databases without a schema, with the secrets of `ledger`."""
    opened: list[Ledger] = []
    created: list[str] = []

    def make(engine: str) -> Ledger:
        url = f"sqlite:///{tmp_path}/restored-{len(opened)}.db"
        if engine == "postgresql":
            server = request.getfixturevalue("postgresql")
            created.append(f"restored_{id(request)}_{len(opened)}")
            server.execute(f"CREATE DATABASE {created[-1]}")
            url = server.url(created[-1])
        opened.append(open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url})))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.database.close()
    for name in created:
        request.getfixturevalue("postgresql").execute(f"DROP DATABASE {name} WITH (FORCE)")


def _raw(ledger: Ledger) -> dict[str, list[bytes]]:
    """Every row of every table."""
    with ledger.database.reading() as connection:
        return {table: list(copying.read_lines(connection, table)) for table in copying.columns()}


def _caller(ledger: Ledger, like: Caller) -> Caller:
    caller = Caller(create_app(ledger).test_client(), None)
    caller.headers = like.headers
    return caller


def _is_empty(database: Database) -> bool:
    with database.reading() as connection:
        return copying.find_filled(connection) is None


def test_every_column_can_be_written_and_read_again() -> None:
    kinds = {str(column.type) for name in copying.columns() for column in copying._TABLES[name].columns}
    assert kinds == {"INTEGER", "BIGINT", "SMALLINT", "TEXT", "BOOLEAN", "BLOB"}, "teach service.storage.copying"


def test_a_restored_ledger_is_the_ledger(
    market: Ledger, admin: Caller, new_ledger: Callable[[str], Ledger], target: str, tmp_path: pathlib.Path
) -> None:
    made = back_up(market, tmp_path / "backup.zip")
    restored = new_ledger(target)
    restore(restored, tmp_path / "backup.zip")

    assert [table for table, rows in made.rows.items() if rows == 0] == []
    assert _raw(restored) == _raw(market)
    assert get_head(restored) == get_head(market)
    assert list_api_keys(restored) == list_api_keys(market)
    caller = _caller(restored, admin)
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
    caller = _caller(restored, admin)

    again = caller.trade(_trade(0), "key-0")
    refused = caller.trade(a_trade(amount_cny="9000.00", over_allowance="refuse"), "refused")
    new = caller.trade(a_trade(resident_id="R00000003"), "new")
    group = caller.post("/v1/groups", {"name": "b", "kind": "village"})
    resident = caller.post("/v1/residents", {**a_registration(7), "group_id": "G000002"})
    suspended = caller.post("/v1/residents/R00000004/status", {"status": "suspended", "reason": "x"})

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "allowance-exceeded")
    assert (new.status_code, suspended.status_code) == (201, 200)
    assert group.get_json()["group_id"] == "G000002"
    assert resident.get_json()["resident_id"] == "R00000004"
    with restored.database.reading() as connection:
        assert tail.newest_seq(connection) == 15
    fold(restored)
    record_verification(restored, 3)
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
    beside = call_hushi(environment, "backup", str(tmp_path / "next.zip"))

    assert first.exit_code == 0, first.stderr
    assert "secrets.json, is not" in first.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert (second.exit_code, second.stderr) == (1, f"Error: {file} exists: backups are never overwritten\n")
    assert file.read_bytes() == kept
    assert (beside.exit_code, "next.zip.part exists" in beside.stderr) == (1, True)
    assert (tmp_path / "next.zip.part").read_text() == "of another backup"


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


FILLING: dict[str, Callable[[Ledger, Caller], object]] = {
    "a key": lambda ledger, admin: None,  # The caller's own.
    "a resident": lambda ledger, admin: admin.register(1),
    "a group": lambda ledger, admin: admin.post("/v1/groups", {"name": "a", "kind": "village"}),
}


@pytest.mark.parametrize("kind", FILLING)
def test_a_ledger_that_holds_anything_is_not_restored_into(
    ledger: Ledger, admin: Caller, tmp_path: pathlib.Path, kind: str
) -> None:
    back_up(ledger, tmp_path / "backup.zip")
    FILLING[kind](ledger, admin)
    before = _raw(ledger)
    with pytest.raises(NotRestored, match="not empty"):
        restore(ledger, tmp_path / "backup.zip")
    assert _raw(ledger) == before


def test_a_cut_or_changed_file_leaves_nothing(
    market: Ledger, new_ledger: Callable[[str], Ledger], engine_name: str, tmp_path: pathlib.Path
) -> None:
    back_up(market, tmp_path / "backup.zip")
    whole = (tmp_path / "backup.zip").read_bytes()
    restored = new_ledger(engine_name)
    damaged = {f"cut at {size}": whole[:size] for size in (0, 1, 100, len(whole) // 2, len(whole) - 1)}
    damaged["its start is missing"] = whole[50:]
    damaged["a hole"] = whole[:1000] + bytes(200) + whole[1200:]
    for place in range(60, len(whole), len(whole) // 40):
        damaged[f"a byte at {place}"] = whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :]

    refused = 0
    for name, content in damaged.items():
        file = tmp_path / "damaged.zip"
        file.write_bytes(content)
        try:
            restore(restored, file)
        except NotRestored:
            refused += 1
            assert _schema_is_missing(restored) or _is_empty(restored.database), name
        else:
            # ZIP says some things twice and some for nobody: such a change is none to the ledger.
            assert _raw(restored) == _raw(market), name
            restored = new_ledger(engine_name)
    assert refused >= 30


def _schema_is_missing(ledger: Ledger) -> bool:
    with ledger.database.reading() as connection:
        return not sa.inspect(connection).has_table("journal")


def _rewritten(file: pathlib.Path, change: Callable[[str, bytes], bytes | None]) -> pathlib.Path:
    """A backup whose parts were changed by somebody who knows how to write archives."""
    changed = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                target.writestr(name, content)
    return changed


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes | None], str]] = {
    "a table is missing": ("tables/audit.ndjson", lambda text: None, "no item named"),
    "a row is missing": ("tables/journal.ndjson", lambda text: text[text.index(b"\n") + 1 :], "13 rows"),
    "a row is cut": ("tables/journal.ndjson", lambda text: text[:-3], "is cut"),
    "a row is no row": ("tables/journal.ndjson", lambda text: b"{}" + text[text.index(b"\n") :], "no row of 28 values"),
    "a row is of another table": ("tables/block.ndjson", lambda text: b"[1]" + text[text.index(b"\n") :], "no row"),
    "a row is no JSON": ("tables/block.ndjson", lambda text: b"x" + text[text.index(b"\n") :], "can't be read"),
    "a row breaks a rule": ("tables/resident_status.ndjson", lambda text: text.replace(b"suspended", b"x"), "status"),
    "another head": ("manifest.json", lambda text: text.replace(b'head_hash": "', b'head_hash": "0'), "newest block"),
    "another format": ("manifest.json", lambda text: text.replace(b"backup-1", b"backup-2"), "format"),
    "another schema": ("manifest.json", lambda text: text.replace(b'revision": "', b'revision": "x'), "of schema x"),
    "no manifest": ("manifest.json", lambda text: None, "no item named"),
    "an empty manifest": ("manifest.json", lambda text: b'{"format": "hushi-backup-1"}', "missing"),
}  # fmt: skip


def _with_a_changed(entry: str, change: Callable[[bytes], bytes | None], file: pathlib.Path) -> pathlib.Path:
    return _rewritten(file, lambda name, text: change(text) if name == entry else text)


def test_a_file_that_says_something_else_leaves_nothing(
    market: Ledger, new_ledger: Callable[[str], Ledger], target: str, tmp_path: pathlib.Path, subtests: pytest.Subtests
) -> None:
    back_up(market, tmp_path / "backup.zip")
    restored = new_ledger(target)
    for kind, (entry, change, named) in CHANGES.items():
        with subtests.test(kind):
            changed = _with_a_changed(entry, change, tmp_path / "backup.zip")
            with pytest.raises(NotRestored, match=named):
                restore(restored, changed)
            assert _schema_is_missing(restored) or _is_empty(restored.database)
    restore(restored, tmp_path / "backup.zip")


@pytest.mark.parametrize("ring", ["encryption", "index"])
def test_a_backup_is_not_restored_beside_secrets_that_do_not_open_it(
    market: Ledger, environment: dict[str, str], new_ledger: Callable[[str], Ledger], engine_name: str,
    tmp_path: pathlib.Path, ring: str,
) -> None:  # fmt: skip
    back_up(market, tmp_path / "backup.zip")
    there = new_ledger(engine_name)
    other = secrets_with_another_ring(pathlib.Path(environment["HUSHI_SECRETS_FILE"]), ring)
    url = there.database.url.render_as_string(hide_password=False)
    elsewhere = {**environment, "HUSHI_DATABASE_URL": url, "HUSHI_SECRETS_FILE": str(other)}
    refused = call_hushi(elsewhere, "restore", str(tmp_path / "backup.zip"))
    assert refused.exit_code == 1
    assert "The secrets file is not that of the backup" in refused.stderr
    assert _is_empty(there.database)


def test_an_old_database_is_neither_migrated_nor_filled(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    back_up(ledger, tmp_path / "backup.zip")
    with ledger.database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(NotRestored, match="old schema 0001"):
        restore(ledger, tmp_path / "backup.zip")
    with ledger.database.reading() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"


def test_the_instant_of_a_backup_is_in_its_manifest(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    made = back_up(ledger, tmp_path / "backup.zip")
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(made.created_at)
    assert datetime.timedelta(seconds=-1) < age < datetime.timedelta(minutes=1)
