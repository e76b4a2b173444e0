"""Damage of a backup is found and named: its table and its place, or the end of the file."""

import pathlib

import pytest

from service.ledger import Ledger
from service.queries.backing_up import back_up
from service.storage import archives, pieces
from tests.backup.damaging import BEHIND, parts_of, sample, tell, unnamed
from tests.servers import call_hushi

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def backup(market: Ledger, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A small backup of a ledger with rows in every table, in small pieces."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 600)
    back_up(market, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


def test_a_flipped_byte_of_each_part_is_named(backup: pathlib.Path) -> None:
    """All bytes, not only a sample, take a minute: python -m tests.backup.damaging backup.zip"""
    parts, whole = parts_of(backup), backup.read_bytes()
    assert {name for name, _ in parts} == {*archives_tables(backup), BEHIND}
    assert len(parts) > len(archives_tables(backup)) + 2, "a table has several pieces"
    assert unnamed(whole, sample(parts, 3, seed=1), parts, backup.with_name("flipped.zip")) == []


def archives_tables(file: pathlib.Path) -> list[str]:
    """The tables of a backup."""
    with archives.opening(file) as archive:
        return list(archive.manifest.rows)


def test_a_cut_file_and_added_bytes_are_named(backup: pathlib.Path) -> None:
    whole = backup.read_bytes()
    file = backup.with_name("other.zip")
    for size in sorted({*range(0, len(whole), len(whole) // 60), *range(len(whole) - 100, len(whole))}):
        file.write_bytes(whole[:size])
        told = tell(file)
        assert told is not None, size
        assert "the file was cut" in told, size
    for added in (b"\0", b"PK\5\6" + bytes(18), whole):
        file.write_bytes(whole + added)
        told = tell(file)
        assert told is not None, added[:20]
        assert "were added behind its end" in told or added == whole, told


def test_without_the_digests_some_damage_would_not_be_found(
    backup: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: ZIP's own checksums do not cover its headers, so only the digest of the whole file shows this."""
    parts, whole = parts_of(backup), backup.read_bytes()
    monkeypatch.setattr(archives, "is_whole", lambda raw: True)
    file = backup.with_name("flipped.zip")
    header = range(parts[0][1][0], parts[0][1][0] + 30)
    assert any("None" in told for told in unnamed(whole, header, parts, file))


def test_a_check_and_a_restore_say_what_is_damaged_and_what_to_do(
    backup: pathlib.Path, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    good = call_hushi(environment, "restore", "--check", str(backup))
    assert (good.exit_code, good.stderr) == (0, "")
    assert good.stdout.startswith(f"{backup} is whole: 14 transactions, 3 residents, 2 blocks as of ")

    first = next(part for name, part in parts_of(backup) if name == "journal")[0]
    whole = backup.read_bytes()
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(whole[: first + 99] + bytes([whole[first + 99] ^ 4]) + whole[first + 100 :])
    told = (
        f"{damaged} is not a whole backup: its table journal was changed between byte {first} and byte {first + 599} "
        "of the file. Nothing of it was used: take another copy of the file, or an older backup.\n"
    )
    checked = call_hushi(environment, "restore", "--check", str(damaged))
    assert (checked.exit_code, checked.stdout) == (1, f"WRONG: {told}")
    elsewhere = {**environment, "HUSHI_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    restored = call_hushi(elsewhere, "restore", str(damaged))
    assert (restored.exit_code, restored.stderr) == (1, f"Error: {told}")
