"""The columns of a file of entries: the fields of an answer, each as one value."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar
from uuid import UUID

import orjson

from schemas.transactions import ListedTransactionSchema

ENTRIES_IN_A_PIECE = 500
COUNT = "count"
"""The first cell of the last line, and the name of its value in NDJSON."""

RECORDER, RECORDER_NAME = "recorded_by", "recorded_by_name"
NUMBERS = frozenset({"quantity_kg", "amount_cny", "exempt_cny", "taxable_cny"})
"""The columns whose values are numbers for people; as text they are written like all others."""

T = TypeVar("T")


def columns() -> list[str]:
    """The names of the columns, in the order of an answer. The recorder has one for its id and one for its name."""
    names: list[str] = []
    for name in ListedTransactionSchema().fields:
        names += [RECORDER, RECORDER_NAME] if name == RECORDER else [name]
    return names


def values_of(entry: Mapping[str, Any], names: Iterable[str]) -> list[str | None]:
    """The values of an entry as texts; lists and objects are written as JSON."""
    recorder = entry[RECORDER] or {}
    flat = {**entry, RECORDER: recorder.get("id"), RECORDER_NAME: recorder.get("name")}
    return [_text(flat[name]) for name in names]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, UUID):
        return str(value)
    return orjson.dumps(value).decode()


def pieces_of(entries: Iterable[T], size: int = ENTRIES_IN_A_PIECE) -> Iterator[list[T]]:
    """The entries in lists of `size`; the last list may be shorter."""
    remaining = iter(entries)
    while some := list(itertools.islice(remaining, size)):
        yield some
