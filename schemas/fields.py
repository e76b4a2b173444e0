"""The fields of the wire format: money, weight, ids, business days, instants. They never guess and never round.

Each field parses text into a domain value and renders it back; schemas.strict has what they have in common.
"""

import datetime
import re
import unicodedata
from typing import Any, ClassVar

from marshmallow import ValidationError, fields

from schemas.examples import EXAMPLES
from schemas.strict import Translated
from service.domain.groups import group_id, parse_group_id
from service.domain.money import CNY_PATTERN, KG_PATTERN, format_cny, format_kg, parse_cny, parse_kg
from service.domain.residents import parse_citizen_number, parse_name, parse_resident_id, resident_id
from service.domain.texts import normal_text
from service.domain.transactions import FIRST_TRADING_DAY, MARKET_TIME

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_HOUR_AND_MINUTE = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
HS_CODE_LENGTH_MAX = 10
# The pattern is strict: the standard library also accepts an offset of +08:75, and from Python 3.14 on the hour 24.
_INSTANT = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{_HOUR_AND_MINUTE}:[0-9]{{2}}(?:\.[0-9]{{1,9}})?(?:[Zz]|[+-]{_HOUR_AND_MINUTE})",
    re.ASCII,
)


class Cny(Translated):
    """An amount above zero: text in CNY on the wire, fen in the domain."""

    slug = "not-an-amount"
    properties: ClassVar[dict[str, Any]] = {"pattern": CNY_PATTERN, "examples": ["7800.00"]}

    def parse(self, text: str) -> int:
        """Reads CNY as fen."""
        amount_fen = parse_cny(text)
        if amount_fen == 0:
            raise ValueError("Send an amount above zero.")
        return amount_fen

    def render(self, value: int) -> str:
        """Writes fen as CNY with 2 decimals."""
        return format_cny(value)


class Kg(Translated):
    """A weight above zero: text in kilograms on the wire, grams in the domain."""

    slug = "not-a-weight"
    properties: ClassVar[dict[str, Any]] = {"pattern": KG_PATTERN, "examples": ["467.065"]}

    def parse(self, text: str) -> int:
        """Reads kilograms as grams."""
        quantity_g = parse_kg(text)
        if quantity_g == 0:
            raise ValueError("Send a weight above zero.")
        return quantity_g

    def render(self, value: int) -> str:
        """Writes grams as kilograms with 3 decimals."""
        return format_kg(value)


class SignedCny(Cny):
    """An amount in an answer; the amount of a reversal is negative."""

    properties: ClassVar[dict[str, Any]] = {"pattern": r"^-?[0-9]+\.[0-9]{2}$", "examples": ["7800.00"]}


class SignedKg(Kg):
    """A weight in an answer; the weight of a reversal is negative."""

    properties: ClassVar[dict[str, Any]] = {"pattern": r"^-?[0-9]+\.[0-9]{3}$", "examples": ["467.065"]}


class ResidentId(Translated):
    """A resident: the public id on the wire, the dense ordinal in the domain."""

    slug = "not-a-resident-id"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^R(?!0{8})[0-9]{8}$", "examples": ["R00000001"]}

    def parse(self, text: str) -> int:
        """Reads the public id as the ordinal."""
        return parse_resident_id(text)

    def render(self, value: int) -> str:
        """Writes the ordinal as the public id."""
        return resident_id(value)


class GroupId(Translated):
    """A group: the public id on the wire, the ordinal in the domain."""

    slug = "not-a-group-id"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^G(?!0{6})[0-9]{6}$", "examples": ["G000001"]}

    def parse(self, text: str) -> int:
        """Reads the public id as the ordinal."""
        return parse_group_id(text)

    def render(self, value: int) -> str:
        """Writes the ordinal as the public id."""
        return group_id(value)


class CitizenNumber(Translated):
    """A citizen number by GB 11643-1999; a lower-case x becomes X."""

    slug = "not-a-citizen-number"
    properties: ClassVar[dict[str, Any]] = {
        "pattern": "^[0-9]{17}[0-9Xx]$",
        "examples": ["152501199001011238"],
        "description": "GB 11643-1999: 17 digits with an existing birth date, and the check character.",
    }

    def parse(self, text: str) -> str:
        """Reads the number, and returns it with an upper-case X."""
        return parse_citizen_number(text)


class ResidentName(Translated):
    """A resident's name in any script."""

    slug = "not-a-name"
    properties: ClassVar[dict[str, Any]] = {"minLength": 2, "maxLength": 60, "examples": [EXAMPLES["resident_name"]]}

    def parse(self, text: str) -> str:
        """Reads the name, and returns it in its normal form."""
        return parse_name(text)


class BusinessDay(Translated):
    """A calendar date in Asia/Shanghai."""

    slug = "not-a-day"
    properties: ClassVar[dict[str, Any]] = {"format": "date", "examples": ["2024-06-30"]}

    def parse(self, text: str) -> datetime.date:
        """Reads the day."""
        if _DATE.fullmatch(text) is None:
            raise ValueError("Send a day as YYYY-MM-DD, such as 2024-06-30.")
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise ValueError("There is no such day in the calendar; send an existing one as YYYY-MM-DD.") from None


