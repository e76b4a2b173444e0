"""Commands on a disk that is full, or nearly: each ends with one line that names the disk."""

import pathlib

import pytest

from tests.servers import environment_of_new_ledger, run_hushi
from tests.small_disks import fill, mounted

COMMANDS = (
    ("keys", "create", "--name", "clerk-1", "--scope", "reports:read"), ("keys", "revoke", "1"), ("fold",),
    ("keys", "list"), ("verify",),
)  # fmt: skip
ADVICE = {0: "make room on it", 40: "look for it, then run the same command again"}
"""With no room, the ledger can't be opened; with some KiB, it is the commit that fails."""


@pytest.mark.parametrize("room_kib", ADVICE)
def test_a_command_that_meets_a_full_disk_says_so_in_one_line(tmp_path: pathlib.Path, room_kib: int) -> None:
    with mounted(tmp_path / "disk", "6m") as disk:
        environment = environment_of_new_ledger(disk)
        assert run_hushi(environment, "keys", "create", "--name", "first", "--scope", "admin").returncode == 0
        filler = fill(disk)
        with filler.open("r+b") as file:
            file.truncate(filler.stat().st_size - room_kib * 1024)
        ended = [run_hushi(environment, *command) for command in COMMANDS]
        refused = [one for one in ended if one.returncode != 0]
        assert refused
        for one in refused:
            assert one.returncode == 1
            assert one.stdout == ""
            (line,) = one.stderr.splitlines()
            assert "the disk of the" in line
            assert ADVICE[room_kib] in line
        # The control: with room on the disk, the same commands end well.
        filler.unlink()
        for command in COMMANDS:
            assert run_hushi(environment, *command).returncode == 0, command
