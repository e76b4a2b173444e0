"""What a brief is narrowed to, in the words of its language: a reader must see that it is not of everything."""

from collections.abc import Iterable

from service.rendering.words import Lang, say, word
from service.rendering.words.terms import value_name

_COMMON = frozenset({"category", "direction"})
"""The dimensions whose values are common nouns: inside of a sentence they begin with a small letter."""


def scope_words(filters: Iterable[tuple[str, frozenset[str]]], lang: Lang) -> str:
    """The note that ends the brief: （统计范围：品类为肉类、绒毛；原产国为蒙古国）."""
    between = word("brief.scope_between_dimensions", lang)
    return say("brief.scope", lang, narrowed=between.join(_narrowed(*each, lang) for each in filters))


def _narrowed(name: str, values: frozenset[str], lang: Lang) -> str:
    between = word("brief.scope_between_values", lang)
    said = between.join(inside_of_a_sentence(name, value, lang) for value in sorted(values))
    return say("brief.scope_dimension", lang, name=word(f"brief.scope.{name}", lang), values=said)


def inside_of_a_sentence(dimension: str, value: str, lang: Lang) -> str:
    """A value's name as it stands inside of a sentence: Meat is meat there, while UHT milk and Poland stay."""
    name = value_name(dimension, value, lang)
    is_common = dimension in _COMMON and not name[1:2].isupper()
    return name[:1].lower() + name[1:] if is_common else name
