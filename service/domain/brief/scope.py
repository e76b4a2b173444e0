"""What a brief is narrowed to, in the words of its language: a reader must see that it is not of everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScopeWords:
    """How a language says a scope; codes that it has no word for, and names that people gave, stay as they are."""

    sentence: str
    dimension: str
    between_values: str
    between_dimensions: str
    names: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    def say(self, filters: Iterable[tuple[str, frozenset[str]]]) -> str:
        """The note that ends the brief: （统计范围：品类为肉类、绒毛；原产国为蒙古国）."""
        return self.sentence.format(self.between_dimensions.join(self._narrowed(*each) for each in filters))

    def _narrowed(self, name: str, values: frozenset[str]) -> str:
        words = self.values.get(name, {})
        said = self.between_values.join(words.get(value, value) for value in sorted(values))
        return self.dimension.format(self.names[name], said)
