"""Words for nothing, and for the cell above: what clerks write where there is nothing to write."""

from pathlib import Path

import pytest

from tests.importing.files import BODY, bodies, only_error, read, trade, write_csv, write_workbook

OPTIONAL_HEADINGS = (
    *("HS编码", "进出口", "互市点", "批次", "车牌", "卖方", "单据号", "超额处理", "备注", "幂等键", "metadata"),
)
NOTHING = (
    *("NULL", "\\N", "NA", "N/A", "None", "nan", "NaN", "#N/A", "/", "-", "--", "—", "无", "空", "（空）"),
    *(
        "－",
        "／",
        "－－",
        "\u3000－\u3000",
        "﹣",
        "﹘",
        "－ －",
        "＿",
        "～",
        "Ｎ／Ａ",
        "ＮＵＬＬ",
        "−",
        "——",
        "…",
        "。",
        "?",
        "？",
        "×",
    ),
    *(
        '"NULL"',
        "'NULL'",
        "__NULL__",
        "{null}",
        "［NULL］",
        "-NULL-",
        "无。",
        "（无）",
        "【无】",
        "暂缺",
        "未知",
        "不详",
        "无车牌",
    ),
    *("б/н", "Б/Н", "н/д", "нету", "Нет.", "үгүй", "Байхгүй", '""'),
)


@pytest.mark.parametrize("word", NOTHING)
def test_a_word_for_nothing_is_nothing_in_every_optional_cell(tmp_path: Path, word: str) -> None:
    row = trade(**dict.fromkeys(OPTIONAL_HEADINGS, word))
    for path in (write_csv(tmp_path, row), write_workbook(tmp_path, row)):
        (body,) = bodies(path)
        assert body == {name: value for name, value in BODY.items() if name not in {"hs_code", "reference"}}
    assert "stands for nothing" in only_error(write_csv(tmp_path, trade(品名=word)))


@pytest.mark.parametrize(
    "word", ["同上", "（同上）", "同上。", "〃", "″", '"', "＂", '-"-', "—〃—", "仝上", "Ditto", "то же", "мөн адил"]
)
@pytest.mark.parametrize("heading", ["批次", "车牌", "卖方", "单据号", "备注", "幂等键", "备案号", "品名"])
def test_a_word_for_the_cell_above_is_refused(tmp_path: Path, heading: str, word: str) -> None:
    assert f"{heading}: " in (error := only_error(write_csv(tmp_path, trade(**{heading: word}))))
    assert "means the cell above; write out what it stands for" in error


@pytest.mark.parametrize("name", ["-A-", "A/B", "无锡公司", "空调", "Nandin", "X", "NA-1", "Унгар", "“蒙古”公司", "№"])
def test_what_only_holds_a_word_for_nothing_stays(tmp_path: Path, name: str) -> None:
    (body,) = bodies(write_csv(tmp_path, trade(卖方=name)))
    assert body["seller"] == name


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
