"""Restoring refuses what is not a whole backup, and ledgers that hold anything; nothing is left of it."""

import datetime
import pathlib
import zipfile
from collections.abc import Callable

import orjson
import pytest
import sqlalchemy as sa

from service.commands.restoring import NotRestored, restore
from service.config import SettingError
from service.ledger import Ledger
from service.queries.backing_up import back_up
from service.storage.archives import FORMAT_WITHOUT_DIGESTS
from tests.backup.conftest import is_empty, raw_rows
from tests.builders import secrets_with_another_ring
from tests.conftest import Caller
from tests.servers import call_hushi

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
    before = raw_rows(ledger)
    with pytest.raises(NotRestored, match="not empty"):
        restore(ledger, tmp_path / "backup.zip")
    assert raw_rows(ledger) == before


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

    for name, content in damaged.items():
        file = tmp_path / "damaged.zip"
        file.write_bytes(content)
        with pytest.raises(NotRestored, match="is not a whole backup"):
            restore(restored, file)
        assert _schema_is_missing(restored) or is_empty(restored.database), name


def _schema_is_missing(ledger: Ledger) -> bool:
    with ledger.database.reading() as connection:
        return not sa.inspect(connection).has_table("journal")


def _rewritten(file: pathlib.Path, change: Callable[[str, bytes], bytes | None]) -> pathlib.Path:
    """A backup whose parts were changed by somebody who knows how to write archives, of the format without digests."""
    changed = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            content = change(
                name, _without_digests(source.read(name)) if name == "manifest.json" else source.read(name)
            )
            if content is not None:
                target.writestr(name, content)
    return changed


def _without_digests(manifest: bytes) -> bytes:
    document = {**orjson.loads(manifest), "format": FORMAT_WITHOUT_DIGESTS}
    del document["pieces"]
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes | None], str]] = {
    "a table is missing": ("tables/audit.ndjson", lambda text: None, "is missing"),
    "a row is missing": ("tables/journal.ndjson", lambda text: text[text.index(b"\n") + 1 :], "13 rows"),
    "a row is cut": ("tables/journal.ndjson", lambda text: text[:-3], "is cut"),
    "a row is no row": ("tables/journal.ndjson", lambda text: b"{}" + text[text.index(b"\n") :], "no row of 33 values"),
    "a row is of another table": ("tables/block.ndjson", lambda text: b"[1]" + text[text.index(b"\n") :], "no row"),
    "a row is no JSON": ("tables/block.ndjson", lambda text: b"x" + text[text.index(b"\n") :], "can't be read"),
    "a row breaks a rule": ("tables/resident_status.ndjson", lambda text: text.replace(b"suspended", b"x"), "status"),
    "another head": ("manifest.json", lambda text: text.replace(b'head_hash": "', b'head_hash": "0'), "newest block"),
    "another format": ("manifest.json", lambda text: text.replace(b"backup-1", b"backup-3"), "format"),
    "another schema": ("manifest.json", lambda text: text.replace(b'revision": "', b'revision": "x'), "of schema x"),
    "no manifest": ("manifest.json", lambda text: None, "is missing"),
    "an empty manifest": ("manifest.json", lambda text: b'{"format": "hushi-backup-1"}', "was cut or changed"),
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
            assert _schema_is_missing(restored) or is_empty(restored.database)
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
    assert is_empty(there.database)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_restore_without_the_secrets_makes_nothing(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    back_up(market, tmp_path / "backup.zip")
    there = tmp_path / "there"
    refused = call_hushi(
        {**environment, "HUSHI_DATABASE_URL": "", "HUSHI_SECRETS_FILE": "", "HUSHI_DATA_DIR": str(there)},
        "restore", str(tmp_path / "backup.zip"),
    )  # fmt: skip
    assert isinstance(refused.exception, SettingError)
    assert "secrets.json is missing; put its copy back" in str(refused.exception)
    assert not there.exists() or list(there.iterdir()) == []


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
