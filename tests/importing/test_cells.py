"""Cells: the spellings of clerks, and what they are told when a cell can't be read."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.money import format_cny, format_kg, parse_cny, parse_kg
from service.importing.numbers import KG_UNITS, decimal_reader
from tests.importing.files import (
    BODY,
    bodies,
    csv_text,
    only_error,
    read,
    trade,
    write_bytes,
    write_csv,
    write_workbook,
)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        *(
            ("7800", "7800.00"),
            ("7800.5", "7800.50"),
            ("1,234.50", "1234.50"),
            ("12,345,678", "12345678.00"),
            ("0", "0.00"),
        ),
        *(
            (".5", "0.50"),
            ("5.", "5.00"),
            ("１２３４．５", "1234.50"),
            ("1，234.50", "1234.50"),
            ("￥1234.50", "1234.50"),
        ),
        *(
            ("¥ 1,234.5", "1234.50"),
            ("1234.50元", "1234.50"),
            ("CNY 5", "5.00"),
            ("人民币5元", "5.00"),
            ("1.5000", "1.50"),
        ),
        *(("5595.9700000000002", "5595.97"), ("0.30000000000000004", "0.30"), ("7999.999999999999", "8000.00")),
    ],
)
def test_amounts_are_padded_and_grouped_thousands_joined(spelling: str, expected: str) -> None:
    assert decimal_reader(2, grouped=True)(spelling) == expected


@pytest.mark.parametrize(
    "spelling",
    [
        *(
            "1,23.50",
            "12,34",
            "1,2345",
            ",123",
            "0,123.00",
            "1234,567",
            "1,234,56",
            "1，23.50",
            "1 234.50",
            "1'234.50",
        ),
        *("$1234.50", "-5", "+5", "1e3", "¥", "1_000", ".", "5..", "1.2.3", "1234.50万元", "一千", "5kg", ",", "元"),
    ],
)
def test_other_spellings_of_amounts_are_told_what_to_send(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"is no number; send digits like 1234\.50"):
        decimal_reader(2, grouped=True)(spelling)


def test_a_comma_beside_semicolons_could_be_a_decimal_sign_and_is_refused() -> None:
    with pytest.raises(ValueError, match="can be read in two ways"):
        decimal_reader(3, grouped=False)("1,234")


@given(st.integers(0, 10**12 - 1))
def test_grouping_never_changes_an_amount(fen: int) -> None:
    amount = Decimal(fen) / 100
    read = decimal_reader(2, grouped=True)
    assert read(f"{amount:,.2f}") == read(f"{amount:.2f}") == format_cny(parse_cny(str(read(f"{amount:.2f}"))))


@given(st.integers(0, 10**13 - 1))
def test_weights_are_padded_as_the_ledger_prints_them(grams: int) -> None:
    text = str(decimal_reader(3, grouped=True)(str(Decimal(grams) / 1000) if grams % 1000 else str(grams // 1000)))
    assert text == format_kg(parse_kg(text))


def test_weights_may_bear_their_unit_and_no_other() -> None:
    read = decimal_reader(3, grouped=True, units=KG_UNITS)
    assert {read(cell) for cell in ("380.5", "380.5kg", "380.5 KG", "380.5千克", "３８０．５公斤", "380.500㎏")} == {
        "380.500"
    }
    for cell in ("380.5吨", "380.5g", "380.5元", "380.5斤"):
        with pytest.raises(ValueError, match="is no number"):
            read(cell)


def test_decimals_beyond_what_is_allowed_are_left_to_the_schema() -> None:
    assert decimal_reader(2, grouped=True)("1.5550000000001") == "1.5550000000001"
    assert decimal_reader(2, grouped=True)("1.555") == "1.555"


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"类别": "粮食"}, "category", "grain"),
        ({"类别": "wool"}, "category", "wool"),
        ({"类别": "Packaged_Food"}, "category", "packaged_food"),
        ({"类别": "fruit"}, "category", "fruit"),
        ({"原产国": "俄罗斯联邦"}, "origin", "RU"),
        ({"原产国": "mn"}, "origin", "MN"),
        ({"原产国": "Монгол"}, "origin", "MN"),
        ({"原产国": "刚果（金）"}, "origin", "CD"),
        ({"进出口": "出口"}, "direction", "export"),
        ({"进出口": "进"}, "direction", "import"),
        ({"进出口": "Import"}, "direction", "import"),
        ({"互市点": "二连浩特"}, "trade_point", "erenhot"),
        ({"超额处理": "拒绝"}, "over_allowance", "refuse"),
        ({"备案号": " \tR00000007\u3000"}, "resident_id", "R00000007"),
        ({"备案号": '="R00000007"'}, "resident_id", "R00000007"),
        ({"原产国": "NA"}, "origin", "NA"),
        ({"HS编码": "160250.0"}, "hs_code", "160250"),
        ({"HS编码": '="02050000"'}, "hs_code", "02050000"),
        ({"单据号": "T\u200b-1\ufeff"}, "reference", "T-1"),
        ({"品名": "马肉\r\n(冻)"}, "commodity", "马肉 (冻)"),
        ({"卖方": "\u3000Говь\u00a0Хүнс\u200e"}, "seller", "Говь Хүнс"),
    ],
)
def test_words_of_clerks_become_names_of_the_api(
    tmp_path: Path, change: dict[str, Any], field: str, expected: str
) -> None:
    (body,) = bodies(write_csv(tmp_path, trade(**change)))
    assert body[field] == expected


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"原产国": "火星"}, '原产国: "火星" is no country that is known; send its ISO 3166 code, such as MN.'),
        ({"类别": "水果"}, '类别: "水果" is no category; send one of 肉类 (meat), '),
        ({"进出口": "过境"}, '进出口: "过境" is not known; send one of 进口, 进, import, 出口, 出, export.'),
        ({"HS编码": "2044200.0"}, '"2044200" has 7 digits: its leading zero is lost'),
        ({"品名": "NULL"}, '品名: "NULL" stands for nothing; send the name of the goods.'),
        ({"品名": "—"}, '品名: "—" stands for nothing'),
        ({"卖方": "#REF!"}, '卖方: "#REF!" is an error of the spreadsheet'),
        ({"卖方": "=A1&B1"}, '卖方: "=A1&B1" is a formula; send its result, as text.'),
        ({"metadata": "[1]"}, 'metadata: "[1]" is no JSON object'),
        ({"metadata": "[" * 10_000}, "is no JSON object"),
    ],
)
def test_a_cell_that_cant_be_read_is_named_by_its_heading(tmp_path: Path, change: dict[str, Any], error: str) -> None:
    assert error in only_error(write_csv(tmp_path, trade(**change)))


def test_all_bad_cells_of_a_line_are_told_at_once(tmp_path: Path) -> None:
    error = only_error(write_csv(tmp_path, trade(原产国="火星", 交易时间="昨天")))
    assert "原产国:" in error
    assert "交易时间:" in error


def test_an_absent_cell_is_an_absent_field(tmp_path: Path) -> None:
    (body,) = bodies(write_csv(tmp_path, trade(HS编码="", 批次=" ")))
    assert body == {name: value for name, value in BODY.items() if name != "hs_code"}


@pytest.mark.parametrize(
    "word", ["NULL", "\\N", "NA", "N/A", "None", "nan", "NaN", "#N/A", "/", "-", "--", "—", "无", "空", "（空）"]
)
def test_a_word_for_nothing_is_nothing_in_every_optional_cell(tmp_path: Path, word: str) -> None:
    optional = (
        "HS编码",
        "进出口",
        "互市点",
        "批次",
        "车牌",
        "卖方",
        "单据号",
        "超额处理",
        "备注",
        "幂等键",
        "metadata",
    )
    (body,) = bodies(write_csv(tmp_path, trade(**dict.fromkeys(optional, word))))
    assert body == {name: value for name, value in BODY.items() if name not in {"hs_code", "reference"}}


@pytest.mark.parametrize("heading", ["备案号", "类别", "原产国", "重量(千克)", "金额(元)", "交易时间"])
@pytest.mark.parametrize("word", ["NULL", "/", "无"])
def test_a_required_cell_takes_no_word_for_nothing(tmp_path: Path, heading: str, word: str) -> None:
    (line,) = read(write_csv(tmp_path, trade(**{heading: word})))
    if line.body is None:
        assert line.error is not None
        assert heading in line.error
    else:  # What is left to the schema and the rules, which refuse it.
        (field,) = (field for field in ("resident_id", "category") if line.body[field] != BODY[field])
        assert line.body[field] == word.casefold() or line.body[field] == word


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


@pytest.mark.parametrize("blank", ["", "\u3000", "NULL", "-"])
def test_an_empty_direction_below_an_export_is_refused(tmp_path: Path, blank: str) -> None:
    directions = [blank, "出口", blank, "进口", blank]
    lines = read(write_csv(tmp_path, *(trade(进出口=word, 单据号=f"D-{n}") for n, word in enumerate(directions))))
    assert [line.body and line.body.get("direction", "") for line in lines] == ["", "export", None, "import", ""]
    assert "write 出口 (export) or 进口 (import) into this line as well" in (lines[2].error or "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "，"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_cells_say_the_same_whatever_parts_and_encodes_them(tmp_path: Path, delimiter: str, encoding: str) -> None:
    odd = {"品名": "\u3000熟牛肉\u00a0", "交易时间": "2024-04-01 01:30:00+00", "单据号": "'D-1", "HS编码": '="160250"'}
    content = csv_text([trade(**odd, 批次="NULL", 车牌="/", 卖方="无")], delimiter, "\r\n").encode(encoding)
    (body,) = bodies(write_bytes(tmp_path, content))
    assert body == BODY | {"traded_at": "2024-04-01T01:30:00+00:00"}
