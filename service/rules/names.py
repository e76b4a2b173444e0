"""What categories, countries and list groups are called in the three languages: the rows of the rules say it, alone.

A deployment that adds a row names it there, and every document and page says that name.
"""

import functools
from collections.abc import Mapping

from service.rules import rule_rows

LANGUAGES = ("zh", "en", "mn")
FALLBACKS = ("en", "zh", "mn")
"""Where a row has no name in a language, it is called by the first of these that it has, and else by its code."""

_FILES = {"category": ("categories", "name"), "origin": ("countries", "code"), "list_group": ("list_groups", "name")}
"""The file of each dimension, and the field of its rows that holds the code."""


def name_of(dimension: str, code: str, lang: str) -> str:
    """The name of a category, an origin or a list group; a code that no row has stays as it is. zh MN is 蒙古国."""
    named = names()[dimension].get(code)
    return code if named is None else named[lang]


def is_named(dimension: str) -> bool:
    """Whether the rules name the values of a dimension."""
    return dimension in _FILES


@functools.cache
def names() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """By dimension and code: the name in each language. Of rows with one code the last to come into force names it."""
    return {dimension: _names_in(*file) for dimension, file in _FILES.items()}


def _names_in(file: str, field: str) -> dict[str, dict[str, str]]:
    rows = sorted(rule_rows(file), key=lambda row: str(row.get("valid_from", "")))
    latest = {str(row[field]): row for row in rows}
    in_order = dict.fromkeys(str(row[field]) for row in rule_rows(file))
    return {code: names_of_row(latest[code], code) for code in in_order}


def names_of_row(row: Mapping[str, object], code: str) -> dict[str, str]:
    """The name of a row in each language, by the fallbacks where it has none of its own."""
    known = {lang: str(row[lang]) for lang in LANGUAGES if row.get(lang)}
    return {lang: next((known[each] for each in (lang, *FALLBACKS) if each in known), code) for lang in LANGUAGES}
