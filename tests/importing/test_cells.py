"""Cells: the spellings of clerks, and what they are told when a cell can't be read."""

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
