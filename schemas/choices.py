"""Fields that accept few values: one of a few words, or a whole number within limits."""

import re
from collections.abc import Callable
from typing import Any

from schemas.strict import Translated


class OneOf(Translated):
    """A field that accepts one of a few words."""

    slug = "not-a-choice"

    def __init__(self, *choices: str, translate: Callable[[str], Any] = str, **kwargs: Any) -> None:
        """`translate` turns the word into the domain's value."""
        self.choices = choices
        self._translate = translate
        super().__init__(metadata={"enum": list(choices), **kwargs.pop("metadata", {})}, **kwargs)

    def parse(self, text: str) -> Any:
        """Reads a word, and returns the domain's value for it."""
        if text not in self.choices:
            raise ValueError(f"Send one of {', '.join(self.choices)}.")
        return self._translate(text)


class Count(Translated):
    """A field that accepts a whole number within limits, in a query."""

    slug = "not-a-count"

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        """`least` and `most` are the limits; the field accepts both."""
        self.least, self.most = least, most
        super().__init__(metadata={"type": "integer", "minimum": least, "maximum": most}, **kwargs)

    def parse(self, text: str) -> int:
        """Reads the number."""
        if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is None or not self.least <= int(text) <= self.most:
            raise ValueError(f"Send a whole number from {self.least} to {self.most}.")
        return int(text)
