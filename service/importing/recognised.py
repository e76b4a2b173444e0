"""Words and signs by which files are recognised, of every language that clerks write: recognised.json has them.

They are what is read, and no words for people: those are in service.rendering.words.
"""

import functools
import importlib.resources
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any


def words_in(name: str) -> list[str]:
    """A list of words."""
    words: list[str] = _document()[name]
    return words


def table_of(name: str) -> Mapping[str, Any]:
    """Words by what they stand for, or signs by what they end."""
    table: Mapping[str, Any] = _document()[name]
    return table


def letters_in(name: str) -> str:
    """Letters that belong together, in one text."""
    letters: str = _document()[name]
    return letters


def meanings(name: str) -> dict[str, str]:
    """What each word of a table stands for: 进口 is import."""
    return {word: meaning for meaning, words in table_of(name).items() for word in words}


def one_of(words: Iterable[str]) -> str:
    """A pattern for one of the words, which are tried in this order."""
    return "|".join(re.escape(word) for word in words)


@functools.cache
def _document() -> dict[str, Any]:
    text = importlib.resources.files("service.importing").joinpath("recognised.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
