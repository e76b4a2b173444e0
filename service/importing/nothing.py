"""Recognises cells without a value of their own: words and signs for nothing, or for the value of the cell above."""

import re
import unicodedata

from service.importing.quoting import shown

NOTHING_LENGTH_MAX = 24
DITTO_LENGTH_MAX = 16
NOTHING = frozenset(
    {
        *("null", "nul", "\\n", "none", "nil", "nan", "nat", "na", "n/a", "n\\a", "n.a", "n.a.", "#n/a", "null值"),
        *("undefined", "unknown", "missing", "blank", "empty", "not available", "not applicable", "not known"),
        *("нет", "нету", "нет данных", "н/д", "н.д", "б/н", "б.н", "без номера", "неизвестно", "отсутствует", "пусто"),
        *("байхгүй", "үгүй", "хоосон", "тодорхойгүй", "мэдэгдэхгүй", "дугааргүй"),
        *(
            "无",
            "無",
            "空",
            "空值",
            "空白",
            "没有",
            "沒有",
            "暂无",
            "暫無",
            "暂缺",
            "缺",
            "缺失",
            "未知",
            "不详",
            "不詳",
        ),
        *("不明", "未填", "未填写", "未提供", "待定", "待补", "×", "✕", "✗", "╳"),
    }
)
"""Words that say that a cell is empty, as `is_nothing` folds them, without the signs around them."""

DITTO = frozenset(
    {
        *("同上", "同上行", "同上一行", "同前", "同左", "仝", "仝上", "々", "↑", "ditto", "do.", "idem", "same"),
        *("as above", "same as above", "то же", "то же самое", "тоже", "как выше", "мөн", "мөн адил"),
    }
)
"""Words that stand for the value of the cell above, folded and without the signs around them."""

_DASH = r"-‐-―−─ー_/\\"
_STROKES = re.compile(rf"[{_DASH}~.。、·…?\s]+")
_AROUND = " \"'`“”„‘’«»()<>[]{}【】《》〈〉「」『』〔〕_-‐‑‒–—―−─/.。!,、;:?…"
_QUOTED_NOTHING = frozenset({'""', "``", "()", "<>"})
_DITTO_MARKS = re.compile(rf'[{_DASH}\s]*(?:"|＂|[″〃“”„]+|′′)[{_DASH}\s]*')
_WITHOUT_A_NUMBER = re.compile(
    "(?:无|無|没有|沒有|暂无)(?:车|车牌|车牌号|车号|牌|牌照|牌号|号|号码|编号|单|单号|单据|单据号|单证|单证号|票|票号"
    "|批次|批次号|批号|卖方|卖家|备注|信息|数据|记录|内容)"
)


def is_nothing(cell: str) -> bool:
    """Whether a cell holds a word for nothing, or only dashes or slashes, in half or full width.

    Examples are NULL, Ｎ／Ａ, 无。 and －.
    """
    if len(cell) > NOTHING_LENGTH_MAX or cell[0].isdigit() or cell[-1].isdigit():
        return False
    folded = _folded(cell)
    bare = folded.strip(_AROUND)
    if folded in NOTHING or bare in NOTHING:
        return True
    if not bare:
        return folded in _QUOTED_NOTHING or _STROKES.fullmatch(folded) is not None
    return _WITHOUT_A_NUMBER.fullmatch(bare) is not None or _STROKES.fullmatch(folded) is not None


def refuse_ditto(cell: str) -> None:
    """Raises ValueError on 同上, 〃 and the like: when a file was sorted or cut, the cell above may be another one."""
    if len(cell) > DITTO_LENGTH_MAX or cell[0].isdigit() or cell[-1].isdigit():
        return
    folded = _folded(cell)
    if folded in DITTO or folded.strip(_AROUND) in DITTO or _DITTO_MARKS.fullmatch(cell) is not None:
        raise ValueError(f"{shown(cell)} means the cell above; write out what it stands for.")


def _folded(cell: str) -> str:
    return cell.lower() if cell.isascii() else unicodedata.normalize("NFKC", cell).casefold().strip()
