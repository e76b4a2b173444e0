"""What categories, countries and list groups are called in the three languages: the rows of the rules say it, alone.

A deployment that adds a row names it there, and every document and page says that name. The names of a process are
those of the rules that it has loaded last (service.rules.loading): a process works with one ledger.
"""

import functools
from collections.abc import Iterable, Mapping

from service.domain.rule_files import RuleFile
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


Names = Mapping[str, Mapping[str, Mapping[str, str]]]
"""By dimension and code: the name in each language."""


def names() -> Names:
    """The names that this process says. Of rows with one code the last to come into force names it."""
    return _said.names


def names_with(files: Iterable[RuleFile]) -> Names:
    """The names of the shipped rows and of the operator's files, whose names win."""
    found = {dimension: dict(named) for dimension, named in _shipped_names().items()}
    for file in files:
        for dimension, (kind, field) in _FILES.items():
            found[dimension] |= _names_in([row for row in file.document.get(kind, ()) if row.get("en")], field)
    return found


def say_names(found: Names) -> None:
    """Makes this process say these names from now on."""
    _said.names = found


@functools.cache
def _shipped_names() -> Names:
    return {dimension: _names_in(rule_rows(file), field) for dimension, (file, field) in _FILES.items()}


def _names_in(rows: Iterable[Mapping[str, object]], field: str) -> dict[str, dict[str, str]]:
    in_order = list(rows)
    latest = {str(row[field]): row for row in sorted(in_order, key=lambda row: str(row.get("valid_from", "")))}
    return {code: names_of_row(latest[code], code) for code in dict.fromkeys(str(row[field]) for row in in_order)}


def names_of_row(row: Mapping[str, object], code: str) -> dict[str, str]:
    """The name of a row in each language, by the fallbacks where it has none of its own."""
    known = {lang: str(row[lang]) for lang in LANGUAGES if row.get(lang)}
    return {lang: next((known[each] for each in (lang, *FALLBACKS) if each in known), code) for lang in LANGUAGES}


class _Said:
    """What this process says; documents are made deep below the code that knows the ledger."""

    def __init__(self) -> None:
        self.names = _shipped_names()


_said = _Said()
