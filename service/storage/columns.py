"""Column types: UUIDs in 16 bytes, business days and instants as integers, the same on both engines."""

import base64
import datetime
import functools
import operator
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from service.domain.made_once import MadeOnce
from service.domain.transactions import MARKET_TIME

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Uuid(sa.types.TypeDecorator[uuid.UUID]):
    """A UUID in 16 bytes on both engines: native on PostgreSQL, a BLOB on SQLite (SQLAlchemy's type takes 32 there)."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """The column type of the engine."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Uuid(as_uuid=True))
        return dialect.type_descriptor(sa.LargeBinary(16))

    def process_bind_param(self, value: uuid.UUID | None, dialect: sa.Dialect) -> Any:
        """Converts a UUID to the value that the driver takes."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> uuid.UUID | None:
        """Converts the driver's value to a UUID."""
        return value if value is None or dialect.name == "postgresql" else uuid.UUID(bytes=value)


def raw_uuid(dialect: str) -> Callable[[uuid.UUID], bytes | str]:
    """The function that converts a UUID for a raw row: 16 bytes on SQLite, hex on PostgreSQL.

    A JSON text and a COPY can hold hex.
    """
    return operator.attrgetter("hex" if dialect == "postgresql" else "bytes")


def raw_digest(dialect: str) -> Callable[[bytes], bytearray | str]:
    """The function that converts a digest of 16 bytes for a raw row, where its column is one of UUIDs."""
    # The driver of SQLite binds a bytearray at once, but asks an adapter for bytes.
    return bytes.hex if dialect == "postgresql" else bytearray


class DayType(sa.types.TypeDecorator[datetime.date]):
    """A business day as an integer: 2024-06-30 is 20240630."""

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value: datetime.date | None, dialect: sa.Dialect) -> int | None:
        """Converts a day to its integer."""
        return None if value is None else day_number(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime.date | None:
        """Converts an integer to its day."""
        return None if value is None else day_of(value)


class InstantType(sa.types.TypeDecorator[datetime.datetime]):
    """An instant as microseconds since 1970-01-01T00:00Z; read back in the market's time."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: sa.Dialect) -> int | None:
        """Converts an instant to its microseconds."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime.datetime | None:
        """Converts microseconds to their instant."""
        return None if value is None else instant_of(value)


def as_stored(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The column as the driver's own values and not as the domain's objects."""
    return sa.type_coerce(column, sa.types.NullType())


def plain(column: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """The column in values that are the same on both engines, for JSON: integers, text, bytes, no domain objects."""
    if isinstance(column.type, DayType | InstantType):
        return sa.type_coerce(column, sa.BigInteger)
    if isinstance(column.type, Uuid):
        return sa.type_coerce(sa.func.uuid_send(column) if dialect == "postgresql" else column, sa.LargeBinary)
    return column


def json_default(value: object) -> str:
    """Writes bytes as base64 for orjson. Raises TypeError for any other type that orjson does not know."""
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"a {type(value).__name__} has no place in a line of JSON")


# The epoch is in the market's time, because Python subtracts instants of one time zone without asking the zone.
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC).astimezone(MARKET_TIME)
DAYS_KNOWN_MAX = 10_000


@functools.lru_cache(DAYS_KNOWN_MAX)
def day_number(day: datetime.date) -> int:
    """2024-06-30 is 20240630."""
    return day.year * 10_000 + day.month * 100 + day.day


@functools.lru_cache(DAYS_KNOWN_MAX)
def day_of(number: int) -> datetime.date:
    """20240630 is 2024-06-30."""
    return datetime.date(number // 10_000, number // 100 % 100, number % 100)


def microseconds(instant: datetime.datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, exactly (a float of seconds would lose the last digit)."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


INSTANTS_KNOWN_MAX = 10_000
known_microseconds = MadeOnce(microseconds, INSTANTS_KNOWN_MAX)
"""The microseconds of instants that come again and again in a batch: all of its lines are recorded at one instant."""


def instant_of(number: int) -> datetime.datetime:
    """The instant, in the market's time."""
    return _EPOCH + datetime.timedelta(microseconds=number)
