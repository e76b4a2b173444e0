"""The operator's rule files: dated rows of rules as JSON, read strictly. docs/RULES.md describes the format."""

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.fields import BusinessDay, Text, TradingDay
from schemas.strict import StrictSchema, Translated
from service.domain.errors import ValidationFailed
from service.domain.money import CNY_PATTERN, KG_PATTERN, format_cny, format_kg, parse_cny, parse_kg
from service.domain.rule_files import (
    FILE_BYTES_MAX,
    FILE_NAME_LENGTH_MAX,
    FREE_G_MAX,
    LIMIT_FEN_MAX,
    PREFIXES_MAX,
    RULE_NAME_LENGTH_MAX,
    RULE_TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
)

_TITLES = ("zh", "en", "mn")


class LimitCny(Translated):
    """A value limit: text in CNY on the wire, fen in the domain. It may be zero."""

    slug = "not-an-amount"
    properties: ClassVar[dict[str, Any]] = {"pattern": CNY_PATTERN, "examples": ["8000.00"]}

    def parse(self, text: str) -> int:
        """Reads CNY as fen, and refuses more than a column can hold."""
        limit_fen = parse_cny(text)
        if limit_fen > LIMIT_FEN_MAX:
            raise ValueError(f"Send at most {format_cny(LIMIT_FEN_MAX)} CNY.")
        return limit_fen

    def render(self, value: int) -> str:
        """Writes fen as CNY with 2 decimals."""
        return format_cny(value)


class FreeKg(Translated):
    """A free weight: text in kilograms on the wire, grams in the domain. It may be zero."""

    slug = "not-a-weight"
    properties: ClassVar[dict[str, Any]] = {"pattern": KG_PATTERN, "examples": ["50.000"]}

    def parse(self, text: str) -> int:
        """Reads kilograms as grams, and refuses more than a column can hold."""
        free_g = parse_kg(text)
        if free_g > FREE_G_MAX:
            raise ValueError(f"Send at most {format_kg(FREE_G_MAX)} kg.")
        return free_g

    def render(self, value: int) -> str:
        """Writes grams as kilograms with 3 decimals."""
        return format_kg(value)


class RuleName(Translated):
    """The code of a category or of a list group."""

    slug = "not-a-name"
    properties: ClassVar[dict[str, Any]] = {"pattern": f"^[a-z][a-z0-9_]{{0,{RULE_NAME_LENGTH_MAX - 1}}}$"}
    _pattern = re.compile(rf"[a-z][a-z0-9_]{{0,{RULE_NAME_LENGTH_MAX - 1}}}", re.ASCII)

    def parse(self, text: str) -> str:
        """Checks the name, and returns it unchanged."""
        if self._pattern.fullmatch(text) is None:
            raise ValueError(f"Send 1 to {RULE_NAME_LENGTH_MAX} lower-case letters, digits or _, such as rape_seed.")
        return text


class RulePrefix(Translated):
    """The first digits of HS codes."""

    slug = "not-an-hs-prefix"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^[0-9]{2,10}$", "examples": ["1001"]}
    _pattern = re.compile(r"[0-9]{2,10}", re.ASCII)

    def parse(self, text: str) -> str:
        """Checks the digits, and returns them unchanged."""
        if self._pattern.fullmatch(text) is None:
            raise ValueError("Send 2 to 10 digits, such as 1001.")
        return text


