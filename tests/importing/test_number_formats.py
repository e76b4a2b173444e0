"""Number formats: what a spreadsheet shows is what is recorded, and what it shows otherwise is refused."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from service.importing.xlsx import spelling
from service.importing.xlsx.date_formats import is_date_format
from service.importing.xlsx.number_formats import number_format
from service.importing.xlsx.sheet import Shown
from tests.importing.files import TRADE, bodies, only_error, trade


@pytest.mark.parametrize(
    ("code", "number", "text"),
    [
        *(("000000", 123, "000123"), ("000000", 1234567, "1234567"), ('"DOC-"000', 7, "DOC-007"), ("0", 0, "0")),
        *(("0000-0000", 20240001, "2024-0001"), ("0000-0000", 7, "0000-0007"), ('000"-"00"-"0000', 7, "000-00-0007")),
        *((r"\P0000_-", 12, "P0012 "), ("0000年00", 202404, "2024年04"), ('General"号"', 12, "12号"), ("#", 0, "")),
        *(
            ("#,##0", 1234567, "1,234,567"),
            ("#,##0.00", 6088.4, "6,088.40"),
            ("0", 380.5, "381"),
            ("0.00", 123, "123.00"),
        ),
        *(
            ("000,000", 1234, "001,234"),
            ("[Red]0.0#", 5.5, "5.5"),
            ("[红色]0", 5, "5"),
            ("[$¥-804]#,##0.00", 8, "¥8.00"),
        ),
        *(("0%", 0.5, "50%"), ('0!.0,"万"', 60880, "6.1万"), ("0.0,", 12345, "12.3"), ('0.0"kg"', 380.5, "380.5kg")),
        *((";;;", 5, ""), ("000;-000", -7, "-007"), ("0;(0)", -7, "(7)"), ("0", -7, "-7"), ('0;-0;"无"', 0, "无")),
        ('_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * "-"??_ ;_ @_ ', 1234567.5, " 1,234,567.50 "),
        ('_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * "-"??_ ;_ @_ ', 0, " -   "),
        *((".00", 0.5, ".50"), ("#.##", 5, "5."), ("0.00", 2.675, "2.68"), ("0.00", 0.1 + 0.2, "0.30")),
    ],
)
def test_a_number_looks_as_in_a_spreadsheet(code: str, number: float, text: str) -> None:
    assert number_format(code).show(number) == text


@pytest.mark.parametrize(
    "code",
    [
        "# ?/?",
        "0.00E+00",
        "[>=100]0;00",
        "[DBNum2]General",
        "0.0.0",
        "DOC0",
        "0@",
        "General0",
        "0;0;0;@;0",
        "[DBNum1]0",
        "*00",
        "*0#",
        '"蒙H"*-00000',
        "0*x",
        "0;-0;0;@*.",
    ],
)
def test_a_format_that_is_not_understood_says_so(code: str) -> None:
    assert number_format(code).date is not None or number_format(code).show(5) is None


@given(st.integers(0, 10**14), st.integers(1, 14))
def test_leading_zeros_are_those_of_python(number: int, width: int) -> None:
    assert number_format("0" * width).show(float(number)) == f"{number:0{width}}"


@given(st.integers(0, 10**12))
def test_grouped_amounts_are_those_of_python(fen: int) -> None:
    assert number_format("#,##0.00").show(fen / 100) == f"{fen // 100:,}.{fen % 100:02}"


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        *(("yyyy-mm-dd hh:mm", True), ('yyyy"年"m"月"d"日"', True), ("[h]:mm", True), ("[$-804]h:mm", True)),
        *(("General", False), ("0.00", False), ("[Red]#,##0.00", False), ('0.00"days"', False), (r"0\d", False)),
        *(('"¥"#,##0.00_);[Red]("¥"#,##0.00)', False), ("0.00E+00", False), ("@", False)),
    ],
)
def test_a_number_format_tells_whether_it_shows_a_date(code: str, is_date: bool) -> None:
    assert is_date_format(code) is is_date


def workbook_of_formats(folder: Path, formats: dict[str, str], **changes: Any) -> Path:
    """A workbook of one trade, whose cells have the formats."""
    path = folder / "trades.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        row = trade(**changes)
        sheet.write_row(0, 0, list(row))
        for column, (heading, cell) in enumerate(row.items()):
            shown = {"num_format": formats[heading]} if heading in formats else {}
            sheet.write(1, column, cell, workbook.add_format(shown))
    return path


@pytest.mark.parametrize(
    ("code", "number", "reference"),
    [
        *(("000000", 123, "000123"), ('"DOC-"000', 7, "DOC-007"), ("0000-0000", 20240001, "2024-0001")),
        *(("0", 20240401001, "20240401001"), ("0.00", 123, "123"), ("@", 123, "123"), ('"DOC-"@', "7", "DOC-7")),
        *(("#,##0", 123, "123"), ("000000", "7", "7"), ("_ 00000_ ", 7, "00007")),
        *(("[>5]0;0;0;@", "7", "7"), ("[DBNum1]General;;;_ @_ ", "7", "7"), ("yyyy-mm-dd;@", "7", "7")),
    ],
)
@pytest.mark.parametrize("heading", ["单据号", "批次", "车牌"])
def test_a_document_number_is_what_its_format_shows(
    tmp_path: Path, heading: str, code: str, number: Any, reference: str
) -> None:
    field = {"单据号": "reference", "批次": "consignment", "车牌": "vehicle_plate"}[heading]
    (body,) = bodies(workbook_of_formats(tmp_path, {heading: code}, **{heading: number}))
    assert body[field] == reference


def test_other_columns_are_what_their_formats_show(tmp_path: Path) -> None:
    formats = {"备案号": '"R"00000000', "HS编码": "00000000", "重量(千克)": '0.000"千克"', "金额(元)": "¥#,##0.00"}
    formats["交易时间"] = "0000-00-00"
    (body,) = bodies(
        workbook_of_formats(
            tmp_path, formats, 备案号=2, HS编码=2050000, **{"重量(千克)": 380.5, "金额(元)": 6088, "交易时间": 20240401}
        )
    )
    assert (body["resident_id"], body["hs_code"]) == ("R00000002", "02050000")
    assert (body["quantity_kg"], body["amount_cny"]) == ("380.500", "6088.00")
    assert body["traded_at"] == "2024-04-01T00:00:00+08:00"


@pytest.mark.parametrize(
    ("heading", "code", "number", "error"),
    [
        ("单据号", "#,##0", 20240401001, '"20,240,401,001" has separators of thousands'),
        ("单据号", "0.00E+00", 20240401001, 'is shown by the format "0.00E+00", which is not understood'),
        ("单据号", "[DBNum1]General", 123, "is not understood"),
        ("单据号", "*00", 123, "is not understood"),
        ("批次", "*0#", 123, "is not understood"),
        ("单据号", '"DOC-"@*.', "7", "is not understood"),
        ("单据号", '[>5]0;0;0;"DOC-"@', "7", "is not understood"),
        ("车牌", '"蒙H"*-00000', 123, "is not understood"),
        ("重量(千克)", "0", 380.5, 'The cell holds 380.500 and shows "381"'),
        ("重量(千克)", '0.0"吨"', 380.5, 'shows "380.5吨"'),
        ("金额(元)", '0.00"万元"', 6.08, 'shows "6.08万元"'),
        ("金额(元)", "[$$-409]#,##0.00", 6088, 'shows "$6,088.00"'),
        ("金额(元)", "0%", 60.88, 'shows "6088%"'),
        ("金额(元)", "0.0,", 6088, 'shows "6.1"'),
        ("金额(元)", "#,##0", 6088.4, 'shows "6,088"'),
        ("交易时间", "0.00", 45297.55, '"45297.55" is no time'),
    ],
)
def test_what_is_shown_otherwise_than_it_is_held_is_refused(
    tmp_path: Path, heading: str, code: str, number: Any, error: str
) -> None:
    assert error in only_error(workbook_of_formats(tmp_path, {heading: code}, **{heading: number}))


@pytest.mark.parametrize(
    "code",
    [
        *("General", "0.00", "#,##0.00", '"¥"#,##0.00', "[$¥-804]#,##0.00", '#,##0.00"元"', '0.00" CNY"', "0.0#"),
        *(
            '_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * "-"??_ ;_ @_ ',
            "#,##0.00_);[Red]\\(#,##0.00\\)",
            "#,##0.00;[红色]-#,##0.00",
        ),
    ],
)
def test_usual_formats_of_amounts_are_read(tmp_path: Path, code: str) -> None:
    (body,) = bodies(workbook_of_formats(tmp_path, {"金额(元)": code}, **{"金额(元)": 6088.4}))
    assert body["amount_cny"] == "6088.40"


def test_a_hidden_number_is_an_empty_cell(tmp_path: Path) -> None:
    (body,) = bodies(workbook_of_formats(tmp_path, {"单据号": ";;;"}, 单据号=5))
    assert "reference" not in body
    assert set(TRADE) == set(trade())


@given(
    st.integers(1, 10**9),
    st.sampled_from(
        ["0", "0.0", "0.00", "0.000", "#,##0", "#,##0.00", "¥#,##0.0", '0.00"元"', '0.00"吨"', "0.0#", "0.0,", "0%"]
    ),
)
def test_the_short_way_to_look_at_an_amount_is_as_strict_as_the_long_one(fen: int, code: str) -> None:
    number = Shown(str(fen / 100), number_format(code))
    spelled = f"{fen // 100}.{fen % 100:02}"
    is_the_same = spelling._amount_shown(number, spelling._CNY_SIGNS) == Decimal(spelled)
    assert spelling._is_shown_as(number, spelled, 2, spelling._CNY_SIGNS) is is_the_same
