"""A disk that gets full while a backup is written leaves no half file, and the older backups."""

import pathlib

import pytest

from service.ledger import Ledger
from tests.servers import call_hushi
from tests.small_disks import fill, mounted


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("free_bytes", [0, 8192])
def test_a_disk_that_gets_full_is_told_in_one_line_and_nothing_is_lost(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path, free_bytes: int
) -> None:
    with mounted(tmp_path / "disk", "1m") as disk:
        folder = disk / "backups"
        assert call_hushi(environment, "backup", "--into", str(folder)).exit_code == 0
        (good,) = folder.iterdir()
        filler = fill(disk)
        with filler.open("r+b") as taken:
            taken.truncate(filler.stat().st_size - free_bytes)
        for arguments in (("--into", str(folder), "--keep", "last=1"), (str(disk / "other.zip"),)):
            full = call_hushi(environment, "backup", *arguments)
            assert full.exit_code == 1
            assert full.stdout == ""
            assert len(full.stderr.splitlines()) == 1
            assert "No space left on device. Nothing is left of it." in full.stderr
        assert {path.name for path in disk.rglob("*")} == {"backups", good.name, "filler"}
        assert call_hushi(environment, "restore", "--check", str(folder)).exit_code == 0
        # The control: with room on the disk, the same command writes the file.
        filler.unlink()
        assert call_hushi(environment, "backup", str(disk / "other.zip")).exit_code == 0
