"""Describes the fields of an entry: a field's kind, its column in the journal, its place in the canonical bytes.

The class `Transaction` (service.domain.transactions) is the only place that lists the fields of an entry. This module
reads them from it. The columns of the journal, the canonical bytes, the dimensions of the cube and what a reversal
takes over from its trade all follow from the names, the types and the marks of that class (docs/adding-a-field.md).
"""

import datetime
import enum
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

FIRST_VERSION = 1
"""The version of the canonical bytes from before any field was added."""

_MEASURE_SUFFIXES = ("_g", "_fen")


class ValueKind(enum.Enum):
    """The kind of a field's values. The order here is the order of the canonical bytes."""

    ID = enum.auto()
    ORDINAL = enum.auto()
    DAY = enum.auto()
    MEASURE = enum.auto()
    INSTANT = enum.auto()
    FLAG = enum.auto()
    TEXT = enum.auto()
    PAIRS = enum.auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """What the name and the type of a field don't say about it.

    `column` is the field's name in the journal, and `dimension` its name in reports. `since` is the version of the
    canonical bytes that added the field. A reversal has the value of its trade, unless the field `is_own`.
    """

    column: str | None = None
    dimension: str | None = None
    since: int = FIRST_VERSION
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class EntryField:
    """A field of an entry, with all that the class of the entry says about it."""

    name: str
    kind: ValueKind
    is_optional: bool
    column: str
    dimension: str | None
    since: int
    is_own: bool

    @property
    def is_required_text(self) -> bool:
        """Whether the field is a text that every entry has."""
        return self.kind is ValueKind.TEXT and not self.is_optional


def fields_of(record: type) -> tuple[EntryField, ...]:
    """The fields of a named tuple, in its order. Raises TypeError for a type that no kind of value has."""
    return tuple(_field(name, hint) for name, hint in get_type_hints(record, include_extras=True).items())


def unless_null(convert: Callable[[Any], Any], field: EntryField) -> Callable[[Any], Any]:
    """The conversion of a field's values; where the field may be null, it leaves null as it is."""
    if not field.is_optional:
        return convert
    return lambda value: None if value is None else convert(value)


def _field(name: str, hint: Any) -> EntryField:
    mark = Mark()
    if get_origin(hint) is Annotated:
        hint, mark = get_args(hint)
    is_optional = type(None) in get_args(hint)
    stated = next(member for member in get_args(hint) if member is not type(None)) if is_optional else hint
    return EntryField(
        name=name,
        kind=_kind(name, stated),
        is_optional=is_optional,
        column=mark.column or name,
        dimension=mark.dimension,
        since=mark.since,
        is_own=mark.is_own,
    )


_KINDS: Mapping[Any, ValueKind] = {
    uuid.UUID: ValueKind.ID,
    datetime.date: ValueKind.DAY,
    datetime.datetime: ValueKind.INSTANT,
    bool: ValueKind.FLAG,
    str: ValueKind.TEXT,
    Mapping: ValueKind.PAIRS,
}


def _kind(name: str, hint: Any) -> ValueKind:
    if hint is int:
        return ValueKind.MEASURE if name.endswith(_MEASURE_SUFFIXES) else ValueKind.ORDINAL
    found = _KINDS.get(get_origin(hint) or hint)
    if found is None and all(isinstance(word, str) for word in get_args(hint) or [None]):
        found = ValueKind.TEXT  # The type is a Literal: the value is one of several words.
    if found is None:
        raise TypeError(f"{name} is a {hint}, and no kind of value is")
    return found


_NUMBERS = {ValueKind.ORDINAL: 1, ValueKind.DAY: 1, ValueKind.MEASURE: 2, ValueKind.INSTANT: 3}
_SEALED_RANKS = {ValueKind.ID: 0, **_NUMBERS, ValueKind.FLAG: 4, ValueKind.TEXT: 5, ValueKind.PAIRS: 6}


def in_sealed_order(fields: Sequence[EntryField]) -> tuple[EntryField, ...]:
    """The fields in the order of the canonical bytes: ids, numbers, flags, texts, pairs, then the later fields.

    Later fields are those that a later version has added.
    """
    return tuple(sorted(fields, key=lambda field: (field.since, _SEALED_RANKS[field.kind])))


def in_column_order(fields: Sequence[EntryField]) -> tuple[EntryField, ...]:
    """The fields in the order of the journal's columns: fields that every row has come first, numbers before texts.

    A database adds a column at the end, so fields that a later version has added come last.
    """
    return tuple(sorted(fields, key=lambda field: (field.since, _column_rank(field))))


def _column_rank(field: EntryField) -> int:
    if field.kind in _NUMBERS:
        return _NUMBERS[field.kind]
    if field.kind is ValueKind.ID and not field.is_optional:
        return 0
    return 4 if field.is_required_text else 5
