"""What a sentence of a brief is made of: a message of the catalogue, filled with words and with claims."""

import string
from collections.abc import Sequence

from service.domain.brief import Claim, Lang
from service.domain.brief.facts import Piece
from service.rendering.words import word

Sentence = Sequence[Piece]

_FORMATTER = string.Formatter()


def filled(key: str, lang: Lang, **parts: str | Claim | Sentence) -> Sentence:
    """A message as pieces. A part of it may be a text, a claim, or pieces of another message."""
    found: list[Piece] = []
    for text, name, _, _ in _FORMATTER.parse(word(key, lang)):
        part = () if name is None else parts[name]
        found += [text, *([part] if isinstance(part, str | Claim) else part)]
    return [piece for piece in found if piece]
