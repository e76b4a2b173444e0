"""Reading and writing documents by the rules of their schema at a fraction of the cost: posts come by the thousand.

The fields' own `parse` decides what is right, so nothing can be accepted here that the schema refuses. Whatever is not
plainly right is left to the schema, which alone knows how to say what is wrong.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing

from schemas.choices import OneOf
from schemas.fields import CountryCode, HsCode, Slug, Text
from schemas.strict import Translated

VALUES_KNOWN_MAX = 10_000
_REPEATED = (CountryCode, HsCode, OneOf, Slug, Text)
"""Fields whose values come back all the time: each is parsed once."""


class QuickReader:
    """Reads what a schema would read without a complaint."""

    def __init__(self, schema: Schema) -> None:
        """Knows the fields that translate text and nothing else; a document with other fields is left to the schema."""
        self._parsers: dict[str, tuple[str, Callable[[str], Any], bool]] = {}
        self._defaults: dict[str, Any] = {}
        self._required: set[str] = set()
        for name, field in schema.load_fields.items():
            attribute = field.attribute or name
            if field.load_default is not missing:
                self._defaults[attribute] = field.load_default
            if field.required:
                self._required.add(name)
            if isinstance(field, Translated) and not field.validators:
                self._parsers[name] = attribute, _parser(field), field.allow_none

    def read(self, document: object) -> dict[str, Any] | None:
        """The values by attribute; None when the schema must look at the document itself."""
        if type(document) is not dict or not self._required <= document.keys():
            return None
        values = dict(self._defaults)
        try:
            for name, value in document.items():
                attribute, parse, may_be_null = self._parsers[name]
                if type(value) is str:
                    values[attribute] = parse(value)
                elif value is None and may_be_null:
                    values[attribute] = None
                else:
                    return None
        except (KeyError, ValueError, ValidationError):
            return None
        return values


def _parser(field: Translated) -> Callable[[str], Any]:
    return functools.lru_cache(VALUES_KNOWN_MAX)(field.parse) if isinstance(field, _REPEATED) else field.parse


class QuickWriter:
    """Writes what a schema would dump, of objects that have every attribute of it."""

    def __init__(self, schema: Schema) -> None:
        """Raises TypeError for a field of a kind that it can't write as marshmallow does."""
        self._names = tuple(field.data_key or name for name, field in schema.dump_fields.items())
        self._renders = tuple(_renderer(field) for field in schema.dump_fields.values())
        # A function is given the object itself, everything else its attribute.
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
    """How a field writes a value that is there; None for a value that is written as it is."""
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
