"""Files that are there whole or not at all: on a full disk, beside another writer, and after kill -9."""

import multiprocessing
import os
import pathlib
import resource
import signal
import subprocess
from collections.abc import Callable

import pytest

from service.ledger import Ledger
from service.queries.backing_up import back_up
from service.storage import archives
from service.storage.new_files import new_file
from service.vault import SecretsError, create_secrets, load_vault
from tests.conftest import Caller
from tests.servers import HUSHI

FULL_AFTER_BYTES = 100


def _disk_is_full() -> None:
    """Whatever this process writes to a file ends after a few bytes, by the system."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_AFTER_BYTES, FULL_AFTER_BYTES))


def _run(
    environment: dict[str, str], *arguments: str, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    # What is covered could not be written to a full disk either, and coverage would say so.
    uncounted = {} if before is None else {"COVERAGE_PROCESS_CONFIG": ""}
    return subprocess.run(
        [HUSHI, *arguments],
        env={**os.environ, **environment, **uncounted},
        preexec_fn=before,
        capture_output=True,
        text=True,
    )


def test_a_first_start_on_a_full_disk_leaves_no_secrets(tmp_path: pathlib.Path) -> None:
    """An empty file would stop every start after it."""
    environment = {"HUSHI_DATA_DIR": str(tmp_path / "data"), "HUSHI_LOG_LEVEL": "WARNING"}
    full = _run(environment, "keys", "create", "--name", "x", "--scope", "admin", before=_disk_is_full)
    assert (full.returncode, full.stdout) == (2, "")
    assert full.stderr.startswith("hushi: HUSHI_SECRETS_FILE, or HUSHI_DATA_DIR: ")
    assert len(full.stderr.splitlines()) == 1
    assert list((tmp_path / "data").iterdir()) == []
    by_hand = _run(environment, "secrets", "create", str(tmp_path / "s.json"), before=_disk_is_full)
    assert (by_hand.returncode, "nothing is left of it" in by_hand.stderr) == (1, True)
    assert not list(tmp_path.glob("s.json*"))
    assert _run(environment, "keys", "create", "--name", "x", "--scope", "admin").returncode == 0


def test_an_empty_secrets_file_says_what_to_do(tmp_path: pathlib.Path) -> None:
    (tmp_path / "secrets.json").touch(0o600)
    with pytest.raises(SecretsError, match=r"is empty.*put its copy back.*remove it and run: hushi secrets create"):
        load_vault(tmp_path / "secrets.json")


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_backup_on_a_full_disk_leaves_nothing(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    admin.register(1)
    full = _run(environment, "backup", str(tmp_path / "b.zip"), before=_disk_is_full)
    assert full.returncode == 1
    assert len(full.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("b.zip*"))


def _begin_and_wait(file: pathlib.Path, begun: "multiprocessing.synchronize.Event") -> None:
    with archives.creating(file):
        begun.set()
        signal.pause()


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_killed_backup_does_not_block_the_next_one_and_a_living_one_keeps_its_file(
    ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    forking = multiprocessing.get_context("fork")
    file, writers = tmp_path / "b.zip", []
    for _ in range(2):
        begun = forking.Event()
        writers.append(forking.Process(target=_begin_and_wait, args=(file, begun), daemon=True))
        writers[-1].start()
        assert begun.wait(10)
    assert len(list(tmp_path.glob("b.zip.*.part"))) == 2
    writers[0].kill()
    writers[0].join()
    back_up(ledger, file)
    assert len(list(tmp_path.glob("b.zip*"))) == 2, "the backup, and the part of the one that lives"
    writers[1].kill()
    writers[1].join()
    back_up(ledger, tmp_path / "c.zip")
    file.unlink()
    back_up(ledger, file)
    assert sorted(path.name for path in tmp_path.glob("*.zip*")) == ["b.zip", "c.zip"]


def test_of_two_writers_the_second_one_gets_nothing_and_changes_nothing(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"

    def write(content: bytes, meanwhile: Callable[[], None]) -> None:
        with new_file(path) as file:
            file.write(content)
            meanwhile()

    with pytest.raises(FileExistsError):
        write(b"slow", lambda: write(b"quick", lambda: None))
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"quick", 0o600)
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_secrets_that_are_being_made_are_never_seen_in_part(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "secrets.json"
    create_secrets(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_secrets(path)
    assert path.read_bytes() == before
