"""The base of every schema and field: unknown fields are refused, and every message says what to send instead.

Every message is "slug: sentence": the slug becomes the `code` of an error, the sentence its `detail`.
"""

import itertools
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from marshmallow import RAISE, Schema, ValidationError, fields

from service.domain.errors import FieldError, ValidationFailed

ERRORS_TOLD_MAX = 20
"""How many errors of one document are named: an object of 256 KiB may have 20,000 fields that are wrong."""
NAME_TOLD_MAX = 100
"""How many characters of a field's name a pointer shows: the name of an unknown field may have any length."""

_STANDARD_MESSAGES = {
    "required": "required: Send this field.",
    "null": "null: Leave the field out instead of sending null.",
    "validator_failed": "invalid: Send another value.",
}
_TEXT_MESSAGES: dict[str, str | list[Any] | dict[Any, Any]] = {
    **_STANDARD_MESSAGES,  # A schema gives these to its fields, but not to a field inside a list or a map.
    "invalid": "not-text: Send text in quotation marks.",
}


class StrictSchema(Schema):
    """The base of every schema: unknown fields are errors, and so is a body that is no object."""

    class Meta:
        """Makes unknown fields an error."""

        unknown = RAISE

    error_messages: dict[str, str] = {  # noqa: RUF012 (marshmallow declares it so)
        "unknown": "unknown-field: This field is not known; leave it out.",
        "type": "not-an-object: Send a JSON object.",
    }

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Gives every field, of any kind, messages of a slug and a sentence."""
        field_obj.error_messages = {**field_obj.error_messages, **_STANDARD_MESSAGES}

    def read(self, document: object) -> Any:
        """The domain's value of a document. Raises ValidationFailed, which names the wrong fields (ERRORS_TOLD_MAX)."""
        document, left_out = self._with_few_unknown(document)
        try:
            return self.load(cast(Mapping[str, Any], document))  # marshmallow itself refuses what is no mapping.
        except ValidationError as error:
            # The error and marshmallow's frame refer to each other. Without this, 10,000 wrong lines would stay in
            # memory until Python looks for cycles.
            error.__traceback__ = None
            raise refusal_of(error, left_out) from None

    def _with_few_unknown(self, document: object) -> tuple[object, int]:
        """The document without the unknown fields that the refusal would not name, and the number of these fields."""
        if not isinstance(document, dict) or len(document) <= len(self.load_fields) + ERRORS_TOLD_MAX:
            return document, 0
        known = {field.data_key or name for name, field in self.load_fields.items()}
        unknown = itertools.islice((name for name in document if name not in known), ERRORS_TOLD_MAX)
        kept = {name: document[name] for name in [*(name for name in known if name in document), *unknown]}
        return kept, len(document) - len(kept)


def refusal_of(error: ValidationError, left_out: int = 0) -> ValidationFailed:
    """The refusal that names the fields of a marshmallow error by JSON pointers; `left_out` more fields are wrong."""
    problems = tuple(_flatten("", error.messages))
    wrong = len(problems) + left_out
    told = "each" if wrong <= ERRORS_TOLD_MAX else f"the first {ERRORS_TOLD_MAX}"
    return ValidationFailed(f"{wrong} field(s) can't be used; errors names {told}.", errors=problems[:ERRORS_TOLD_MAX])


def _flatten(pointer: str, messages: Any) -> list[FieldError]:
    if isinstance(messages, Mapping):
        return [problem for key, value in messages.items() for problem in _flatten(_below(pointer, key), value)]
    if isinstance(messages, list):
        return [problem for message in messages for problem in _flatten(pointer, message)]
    code, _, detail = str(messages).partition(": ")
    return [FieldError(pointer, code, detail)] if detail else [FieldError(pointer, "invalid", code)]


def _below(pointer: str, key: object) -> str:
    # marshmallow uses the name "_schema" for the object itself.
    if key == "_schema":
        return pointer
    name = str(key) if len(str(key)) <= NAME_TOLD_MAX else f"{str(key)[:NAME_TOLD_MAX]}…"
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


class Translated(fields.String):
    """A field that is text on the wire and another value in the domain.

    `parse` makes the domain value, and may raise ValueError with a sentence; `render` makes the text.
    """

    slug = "invalid"
    properties: ClassVar[dict[str, Any]] = {}
    default_error_messages = _TEXT_MESSAGES

    def __init__(self, **kwargs: Any) -> None:
        """Adds the field's properties, which describe the format in the OpenAPI document."""
        kwargs["metadata"] = {**self.properties, **kwargs.get("metadata", {})}
        super().__init__(**kwargs)

    def parse(self, text: str) -> Any:
        """The domain value of a text."""
        return text

    def render(self, value: Any) -> str:
        """The text of a domain value."""
        return str(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else self.render(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            return self.parse(value)
        except ValueError as error:
            raise ValidationError(f"{self.slug}: {error}") from None
