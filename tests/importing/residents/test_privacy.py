"""No citizen number of a table stands in clear text: not in the database, in files, in logs, or in what is said."""

import logging
import pathlib
import tempfile
from typing import Any

import pytest
import xlsxwriter

from service.importing.hiding import hide_numbers
from service.ledger import Ledger
from service.vault import Vault
from tests.builders import a_citizen_number
from tests.importing.files import csv_text, read, trade, write_bytes, write_csv, write_workbook
from tests.importing.residents.tables import in_plain, row, run
from tests.servers import call_hushi, run_hushi

MISTYPED = "152501199001011237"
NUMBERS = [*(a_citizen_number(n) for n in range(12)), MISTYPED, "152501199001011238"]


def _rows_of_every_kind() -> list[dict[str, Any]]:
    """Rows that are registered, known, and refused for each reason for which a number could be repeated."""
    numbers = [a_citizen_number(n) for n in range(10)]
    return [
        row(0),
        row(0),
        row(0, 姓名="王明"),
        row(1, 姓名=numbers[2]),
        row(3, 备案日期=numbers[3]),
        row(4, 嘎查=numbers[4]),
        row(5, 互助组=numbers[5]),
        row(6, 有效期至=f"={numbers[6]}"),
        row(0, 身份证号=MISTYPED),
        row(0, 身份证号="152,501,199,001,011,238"),
        row(0, 身份证号=f"={numbers[7]}"),
        row(8, 互助组=" ".join(numbers[8])),
        row(9, 备案日期=f"{numbers[9][:17]}.0"),
        row(10),
        row(11),
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_number_stands_anywhere_in_clear_text(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path, kind: str
) -> None:
    rows = _rows_of_every_kind()
    path = write_workbook(tmp_path, *rows) if kind == "xlsx" else write_csv(tmp_path, *rows)
    loud = {**environment, "HUSHI_LOG_LEVEL": "DEBUG"}
    said = []
    for more in (["--check"], [], []):
        ran = run_hushi(loud, "residents", "import", str(path), *more)
        assert ran.returncode == 1, ran.stderr
        said += [ran.stdout, ran.stderr]
    assert "3 registered, 1 known already, 11 refused" in said[2]
    assert "1525**********1237" in said[3] or "check character" in said[3]
    assert in_plain(NUMBERS, ledger, tmp_path, *said) == []


@pytest.mark.parametrize(
    "text", ["王明,{n},2024-01-01\n", "姓名,身份证号,备案日期,{n}\n", "姓名,身份证号,备案日期\n{n}"]
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_no_number_is_repeated_of_a_table_that_is_refused_whole(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path, text: str
) -> None:
    path = write_bytes(tmp_path, text.format(n=a_citizen_number(0)).encode())
    ran = call_hushi(environment, "residents", "import", str(path))
    assert ran.exit_code == 1
    assert in_plain(NUMBERS, ledger, tmp_path, ran.output) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_number_that_a_workbook_holds_as_a_number_is_refused_without_its_digits(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    path = write_workbook(tmp_path, row(0, 身份证号=152501199001011238))
    ran = call_hushi(environment, "residents", "import", str(path))
    assert "身份证号: The cell is a number, which has lost digits" in ran.stderr
    assert "5011990" not in ran.output


def test_the_search_finds_a_number_that_is_stored_in_clear_text(
    ledger: Ledger, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a vault that does not encrypt, and a command that says or writes a number."""
    with monkeypatch.context() as broken:
        broken.setattr(Vault, "encrypt", lambda _self, text, _ordinal, _field: text.encode())
        broken.setattr(Vault, "decrypt", lambda _self, kept, _ordinal, _field: kept.decode())
        run(ledger, write_csv(tmp_path, row(0)))
    assert in_plain(NUMBERS, ledger, tmp_path) == [NUMBERS[0]]
    assert in_plain(NUMBERS, ledger, tmp_path, f"line 2: {NUMBERS[1]}") == [NUMBERS[0], NUMBERS[1]]
    (tmp_path / "report.csv").write_text(NUMBERS[2])
    assert in_plain(NUMBERS, ledger, tmp_path) == [NUMBERS[0], NUMBERS[2]]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_table_of_residents_is_written_to_no_temporary_file(
    ledger: Ledger, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbook's texts are kept in a temporary file, but for those of residents, which stay in memory."""
    made: list[str] = []
    real = tempfile.TemporaryFile

    def note(*args: Any, **kwargs: Any) -> Any:
        made.append("a temporary file")
        return real(*args, **kwargs)

    monkeypatch.setattr(tempfile, "TemporaryFile", note)
    assert run(ledger, write_workbook(tmp_path, row(0), row(1)))[0] == [2, 0, 0]
    assert made == []
    read(write_workbook(tmp_path, trade()))
    assert made != [], "this notices a temporary file"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_an_import_logs_nothing_of_its_lines(
    ledger: Ledger, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        run(ledger, write_bytes(tmp_path, csv_text(_rows_of_every_kind()).encode()))
    assert in_plain(NUMBERS, ledger, tmp_path, caplog.text) == []


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("152501199001011238", "1525**********1238"),
        ("15250119900101123x.", "1525**********123x."),
        ("152501900101123", "1525**********1123"),
        ("1 5 2 5 0 1 1 9 9 0 0 1 0 1 1 2 3 8", "1 5 ********** 3 8"),
        ("152,501,199,001,011,238", "152,**********,238"),
        ("１５２５０１１９９００１０１１２３８", "１５２５**********１２３８"),
        ("1.52501199001011e+17", "1.52**********1011e+17"),
        ("2024-04-01T09:30:00", "2024-04-01T09:30:00"),
        ("R152501199001011238", "R1525**********1238"),
        ("R00000001 G000001 12345678901234", "R00000001 G000001 12345678901234"),
        ("01890a5d-ac96-7744-8123-456789012345", "01890a5d-ac96-7744-8123-456789012345"),
    ],
)
def test_long_numbers_are_hidden_and_others_are_not(text: str, hidden: str) -> None:
    assert hide_numbers(f"a {text} b") == f"a {hidden} b"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_worksheets_that_are_called_by_their_days_are_told(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    path, number = tmp_path / "residents.xlsx", a_citizen_number(1)
    with xlsxwriter.Workbook(path) as workbook:
        for name in ("20240401", "20240402", "20240403", number):
            sheet = workbook.add_worksheet(name)
            for place, (heading, cell) in enumerate(row(0).items()):
                sheet.write_string(0, place, heading)
                sheet.write_string(1, place, str(cell))
    ran = call_hushi(environment, "residents", "import", str(path))
    assert f"Not read: the worksheets 20240402, 20240403, {number[:4]}**********{number[-4:]}." in ran.stderr


def test_a_text_with_a_number_in_han_digits_is_hidden_whole() -> None:
    assert hide_numbers("x 一五二五〇一一九九〇〇一〇一一二三八 y") == "*"
