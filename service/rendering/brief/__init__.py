"""The brief in words: the paragraph that a bureau publishes, in Chinese, English or Mongolian."""

from service.domain.brief import Brief, Claim, Facts, Lang
from service.domain.brief.facts import Piece
from service.rendering.brief.scope import scope_words
from service.rendering.brief.sentences import sentences_of
from service.rendering.words import word

__all__ = ["write_brief"]


def write_brief(facts: Facts, lang: Lang) -> Brief:
    """The brief in a language. It says nothing about growth where the base does not allow it."""
    written, space = list(sentences_of(facts, lang)), word("brief.space", lang)
    text = space.join("".join(_text_of(piece) for piece in sentence) for sentence in written)
    if facts.filters:
        text += space + scope_words(facts.filters, lang)
    claims = tuple(piece for sentence in written for piece in sentence if isinstance(piece, Claim))
    return Brief(text, claims)


def _text_of(piece: Piece) -> str:
    return piece.phrase if isinstance(piece, Claim) else piece
