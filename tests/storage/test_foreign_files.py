"""A file that is not a ledger's is refused before its mode, its content or its folder changes."""

import contextlib
import pathlib
import sqlite3
import stat
from collections.abc import Callable

import pytest

from service.storage.foreign_files import why_foreign
from tests.servers import environment_of_new_ledger, run_hushi


def _text(place: pathlib.Path) -> None:
    place.write_text("root:x:0:0\n")


def _folder(place: pathlib.Path) -> None:
    place.mkdir()


def _database(place: pathlib.Path) -> None:
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")


def _migrated_by_others(place: pathlib.Path) -> None:
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.executescript("CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE bookmarks (x TEXT)")


COMMANDS = (("keys", "list"), ("serve", "--port", "1"), ("report", "trade", "--period", "2024"))
CASES = {
    "is no database of SQLite": _text,
    "is no file": _folder,
    "belongs to another program: it has a table bookmarks": _database,
    "belongs to another program: it has a table alembic_version": _migrated_by_others,
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("why", CASES)
def test_what_is_not_a_ledger_is_named_and_left_as_it_is(
    tmp_path: pathlib.Path, why: str, command: tuple[str, ...]
) -> None:
    place = tmp_path / "there"
    CASES[why](place)
    place.chmod(0o777 if place.is_dir() else 0o644)
    before = place.stat().st_mode, None if place.is_dir() else place.read_bytes()
    environment = {**environment_of_new_ledger(tmp_path), "HUSHI_DATABASE_URL": f"sqlite:///{place}"}
    refused = run_hushi(environment, *command)
    assert refused.returncode == 2
    assert refused.stderr == f"hushi: HUSHI_DATABASE_URL: {place} {why}; name the file of a ledger, or a new one.\n"
    assert (place.stat().st_mode, None if place.is_dir() else place.read_bytes()) == before
    assert {path.name for path in tmp_path.iterdir()} == {"there", "secrets.json"}


def test_a_ledger_is_no_foreign_file(tmp_path: pathlib.Path, make_there: Callable[[pathlib.Path], None]) -> None:
    place = tmp_path / "ledger.db"
    make_there(place)
    assert why_foreign(place) is None


def _nothing(place: pathlib.Path) -> None:
    assert not place.exists()


def _ledger(place: pathlib.Path) -> None:
    made = run_hushi(environment_of_new_ledger(place.parent), "keys", "create", "--name", "x", "--scope", "admin")
    assert made.returncode == 0
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def _copied(place: pathlib.Path) -> None:
    """A ledger that Litestream copies as well."""
    _ledger(place)
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE _litestream_seq (id INTEGER)")


@pytest.fixture(params=[_nothing, pathlib.Path.touch, _ledger, _copied])
def make_there(request: pytest.FixtureRequest) -> Callable[[pathlib.Path], None]:
    """Makes what may be the file of a ledger."""
    made: Callable[[pathlib.Path], None] = request.param
    return made
