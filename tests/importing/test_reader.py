"""Opening a file: what it is called and what its first bytes say must agree."""

from pathlib import Path

import pytest

from service.importing import ImportFileError, open_lines
from service.importing.reader import ENCRYPTED_MARK, OLE_SIGNATURE
from tests.importing.files import BODY, TRADE, bodies, csv_text, trade, write_bytes, write_workbook


@pytest.mark.parametrize("name", ["trades.csv", "TRADES.CSV", "trades.tsv", "trades.txt"])
def test_text_is_opened_by_its_ending(tmp_path: Path, name: str) -> None:
    assert bodies(write_bytes(tmp_path, csv_text([TRADE]).encode(), name)) == [BODY]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("trades.csv", b"", "The file is empty"),
        ("trades.xlsx", b"", "The file is empty"),
        ("trades.pdf", b"%PDF-1.7", r'Files named "\.pdf" are not taken; send one of \.csv'),
        ("trades", b"a,b", r'Files named "" are not taken'),
        ("trades.json", b"[]", r"are not taken; send one of .*\.ndjson"),
        ("trades.xls", OLE_SIGNATURE + bytes(5_000), r"old \.xls format. Save it as \.xlsx"),
        ("trades.xlsx", OLE_SIGNATURE + bytes(5_000) + ENCRYPTED_MARK + bytes(9), "protected by a password"),
        ("trades.csv", b"PK\x03\x04...", "is an archive; a workbook is named .xlsx"),
        ("trades.xlsx", b"a,b,c\n", "is no workbook"),
        ("trades.xlsx", b"PK\x03\x04" + bytes(100), "The workbook is damaged"),
    ],
)
def test_a_file_that_cant_be_taken_says_why(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(ImportFileError, match=message):
        open_lines(write_bytes(tmp_path, content, name))


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_lines(tmp_path / "none.csv")


def test_closing_early_leaves_nothing_open(tmp_path: Path) -> None:
    # Warnings about files left open are errors here.
    for path in (write_bytes(tmp_path, csv_text([trade()] * 9).encode()), write_workbook(tmp_path, trade(), trade())):
        with open_lines(path) as lines:
            next(iter(lines))
        path.unlink()
