"""What a brief is narrowed to, in the words of its language: a reader must see that it is not of everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.rendering.words import Lang
from service.rendering.words.terms import value_name

_COMMON = frozenset({"category", "direction"})
"""The dimensions whose values are common nouns: inside of a sentence they begin with a small letter."""


@dataclass(frozen=True, slots=True)
class ScopeWords:
    """How a language says a scope; codes that have no name, and names that people gave, stay as they are."""

    lang: Lang
    sentence: str
    dimension: str
    between_values: str
    between_dimensions: str
    names: Mapping[str, str]

    def say(self, filters: Iterable[tuple[str, frozenset[str]]]) -> str:
        """The note that ends the brief: （统计范围：品类为肉类、绒毛；原产国为蒙古国）."""
        return self.sentence.format(self.between_dimensions.join(self._narrowed(*each) for each in filters))

    def _narrowed(self, name: str, values: frozenset[str]) -> str:
        said = self.between_values.join(inside_of_a_sentence(name, value, self.lang) for value in sorted(values))
        return self.dimension.format(self.names[name], said)


def inside_of_a_sentence(dimension: str, value: str, lang: str) -> str:
    """A value's name as it stands inside of a sentence: Meat is meat there, while UHT milk and Poland stay."""
    name = value_name(dimension, value, lang)
    is_common = dimension in _COMMON and not name[1:2].isupper()
    return name[:1].lower() + name[1:] if is_common else name
