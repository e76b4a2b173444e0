"""The words that people read, in Chinese, English and Mongolian: one catalogue for documents, pages and the terminal.

zh.json, en.json and mn.json have the same keys: a subject, and the words of it. What categories, countries and list
groups are called is no part of it: the rules say that (service.rules.names).
"""

import functools
import importlib.resources
import json
from collections.abc import Mapping

from service.domain.brief import Lang
from service.rules.names import LANGUAGES

__all__ = ["LANGUAGES", "Lang", "catalogue", "say", "word"]


def word(key: str, lang: str) -> str:
    """A word by its subject and name: `measure.amount_cny` is 交易额. Raises KeyError on a key that there is not."""
    return catalogue()[lang][key]


def say(key: str, lang: str, **parts: object) -> str:
    """A message with its parts filled in: `report.days` from a start and an end."""
    return word(key, lang).format(**parts)


@functools.cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every word by language and key, read once."""
    return {lang: _words_of(lang) for lang in LANGUAGES}


def _words_of(lang: str) -> dict[str, str]:
    text = importlib.resources.files(__name__).joinpath(f"{lang}.json").read_text("utf-8")
    subjects: dict[str, dict[str, str]] = json.loads(text)
    return {f"{subject}.{name}": said for subject, words in subjects.items() for name, said in words.items()}
