"""The brief: the paragraph that a bureau publishes, with a claim behind every phrase.

Pure: facts in, text out. What may be said is decided once, in `facts`, `movement` and `figures`; the modules of the
languages only find the words. Source: the domain rules, "Growth", and the contract, "Reports".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from service.domain.brief import en, mn, zh
from service.domain.brief.facts import Brief, Claim, Facts, NewCategory, Piece

__all__ = ["Brief", "Claim", "Facts", "Lang", "NewCategory", "write_brief"]

Lang = Literal["zh", "en", "mn"]

_WRITERS: Mapping[Lang, tuple[Callable[[Facts], Iterator[Sequence[Piece]]], str, str]] = {
    "zh": (zh.sentences, "", "（统计范围：{}）"),
    "en": (en.sentences, " ", "(Only {}.)"),
    "mn": (mn.sentences, " ", "(Хамрах хүрээ: {}.)"),
}
"""What writes the sentences of a language, what stands between two of them, and what follows where it is narrowed."""


def write_brief(facts: Facts, lang: Lang) -> Brief:
    """The brief in Chinese, English or Mongolian. It says nothing about growth where the base does not allow it."""
    sentences, space, scope = _WRITERS[lang]
    written = list(sentences(facts))
    text = space.join("".join(_text_of(piece) for piece in sentence) for sentence in written)
    if facts.filters:
        narrowed = (f"{name}={','.join(sorted(values))}" for name, values in facts.filters)
        text += space + scope.format("; ".join(narrowed))
    claims = tuple(piece for sentence in written for piece in sentence if isinstance(piece, Claim))
    return Brief(text, claims)


def _text_of(piece: Piece) -> str:
    return piece.phrase if isinstance(piece, Claim) else piece
