"""Headings: two languages, many spellings, and no column dropped without a word."""

import re
from pathlib import Path
from typing import Any

import pytest

from service.importing import ImportFileError, open_lines
from service.importing.headings import CHINESE_HEADINGS, REQUIRED_FIELDS, match_headings
from tests.importing.files import BODY, bodies, csv_text, only_error, trade, write_bytes, write_csv

DOCS = Path(__file__).parents[2] / "docs"
REQUIRED = ["resident_id", "category", "commodity", "origin", "quantity_kg", "amount_cny", "traded_at"]


def fields(*headings: str) -> list[str]:
    return [heading.field for heading in match_headings(headings, 1)]


@pytest.mark.parametrize(("field", "others"), CHINESE_HEADINGS.items())
def test_each_field_is_known_by_all_its_names(field: str, others: tuple[str, ...]) -> None:
    rest = [name for name in REQUIRED if name != field]
    for name in (field, *others):
        assert fields(name, *rest) == [field, *rest]


def test_the_page_of_imports_has_a_row_for_each_column() -> None:
    table = (DOCS / "IMPORT.md").read_text("utf-8").partition("## Columns")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w.]+)` \| (.+?) \| .+ \| (yes|no) \|$", table, re.MULTILINE)
    assert [(field, () if others == "—" else tuple(others.split(" · ")), is_required == "yes")
            for field, others, is_required in rows] == [
        (field, others, field in REQUIRED_FIELDS) for field, others in CHINESE_HEADINGS.items()
    ]  # fmt: skip


@pytest.mark.parametrize(
    "spelling",
    [
        "重量（千克）",
        " 重量(千克) ",
        "重量 (千克)",
        "重量\n(千克)",
        "重量(公斤)",
        "重量（㎏）",
        "Quantity_KG",
        "quantity kg",
    ],
)
def test_brackets_spaces_and_case_make_no_difference(spelling: str) -> None:
    rest = [name for name in REQUIRED if name != "quantity_kg"]
    assert fields(spelling, *rest)[0] == "quantity_kg"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"颜色": "红"}, '"颜色" is no known heading'),
        ({"重量": "1"}, '"重量" is no known heading'),
        ({"商品名称": "牛肉"}, r'"品名" \(column 3\) and "商品名称" \(column 10\) are both commodity'),
    ],
)
def test_an_unknown_or_second_heading_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ImportFileError, match=message):
        open_lines(write_csv(tmp_path, trade(**change)))


def test_the_refusal_says_which_headings_are_known(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=r"Known headings: resident_id \(备案号\), category \(类别\)"):
        open_lines(write_csv(tmp_path, trade(颜色="红")))


def test_a_missing_heading_is_named(tmp_path: Path) -> None:
    row = trade()
    del row["原产国"]
    with pytest.raises(ImportFileError, match=r"the heading origin \(原产国\) is missing"):
        open_lines(write_csv(tmp_path, row))


def test_a_title_in_the_place_of_headings_is_explained(tmp_path: Path) -> None:
    content = "二连浩特市边民互市交易明细表\n" + csv_text([trade()])
    with pytest.raises(ImportFileError, match="Line 1 has no known heading"):
        open_lines(write_bytes(tmp_path, content.encode()))


def test_columns_of_ones_own_become_metadata(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path, trade(备注="加急", **{"metadata.Weigher": "3"}), trade(备注="", **{"metadata.Weigher": ""})
    )
    assert bodies(path) == [BODY | {"metadata": {"note": "加急", "Weigher": "3"}}, BODY]


def test_a_metadata_object_and_own_columns_are_joined(tmp_path: Path) -> None:
    path = write_csv(tmp_path, trade(metadata='{"scale": "2"}', 备注="加急"))
    assert bodies(path) == [BODY | {"metadata": {"scale": "2", "note": "加急"}}]


def test_a_column_without_heading_may_be_empty_but_not_hold_data(tmp_path: Path) -> None:
    assert bodies(write_csv(tmp_path, trade(**{"": " "}))) == [BODY]
    assert only_error(write_csv(tmp_path, trade(**{"": "x"}))) == "Column 10 has no heading but holds data."
