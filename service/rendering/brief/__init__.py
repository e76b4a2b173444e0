"""The brief in words: the paragraph that a bureau publishes, in Chinese, English or Mongolian."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from service.domain.brief import Brief, Claim, Facts, Lang
from service.domain.brief.facts import Piece
from service.rendering.brief import en, mn, zh
from service.rendering.brief.scope import ScopeWords

__all__ = ["write_brief"]

_WRITERS: Mapping[Lang, tuple[Callable[[Facts], Iterator[Sequence[Piece]]], str, ScopeWords]] = {
    "zh": (zh.sentences, "", zh.SCOPE),
    "en": (en.sentences, " ", en.SCOPE),
    "mn": (mn.sentences, " ", mn.SCOPE),
}
"""What writes the sentences of a language, what stands between two of them, and what says to what it is narrowed."""


def write_brief(facts: Facts, lang: Lang) -> Brief:
    """The brief in Chinese, English or Mongolian. It says nothing about growth where the base does not allow it."""
    sentences, space, scope = _WRITERS[lang]
    written = list(sentences(facts))
    text = space.join("".join(_text_of(piece) for piece in sentence) for sentence in written)
    if facts.filters:
        text += space + scope.say(facts.filters)
    claims = tuple(piece for sentence in written for piece in sentence if isinstance(piece, Claim))
    return Brief(text, claims)


def _text_of(piece: Piece) -> str:
    return piece.phrase if isinstance(piece, Claim) else piece
