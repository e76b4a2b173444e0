"""Reads and writes documents by the rules of their schema at a fraction of the cost, for posts that come by thousands.

The fields' own `parse` decides what is right, so this module can't accept what the schema refuses. It leaves each
document that is not clearly right to the schema, because only the schema can say what is wrong.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from marshmallow import Schema, ValidationError, fields, missing

from schemas.choices import OneOf
from schemas.fields import CountryCode, HsCode, Instant, Slug, Text
from schemas.strict import Translated
from service.domain.made_once import MadeOnce

VALUES_KNOWN_MAX = 10_000
SHAPES_KNOWN_MAX = 256
_REPEATED = (CountryCode, HsCode, Instant, OneOf, Slug, Text)
"""Fields whose values come again and again: each value is parsed once and then remembered."""
_MOSTLY_NEW = ("reference",)
"""Fields of these kinds whose values are their own in nearly every document."""

Record = TypeVar("Record", bound=tuple[Any, ...])


class _Plan(NamedTuple):
    """How a member of a document is read: its place in the record, and one of two ways to make its value.

    `known` makes and remembers the values of a field whose values come again and again, and null where it is allowed.
    """

    place: int
    may_be_null: bool
    parse: Callable[[str], Any]
    known: MadeOnce[Any, Any] | None


class QuickReader(Generic[Record]):
    """Reads documents in which a schema would find nothing wrong.

    The documents of a batch mostly name the same members in the same order, so the function that reads them is made
    once for each order.
    """

    def __init__(self, schema: Schema, record: type[Record]) -> None:
        """`record` is a named tuple with a field for each attribute of the schema, and a default where it has none."""
        named: Any = record
        self._record = record
        self._plans: dict[str, _Plan] = {}
        self._defaults: list[Any] = [named._field_defaults.get(name) for name in named._fields]
        self._required = {name for name, field in schema.load_fields.items() if field.required}
        self._readers: dict[tuple[str, ...], Callable[[dict[str, Any]], Record | None] | None] = {}
        for name, field in schema.load_fields.items():
            place = named._fields.index(field.attribute or name)
            if field.load_default is not missing:
                self._defaults[place] = field.load_default
            # The schema itself reads a document that has a field of another kind.
            if isinstance(field, Translated) and not field.validators:
                self._plans[name] = _Plan(place, field.allow_none, field.parse, _known_values(name, field))

    def read(self, document: object) -> Record | None:
        """The record of a document; None when the schema must read the document itself."""
        if type(document) is not dict:
            return None
        names = tuple(document)
        try:
            reader = self._readers[names]
        except KeyError:
            reader = self._reader_for(names)
        if reader is None:
            return None
        try:
            return reader(document)
        except (ValueError, ValidationError, TypeError):  # A list or an object can't be looked up: that is a TypeError.
            return None

    def _reader_for(self, names: tuple[str, ...]) -> Callable[[dict[str, Any]], Record | None] | None:
        reader = None
        if len(names) > len(self._plans):
            return None  # Some names are unknown. Callers must not fill the memory with long readers.
        if self._required.issubset(names) and self._plans.keys() >= set(names):
            reader = self._made([self._plans[name] for name in names])
        if len(self._readers) >= SHAPES_KNOWN_MAX:
            self._readers.clear()
        self._readers[names] = reader
        return reader

    def _made(self, plans: Sequence[_Plan]) -> Callable[[dict[str, Any]], Record | None]:
        """The function that reads the values of members in this order: a loop over them would take twice the time.

        Its text has numbers and no names of members.
        """
        used: dict[str, Any] = {f"default{n}": value for n, value in enumerate(self._defaults)}
        used |= {"make": tuple.__new__, "record": self._record}
        made, wrong = list(used)[: len(self._defaults)], ["False"]
        for n, plan in enumerate(plans):
            if plan.known is not None:
                used[f"known{n}"], made[plan.place] = plan.known, f"known{n}[value{n}]"
                continue
            used[f"parse{n}"], made[plan.place] = plan.parse, f"parse{n}(value{n})"
            wrong.append(f"type(value{n}) is not str")
            if plan.may_be_null:
                made[plan.place] = f"None if value{n} is None else {made[plan.place]}"
                wrong[-1] = f"value{n} is not None and {wrong[-1]}"
        source = (
            f"def read(document):\n"
            f"    {''.join(f'value{n}, ' for n in range(len(plans)))} = document.values()\n"
            f"    if {' or '.join(wrong)}:\n        return None\n"
            f"    return make(record, ({', '.join(made)},))\n"
        )
        exec(source, used)  # noqa: S102 (the source is made above, and no caller's text is in it)
        reader: Callable[[dict[str, Any]], Record | None] = used["read"]
        return reader


def _known_values(name: str, field: Translated) -> MadeOnce[Any, Any] | None:
    """The values of a field that come again and again, by their texts; None for a field whose values are mostly new."""
    if name in _MOSTLY_NEW or not isinstance(field, _REPEATED):
        return None

    def read(value: object) -> Any:
        """The field's value of a member's value. Raises ValueError for a value that the schema must look at."""
        if value is None and field.allow_none:
            return None
        if type(value) is not str:
            raise ValueError
        return field.parse(value)

    return MadeOnce(read, VALUES_KNOWN_MAX)


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