class Flag(fields.Boolean):
    """true or false, and no other value that could mean one of them."""

    default_error_messages = {"invalid": "not-a-boolean: Send true or false."}  # noqa: RUF012 (marshmallow's way)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class DatedRowSchema(StrictSchema):
    """What each row says of itself: when it holds, where it comes from, and whether that is confirmed."""

    valid_from = TradingDay(required=True)
    valid_to = BusinessDay(required=True, allow_none=True)
    legal_basis = Text(RULE_TEXT_LENGTH_MAX, required=True)
    source = Text(RULE_TEXT_LENGTH_MAX, required=True)
    verified = Flag(required=True)

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Lets `valid_to` be null; it must be sent, so that nobody leaves the end of a rule out by mistake."""
        super().on_bind_field(field_name, field_obj)
        if field_name == "valid_to":
            required = "required: Send this field: the last day, or null when the rule has no end."
            field_obj.error_messages = {**field_obj.error_messages, "required": required}

    @validates_schema
    def _refuse_a_span_without_days(self, data: dict[str, Any], **_kwargs: Any) -> None:
        last = data["valid_to"]
        if last is not None and last < data["valid_from"]:
            raise ValidationError({"valid_to": ["not-a-period: Send a day not before valid_from, or null."]})


class ValueLimitRowSchema(DatedRowSchema):
    """What one resident may bring in free of duty on one business day."""

    limit_cny = LimitCny(required=True)


class NamedRowSchema(DatedRowSchema):
    """A row about a category or a list group. A repeal has only its name, beside what each row says of itself."""

    name = RuleName(required=True)
    repealed = Flag()
    zh = Text(TITLE_LENGTH_MAX)
    en = Text(TITLE_LENGTH_MAX)
    mn = Text(TITLE_LENGTH_MAX)
    hs_prefixes = fields.List(RulePrefix(), validate=validate.Length(1, PREFIXES_MAX))

    needed: ClassVar[tuple[str, ...]] = ("hs_prefixes",)
    """The members that a row has unless it is a repeal."""
    optional: ClassVar[tuple[str, ...]] = _TITLES

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Words the messages of a list as all others are worded."""
        super().on_bind_field(field_name, field_obj)
        if field_name == "hs_prefixes":
            wrong = 'not-a-list: Send a list of texts, such as ["1001"].'
            field_obj.error_messages = {**field_obj.error_messages, "invalid": wrong}
            field_obj.validators = [_prefixes]

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _refuse_other_members(self, _data: Any, original: Any, **_kwargs: Any) -> None:
        if not isinstance(original, dict):
            return
        if original.get("repealed") is True:
            told = "unknown-field: Leave it out: a row that repeals has the name and the dates alone."
            wrong = {name: [told] for name in (*self.needed, *self.optional) if name in original}
        else:
            wrong = {name: ["required: Send this field."] for name in self.needed if name not in original}
        if wrong:
            raise ValidationError({**wrong})


class ListGroupRowSchema(NamedRowSchema):
    """Goods that share a free weight for each resident and business day."""

    free_kg = FreeKg()
    needed: ClassVar[tuple[str, ...]] = ("hs_prefixes", "free_kg")


class CategoryRowSchema(NamedRowSchema):
    """A business group of goods, and whether an import needs an HS code."""

    hs_code_required = Flag()
    optional: ClassVar[tuple[str, ...]] = (*_TITLES, "hs_code_required")


class RuleFileSchema(StrictSchema):
    """A rule file: its name, and rows of one to three kinds."""

    name = Text(FILE_NAME_LENGTH_MAX, required=True)
    about = Text(RULE_TEXT_LENGTH_MAX)
    value_limits = fields.List(fields.Nested(ValueLimitRowSchema))
    list_groups = fields.List(fields.Nested(ListGroupRowSchema))
    categories = fields.List(fields.Nested(CategoryRowSchema))

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Words the messages of a list as all others are worded."""
        super().on_bind_field(field_name, field_obj)
        if isinstance(field_obj, fields.List):
            field_obj.error_messages = {**field_obj.error_messages, "invalid": "not-a-list: Send a list of rows."}


def read_rule_document(content: bytes) -> str:
    """Checks the bytes of a rule file, and returns their text, without a byte order mark.

    Raises ValidationFailed, which names each member that is wrong by its pointer (at most ERRORS_TOLD_MAX).
    """
    if len(content) > FILE_BYTES_MAX:
        raise ValidationFailed.of("", "too-large", f"Send a file of at most {FILE_BYTES_MAX // 1024} KiB.")
    try:
        text = content.decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise ValidationFailed.of("", "not-utf-8", "The file is not UTF-8; save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        told = f"This is no JSON ({error.msg}, line {error.lineno}, character {error.colno})."
        raise ValidationFailed.of("", "malformed-json", told) from None
    except (ValueError, RecursionError) as error:
        raise ValidationFailed.of("", "malformed-json", str(error)) from None
    RuleFileSchema().read(document)
    return text


def _prefixes(prefixes: list[str]) -> None:
    if not 1 <= len(prefixes) <= PREFIXES_MAX:
        raise ValidationError(f"not-a-list: Send 1 to {PREFIXES_MAX} prefixes.")
    if len(set(prefixes)) < len(prefixes):
        raise ValidationError("repeated: A prefix is there twice; send each once.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The member {repeated[:RULE_NAME_LENGTH_MAX]!r} is there twice in one object; send it once.")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON; send amounts and weights as text.")
