"""Numbers of documents, lots and plates: what a spreadsheet has added to them, and what it has made of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.importing.files import bodies, only_error, read, trade, write_csv, write_workbook

DOCUMENTS = (
    "20240401001",
    '="20240401001"',
    "'20240401001",
    "'20240401001'",
    "`20240401001",
    "’20240401001",
    "20240401001.0",
    "20240401001.00",
    "\t20240401001",
    "20240401001\u200b",
)


@pytest.mark.parametrize("heading", ["单据号", "批次", "车牌", "幂等键"])
@pytest.mark.parametrize("spelling", DOCUMENTS)
def test_guards_of_spreadsheets_are_no_part_of_a_number(tmp_path: Path, heading: str, spelling: str) -> None:
    assert read(write_csv(tmp_path, trade(**{heading: spelling})))[0] == replace(
        read(write_csv(tmp_path, trade(**{heading: DOCUMENTS[0]})))[0],
        raw=read(write_csv(tmp_path, trade(**{heading: spelling})))[0].raw,
    )


@pytest.mark.parametrize(
    "kept", ["00123", "A-1.0", "1.5", "2E5", "3.0-1", "'Gobi's", "O'Neil", "O’Neil", "D=1", "MARKET-24", "MAR-24"]
)
def test_what_only_looks_like_a_guard_stays(tmp_path: Path, kept: str) -> None:
    (body,) = bodies(write_csv(tmp_path, trade(单据号=kept)))
    assert body["reference"] == kept


@pytest.mark.parametrize(
    "spoilt",
    [
        *("1.52501E+17", "1.52501e+17", "1.52501E17", "2E+11", "1,52501E+17", "-1.5E+12", "20,240,401,001", "20，240"),
        *("2024-01-02 00:00:00", "2024-01-02T00:00:00", "2024/1/2 0:00", "#REF!", "####", "#NAME?", "Err:502"),
    ],
)
@pytest.mark.parametrize("heading", ["单据号", "批次", "车牌", "幂等键"])
def test_a_number_that_a_program_has_spoilt_is_refused(tmp_path: Path, heading: str, spoilt: str) -> None:
    assert f"{heading}: " in only_error(write_csv(tmp_path, trade(**{heading: spoilt})))


@pytest.mark.parametrize(
    "date", ["2024-01-02", "2024/1/2", "2024.1.2", "1月2日", "2024年1月2日", "2-Jan", "Jan-24", "1/2/2024", "2-Jan-24"]
)
def test_a_date_is_no_document_number_where_a_file_can_not_tell_text_from_dates(tmp_path: Path, date: str) -> None:
    assert "is a date that a spreadsheet has made of it" in only_error(write_csv(tmp_path, trade(单据号=date)))
    # A lot may be called after its day.
    assert bodies(write_csv(tmp_path, trade(批次=date)))[0]["consignment"] == date
    # What a workbook holds as text was typed as text.
    assert bodies(write_workbook(tmp_path, trade(单据号=date)))[0]["reference"] == date
