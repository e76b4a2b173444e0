"""A file that Hushi has exported is read into another ledger, exactly; one that was cut off is refused as a whole."""

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.app import create_app
from service.commands.keys import create_key
from service.config import read_settings
from service.importing import ImportFileError, open_lines
from service.ledger import Ledger, open_ledger
from service.queries.verifying import verify
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import call_hushi

SHAPES = ("csv", "ndjson", "xlsx")
ODD = ("=1+1", "'quoted", "''", "@x", "-5", 'a,b"c', "_x0041_", "<&>", "同上", "NA", "1-2", "无", "00123", "1.5E+17")
OWN = {"transaction_id", "recorded_at", "recorded_by", "group_id", "settlement"}
"""What an entry has of its own in each ledger."""


@pytest.fixture
def other(environment: dict[str, str], new_database: Callable[[], str]) -> Iterator[tuple[dict[str, str], Caller]]:
    """The settings of a second ledger, and a caller of it."""
    settings = {**environment, "HUSHI_DATABASE_URL": new_database()}
    ledger = open_ledger(read_settings(settings))
    app = create_app(ledger)
    _, key = create_key(ledger, "other", ["admin"])
    yield settings, Caller(app.test_client(), key)
    app.extensions["hushi"].committer.close()
    ledger.database.close()


def _market(admin: Caller) -> None:
    admin.register(2)
    for number, odd in enumerate(ODD):
        changes: dict[str, Any] = {"commodity": odd, "metadata": {"note": odd}} if number % 2 else {
            "seller": odd, "reference": odd, "consignment": odd, "hs_code": "02044200"}  # fmt: skip
        body = a_trade(resident_id=f"R0000000{number % 2 + 1}", amount_cny=f"{2000 + number}.05", quantity_kg="0.125")
        assert admin.trade({**body, **changes}).status_code == 201


def _exported(admin: Caller, folder: pathlib.Path, shape: str, query: str = "&kind=trade") -> pathlib.Path:
    file = folder / f"export.{shape}"
    file.write_bytes(admin.get(f"/v1/transactions?format={shape}&order=oldest{query}").data)
    return file


def _trades(caller: Caller) -> list[dict[str, Any]]:
    items = caller.get("/v1/transactions?order=oldest&limit=500&kind=trade").get_json()["items"]
    return [{name: value for name, value in item.items() if name not in OWN} for item in items]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_export_is_imported_into_another_ledger_and_back_again(
    admin: Caller, other: tuple[dict[str, str], Caller], tmp_path: pathlib.Path, shape: str
) -> None:
    _market(admin)
    settings, there = other
    there.register(2)
    file = _exported(admin, tmp_path, shape)
    done = call_hushi(settings, "import", str(file))
    assert done.stdout.strip() == f"{len(ODD)} accepted, 0 known already, 0 refused", done.output
    assert _trades(there) == _trades(admin)
    assert f"{len(ODD)} known already" in call_hushi(settings, "import", str(file)).stdout
    assert f"{len(ODD)} known already" in call_hushi(settings, "import", "--check", str(file)).stdout


@pytest.mark.parametrize("shape", SHAPES)
def test_a_reversal_and_the_trade_that_it_reversed_are_refused_as_lines(
    ledger: Ledger, admin: Caller, other: tuple[dict[str, str], Caller], tmp_path: pathlib.Path, shape: str
) -> None:
    admin.register(1)
    admin.reverse(admin.trade(a_trade()).get_json()["transaction_id"])
    settings, there = other
    there.register(1)
    told = call_hushi(settings, "import", "--check", str(_exported(admin, tmp_path, shape, "")))
    assert told.exit_code == 1
    assert "refused: unreadable-line: This is a reversal" in told.stdout
    assert "refused: unreadable-line: This trade was reversed later" in told.stdout
    assert "0 accepted, 0 known already, 2 refused" in told.stdout
    verify(ledger)


def _cut_lines(data: bytes, _shape: str) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


def _cut_bytes(data: bytes, _shape: str) -> bytes:
    return data[: len(data) * 2 // 3]


def _without_one(data: bytes, _shape: str) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join([*lines[:2], *lines[3:]])


def _goes_on(data: bytes, _shape: str) -> bytes:
    return data + data.splitlines(keepends=True)[1]


@pytest.mark.parametrize("shape", ["csv", "ndjson"])
@pytest.mark.parametrize("spoil", [_cut_lines, _cut_bytes, _without_one, _goes_on])
def test_a_file_that_is_not_whole_is_refused_before_anything_is_read(
    admin: Caller, tmp_path: pathlib.Path, shape: str, spoil: Callable[[bytes, str], bytes]
) -> None:
    """The control of each case is the file itself, which is opened first."""
    _market(admin)
    file = _exported(admin, tmp_path, shape)
    with open_lines(file) as lines:
        assert len(list(lines)) == len(ODD)
    file.write_bytes(spoil(file.read_bytes(), shape))
    with pytest.raises(ImportFileError, match="Export it again"):
        open_lines(file)


def test_a_workbook_that_is_not_whole_can_not_be_opened(admin: Caller, tmp_path: pathlib.Path) -> None:
    _market(admin)
    file = _exported(admin, tmp_path, "xlsx")
    file.write_bytes(_cut_bytes(file.read_bytes(), "xlsx"))
    with pytest.raises(ImportFileError):
        open_lines(file)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_export_without_entries_is_whole(admin: Caller, tmp_path: pathlib.Path, shape: str) -> None:
    with open_lines(_exported(admin, tmp_path, shape)) as lines:
        assert list(lines) == []
