"""Cells: the spellings of clerks, and what they are told when a cell can't be read."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.money import format_cny, format_kg, parse_cny, parse_kg
from service.domain.transactions import MARKET_TIME
from service.importing import cells
from service.importing.cells import decimal_reader, instant
from tests.importing.files import BODY, bodies, only_error, trade, write_csv

seconds_since_2000 = st.integers(0, 100 * 365 * 86_400)
moments = seconds_since_2000.map(
    lambda seconds: datetime.datetime.fromisoformat("2000-01-01") + datetime.timedelta(seconds=seconds)
)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("2024-04-01 09:30", "2024-04-01T09:30:00+08:00"),
        ("2024-04-01 09:30:15", "2024-04-01T09:30:15+08:00"),
        ("2024-04-01T09:30:15", "2024-04-01T09:30:15+08:00"),
        ("2024-04-01 09:30:15.0", "2024-04-01T09:30:15.0+08:00"),
        ("2024/4/1 9:30", "2024-04-01T09:30:00+08:00"),
        ("2024/4/1  9:30", "2024-04-01T09:30:00+08:00"),
        ("2024年4月1日 9:30", "2024-04-01T09:30:00+08:00"),
        ("2024年4月1日9:30", "2024-04-01T09:30:00+08:00"),
        ("2024-02-29", "2024-02-29T00:00:00+08:00"),
        ("2024/4/1", "2024-04-01T00:00:00+08:00"),
        ("2024年4月1日", "2024-04-01T00:00:00+08:00"),
        ("2024-04-01T01:30:00Z", "2024-04-01T01:30:00Z"),
        ("2024-04-01T09:30:15.250+08:00", "2024-04-01T09:30:15.250+08:00"),
    ],
)
def test_times_of_clerks_are_market_time(spelling: str, expected: str) -> None:
    assert instant(spelling) == expected


@pytest.mark.parametrize(
    "spelling",
    [
        *("2023-02-29", "2024-04-31 09:30", "2024-04-01 24:00", "2024-04-01 09:60", "0000-01-01"),
        *("2024-4/1", "2024年4-1", "2024-04-01日", "2024/4/1日 9:30", "4/1/2024", "20240401", "2024-0409:30"),
        *("２０２４-04-01", "2024-04-01 ９:30", "上午9:30", "2024-04-01 09:30 AM", "2024-04-01 9", "09:30"),
    ],
)
def test_what_is_no_time_is_refused(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"send it like|does not exist"):
        instant(spelling)


@given(
    moments, st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y-%m-%dT%H:%M:%S"])
)
def test_every_moment_survives_each_spelling(moment: datetime.datetime, form: str) -> None:
    read = datetime.datetime.fromisoformat(instant(moment.strftime(form)))
    assert read == moment.replace(tzinfo=MARKET_TIME)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [("7800", "7800.00"), ("7800.5", "7800.50"), ("1,234.50", "1234.50"), ("12,345,678", "12345678.00"), ("0", "0.00")],
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
            "1，234.50",
            "1 234.50",
            "1'234.50",
        ),
        *("¥1234.50", "-5", "+5", "1e3", "１２", "1_000", ".5", "5.", "1234.50元", "一千"),
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


def test_decimals_beyond_what_is_allowed_are_left_to_the_schema() -> None:
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
        ({"HS编码": "2044200"}, '"2044200" has 7 digits: its leading zero is lost'),
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


def test_the_offset_is_the_one_of_market_time() -> None:
    assert datetime.datetime(2024, 1, 1, tzinfo=MARKET_TIME).isoformat().endswith(cells.MARKET_OFFSET)
