"""Recognises cells without a value of their own: words and signs for nothing, or for the value of the cell above."""

import re
import unicodedata

from service.importing.quoting import shown
from service.importing.recognised import one_of, words_in

NOTHING_LENGTH_MAX = 24
DITTO_LENGTH_MAX = 16
NOTHING = frozenset(words_in("nothing"))
"""Words that say that a cell is empty, as `is_nothing` folds them, without the signs around them."""

DITTO = frozenset(words_in("ditto"))
"""Words that stand for the value of the cell above, folded and without the signs around them."""

_DASH = r"-‐-―−─ー_/\\"
_STROKES = re.compile(rf"[{_DASH}~.。、·…?\s]+")
_AROUND = " \"'`“”„‘’«»()<>[]{}【】《》〈〉「」『』〔〕_-‐‑‒–—―−─/.。!,、;:?…"
_QUOTED_NOTHING = frozenset({'""', "``", "()", "<>"})
_DITTO_MARKS = re.compile(rf'[{_DASH}\s]*(?:"|＂|[″〃“”„]+|′′)[{_DASH}\s]*')
_WITHOUT_A_NUMBER = re.compile(f"(?:{one_of(words_in('without'))})(?:{one_of(words_in('without_what'))})")


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
