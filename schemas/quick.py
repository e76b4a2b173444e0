"""Reads and writes documents by the rules of their schema at a fraction of the cost, for posts that come by thousands.

The fields' own `parse` decides what is right, so this module can't accept what the schema refuses. It leaves each
document that is not clearly right to the schema, because only the schema can say what is wrong.
"""

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from marshmallow import Schema, ValidationError, fields, missing

from schemas.choices import OneOf
from schemas.fields import CountryCode, HsCode, Instant, Slug, Text
from schemas.strict import Translated

VALUES_KNOWN_MAX = 10_000
SHAPES_KNOWN_MAX = 256
_REPEATED = (CountryCode, HsCode, Instant, OneOf, Slug, Text)
"""Fields whose values come again and again: each value is parsed once and then remembered."""


Record = TypeVar("Record", bound=tuple[Any, ...])
FieldPlan = list[tuple[Callable[[str], Any], int, bool]]
"""For each member of a document, in order: its parser, its place in the record, and whether it may be null."""


class QuickReader(Generic[Record]):
    """Reads documents in which a schema would find nothing wrong.

    The documents of a batch mostly name the same members in the same order, so the plan to read them is made once.
    """

    def __init__(self, schema: Schema, record: type[Record]) -> None:
        """`record` is a named tuple with a field for each attribute of the schema, and a default where it has none."""
        named: Any = record
        self._make: Callable[[Iterable[Any]], Record] = named._make
        self._parsers: dict[str, tuple[Callable[[str], Any], int, bool]] = {}
        self._defaults: list[Any] = [named._field_defaults.get(name) for name in named._fields]
        self._required = {name for name, field in schema.load_fields.items() if field.required}
        self._plans: dict[tuple[str, ...], FieldPlan | None] = {}
        for name, field in schema.load_fields.items():
            place = named._fields.index(field.attribute or name)
            if field.load_default is not missing:
                self._defaults[place] = field.load_default
            # The schema itself reads a document that has a field of another kind.
            if isinstance(field, Translated) and not field.validators:
                self._parsers[name] = _parser(field), place, field.allow_none

    def read(self, document: object) -> Record | None:
        """The record of a document; None when the schema must read the document itself."""
        if type(document) is not dict:
            return None
        names = tuple(document)
        plan = self._plans[names] if names in self._plans else self._plan_for(names)
        if plan is None:
            return None
        values = self._defaults.copy()
        try:
            for (parse, place, may_be_null), value in zip(plan, document.values(), strict=True):
                if type(value) is str:
                    values[place] = parse(value)
                elif value is None and may_be_null:
                    values[place] = None
                else:
                    return None
        except (ValueError, ValidationError):
            return None
        return self._make(values)

    def _plan_for(self, names: tuple[str, ...]) -> FieldPlan | None:
        plan = None
        if len(names) > len(self._parsers):
            return None  # Some names are unknown. Callers must not fill the memory with long plans.
        if self._required.issubset(names) and self._parsers.keys() >= set(names):
            plan = [self._parsers[name] for name in names]
        if len(self._plans) >= SHAPES_KNOWN_MAX:
            self._plans.clear()
        self._plans[names] = plan
        return plan


def _parser(field: Translated) -> Callable[[str], Any]:
    return functools.lru_cache(VALUES_KNOWN_MAX)(field.parse) if isinstance(field, _REPEATED) else field.parse


class QuickWriter:
    """Writes what a schema would dump, for objects that have every attribute of the schema."""

    def __init__(self, schema: Schema) -> None:
        """Prepares a writer for each field. Raises TypeError for a field that it can't write as marshmallow does."""
        self._names = tuple(field.data_key or name for name, field in schema.dump_fields.items())
        self._renders = tuple(_renderer(field) for field in schema.dump_fields.values())
        # A function field gets the object itself; every other field gets its attribute.
        attributes = [
            _ITSELF if isinstance(field, fields.Function) else field.attribute or name
            for name, field in schema.dump_fields.items()
        ]
        self._values_of = operator.attrgetter(*(name for name in attributes if name is not _ITSELF))
        self._of_itself = tuple(place for place, name in enumerate(attributes) if name is _ITSELF)

    def dump(self, value: object) -> dict[str, Any]:
        """The document of an object."""
        values = list(self._values_of(value))
        for place in self._of_itself:
            values.insert(place, value)
        return {
            name: value if value is None or render is None else render(value)
            for name, render, value in zip(self._names, self._renders, values, strict=True)
        }


_ITSELF = ""


def _renderer(field: fields.Field[Any]) -> Callable[[Any], Any] | None:
    """The function that writes a field's value when it is not null; None when the value is written as it is."""
    if isinstance(field, Translated):
        return field.render
    if isinstance(field, fields.UUID):
        return str
    if isinstance(field, fields.Function) and field.serialize_func is not None:
        function: Callable[[Any], Any] = field.serialize_func
        return function
    if isinstance(field, fields.String | fields.Integer | fields.Boolean):
        return None
    if isinstance(field, fields.Dict) and isinstance(field.key_field, fields.String):
        return dict
    raise TypeError(f"{type(field).__name__} is left to the schema.")
