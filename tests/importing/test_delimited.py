"""CSV: delimiters, quotation marks and line breaks of many programs, and line numbers as an editor shows them."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.importing import ImportFileError, open_lines
from service.importing.csv.reader import LINE_LENGTH_MAX, PhysicalLines
from service.importing.lines import RAW_LENGTH_MAX
from tests.importing.files import BODY, TRADE, bodies, csv_text, only_error, read, trade, write_bytes, write_csv

HEADER = ",".join(TRADE)
ROW = ",".join(TRADE.values())


def write_text(folder: Path, *lines: str, end: str = "\n") -> Path:
    return write_bytes(folder, "".join(line + end for line in lines).encode())


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "，"])
def test_the_header_tells_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    path = write_bytes(tmp_path, csv_text([trade(品名="牛肉, 熟; 切片")], delimiter).encode())
    assert bodies(path) == [BODY | {"commodity": "牛肉, 熟; 切片"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_breaks_of_every_system_are_taken(tmp_path: Path, end: str) -> None:
    assert [line.number for line in read(write_text(tmp_path, HEADER, ROW, ROW, end=end))] == [2, 3]


def test_a_last_line_without_a_break_is_read(tmp_path: Path) -> None:
    assert bodies(write_bytes(tmp_path, f"{HEADER}\n{ROW}".encode())) == [BODY]


def test_empty_lines_are_left_out_and_still_counted(tmp_path: Path) -> None:
    lines = read(write_text(tmp_path, "", HEADER, "", ROW, "," * 8, " , ,,,,,,,", ROW, "", ""))
    assert [line.number for line in lines] == [4, 7]


def test_a_header_alone_has_no_lines(tmp_path: Path) -> None:
    assert read(write_text(tmp_path, HEADER)) == []


def test_a_record_over_several_lines_bears_the_first_number(tmp_path: Path) -> None:
    two_lines = ROW.replace("熟牛肉", '"熟\n牛肉"')
    lines = read(write_text(tmp_path, HEADER, ROW, two_lines, ROW))
    assert [line.number for line in lines] == [2, 3, 5]
    assert lines[1].body is not None
    assert lines[1].body["commodity"] == "熟 牛肉"
    assert lines[1].raw == two_lines


@pytest.mark.parametrize(("row", "cells"), [("R00000001,肉类", 2), (f"{ROW},x", 10), ("x", 1)])
def test_a_short_or_long_row_is_its_own_error_only(tmp_path: Path, row: str, cells: int) -> None:
    good, bad, last = read(write_text(tmp_path, HEADER, ROW, row, ROW))
    assert bad.error == f"The line has {cells} cells, the header has 9; send the same number."
    assert (bad.number, bad.raw, bad.key) == (3, row, "")
    assert good.body == last.body == BODY


def test_empty_cells_at_the_end_of_a_row_may_be_there_or_not(tmp_path: Path) -> None:
    trimmed = ROW.removesuffix(",D-1")
    assert bodies(write_text(tmp_path, HEADER, f"{ROW},, ", trimmed)) == [
        BODY,
        {field: value for field, value in BODY.items() if field != "reference"},
    ]
    # At the end of a file that was cut, the document number may be what is missing.
    assert "8 cells" in only_error(write_bytes(tmp_path, f"{HEADER}\n{trimmed}".encode()))


@pytest.mark.parametrize(
    "broken",
    [ROW.replace("熟牛肉", '"熟"牛肉'), ROW.replace("熟牛肉", '"熟牛肉')],
    ids=["text after the closing mark", "no closing mark"],
)
def test_broken_quotation_marks_cost_one_line_and_not_those_after_it(tmp_path: Path, broken: str) -> None:
    quoted = ROW.replace("熟牛肉", '"熟牛肉"')
    lines = read(write_text(tmp_path, HEADER, ROW, broken, quoted, ROW, quoted))
    assert [line.number for line in lines] == [2, 3, 4, 5, 6]
    assert [line.body for line in lines] == [BODY, None, BODY, BODY, BODY]
    assert lines[1].raw == broken
    assert "quotation marks are broken" in str(lines[1].error)


def test_an_open_quotation_mark_does_not_swallow_thousands_of_lines(tmp_path: Path) -> None:
    broken = ROW.replace("熟牛肉", '"熟牛肉')
    lines = read(write_text(tmp_path, HEADER, broken, *[ROW] * 5_000))
    assert [line.number for line in lines] == list(range(2, 5_003))
    assert [line.number for line in lines if line.error] == [2]


def test_a_line_without_end_stops_the_reading(tmp_path: Path) -> None:
    path = write_text(tmp_path, HEADER, ROW, "x" * LINE_LENGTH_MAX)
    with open_lines(path) as lines, pytest.raises(ImportFileError, match="Line 3 is longer than 1,000,000"):
        list(lines)


def test_raw_text_is_shortened(tmp_path: Path) -> None:
    (line,) = read(write_csv(tmp_path, trade(品名="肉" * 3_000)))
    assert len(line.raw) == RAW_LENGTH_MAX
    assert line.raw.endswith("…")
    assert line.body is not None
    assert line.body["commodity"] == "肉" * 3_000


def test_a_file_of_blank_lines_is_empty(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="there is no header line"):
        open_lines(write_text(tmp_path, "", " ", ""))


def test_the_position_grows_to_the_total(tmp_path: Path) -> None:
    path = write_text(tmp_path, HEADER, *[ROW] * 5_000)
    with open_lines(path) as lines:
        positions = [lines.position for _ in lines]
        assert positions == sorted(positions)
        assert positions[0] < lines.total_bytes / 2
        assert lines.position == lines.total_bytes == path.stat().st_size


@given(st.lists(st.text(st.sampled_from('a,"\n'), max_size=8), max_size=20))
def test_no_text_breaks_the_numbering_of_lines(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    content = f"{HEADER}\n" + "\n".join(texts) + f"\n{ROW}\n"
    lines = read(write_bytes(tmp_path_factory.mktemp("any"), content.encode()))
    numbers = [line.number for line in lines]
    assert numbers == sorted(set(numbers))
    assert all(2 <= number <= content.count("\n") for number in numbers)


def test_lines_given_back_are_read_and_counted_again() -> None:
    physical = PhysicalLines(io.StringIO("a\nb\nc\n").readline)
    taken = iter(physical)
    assert [next(taken), next(taken)] == ["a\n", "b\n"]
    physical.give_back(kept=1)
    assert physical.take_record() == (1, "a\n")
    assert list(physical) == ["b\n", "c\n"]
    assert physical.count == 3


def test_grouped_thousands_are_taken_in_quotation_marks_only(tmp_path: Path) -> None:
    assert bodies(write_text(tmp_path, HEADER, ROW.replace("6680.00", '"6,680.00"'))) == [BODY]
    assert "cells" in only_error(write_text(tmp_path, HEADER, ROW.replace("6680.00", "6,680.00")))