class TradingDay(BusinessDay):
    """A business day on which the ledger may hold trades: 2000-01-01 or later."""

    def parse(self, text: str) -> datetime.date:
        """Reads the day, and refuses one before FIRST_TRADING_DAY."""
        day = super().parse(text)
        if day < FIRST_TRADING_DAY:
            raise ValueError(f"Send a day not before {FIRST_TRADING_DAY}.")
        return day


class Instant(Translated):
    """An instant with its offset (RFC 3339); in the domain and in answers it is in the market's time."""

    slug = "not-an-instant"
    properties: ClassVar[dict[str, Any]] = {"format": "date-time", "examples": ["2024-06-30T09:30:00+08:00"]}

    def parse(self, text: str) -> datetime.datetime:
        """Reads the instant, and returns it in Asia/Shanghai, exact to the microsecond."""
        if _INSTANT.fullmatch(text) is None:
            raise ValueError("Send an instant with seconds and an offset, such as 2024-06-30T09:30:00+08:00.")
        try:
            instant = datetime.datetime.fromisoformat(text.upper()).astimezone(MARKET_TIME)
        except (ValueError, OverflowError):
            raise ValueError("There is no such instant; send an existing date, time and offset.") from None
        if instant.date() < FIRST_TRADING_DAY:
            raise ValueError(f"Send an instant not before {FIRST_TRADING_DAY} in Asia/Shanghai.")
        return instant

    def render(self, value: datetime.datetime) -> str:
        """Writes the instant by RFC 3339 with the market's offset."""
        return value.astimezone(MARKET_TIME).isoformat()


class Text(Translated):
    """Free text of limited length without control characters, in the normal form in which the ledger keeps texts."""

    slug = "not-usable-text"

    def __init__(self, length_max: int, **kwargs: Any) -> None:
        """`length_max` is a number of characters."""
        self.length_max = length_max
        described = {"minLength": 1, "maxLength": length_max, **kwargs.pop("metadata", {})}
        super().__init__(metadata=described, **kwargs)

    def parse(self, text: str) -> str:
        """Reads the text, and returns it in its normal form, without invisible parts (domain.texts)."""
        if text.isascii() and text.isprintable() and 0 < len(text) <= self.length_max and text == text.strip(" "):
            return text  # A plain text is in its normal form already.
        text = normal_text(text)
        if not text:
            raise ValueError(f"Send 1 to {self.length_max} characters, and not only blanks or invisible ones.")
        if len(text) > self.length_max:
            raise ValueError(f"Send 1 to {self.length_max} characters.")
        if not text.isprintable() and any(unicodedata.category(c) in _UNPRINTABLE for c in text):
            raise ValueError("Send text without control characters.")
        return text


class TextMap(fields.Dict):
    """An object of texts, with limits on the number of entries and on the length of names and values."""

    default_error_messages = {"invalid": "not-an-object: Send an object of texts."}  # noqa: RUF012 (marshmallow's way)

    def __init__(self, entries_max: int, name_length_max: int, value_length_max: int, **kwargs: Any) -> None:
        """The lengths are numbers of characters."""
        self.entries_max = entries_max
        self._name, self._value = Text(name_length_max), Text(value_length_max)
        super().__init__(keys=self._name, values=self._value, metadata={"maxProperties": entries_max}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if len(value) > self.entries_max:
            raise ValidationError(f"too-many: Send at most {self.entries_max} entries.")
        read: dict[str, str] = {}
        wrong: dict[str, str] = {}
        for name, text in value.items():
            try:
                own_name, own_text = str(self._name.deserialize(name)), str(self._value.deserialize(text))
            except ValidationError as error:
                wrong[name] = str(error.messages[0])
                continue
            if own_name in read:
                wrong[name] = "repeated: This name is another spelling of one that is there already; send each once."
            read[own_name] = own_text
        if wrong:
            raise ValidationError({**wrong})
        return read


_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


class Slug(Translated):
    """A short name in lower case, such as that of a trade point or of a category."""

    slug = "not-a-name"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^[a-z0-9][a-z0-9_-]{0,39}$"}
    _pattern = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)

    def parse(self, text: str) -> str:
        """Checks the name, and returns it unchanged."""
        if self._pattern.fullmatch(text) is None:
            raise ValueError("Send 1 to 40 lower-case letters, digits, - or _, such as erenhot.")
        return text


class CountryCode(Translated):
    """A country as its ISO 3166-1 alpha-2 code, in upper case."""

    slug = "not-a-country"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^[A-Z]{2}$", "examples": ["MN"]}
    _pattern = re.compile(r"[A-Z]{2}", re.ASCII)

    def parse(self, text: str) -> str:
        """Checks the form of the code, and returns it unchanged. The rule data say whether the country exists."""
        if self._pattern.fullmatch(text) is None:
            raise ValueError("Send a country as ISO 3166 alpha-2 in upper case, such as MN.")
        return text


class HsCode(Translated):
    """An HS code: 6, 8 or 10 digits of the harmonised system."""

    slug = "not-an-hs-code"
    properties: ClassVar[dict[str, Any]] = {
        "pattern": "^([0-9]{6}|[0-9]{8}|[0-9]{10})$",
        "examples": ["02044200"],
    }
    _pattern = re.compile(r"[0-9]{6}(?:[0-9]{2}){0,2}", re.ASCII)

    def parse(self, text: str) -> str:
        """Checks the digits, and returns them unchanged."""
        if self._pattern.fullmatch(text) is None:
            raise ValueError("Send 6, 8 or 10 digits, such as 02044200.")
        return text
