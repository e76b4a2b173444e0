"""Column types: UUIDs in 16 bytes, business days and instants as integers, the same on both engines."""

import base64
import datetime
import functools
import operator
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from service.domain.transactions import MARKET_TIME

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Uuid(sa.types.TypeDecorator[uuid.UUID]):
    """A UUID in 16 bytes on both engines: native on PostgreSQL, a BLOB on SQLite (SQLAlchemy's own takes 32 there)."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """The column type of the engine."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Uuid(as_uuid=True))
        return dialect.type_descriptor(sa.LargeBinary(16))

    def process_bind_param(self, value: uuid.UUID | None, dialect: sa.Dialect) -> Any:
        """The value as the driver takes it."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> uuid.UUID | None:
        """The value as the domain knows it."""
        return value if value is None or dialect.name == "postgresql" else uuid.UUID(bytes=value)


def raw_uuid(dialect: str) -> Callable[[uuid.UUID], bytes | str]:
    """How a raw row bears a UUID: 16 bytes on SQLite, hex on PostgreSQL (which a JSON text and a COPY can hold)."""
    return operator.attrgetter("hex" if dialect == "postgresql" else "bytes")


def raw_digest(dialect: str) -> Callable[[bytes], bytes | str]:
    """How a raw row bears a digest of 16 bytes in a column of UUIDs."""
    return bytes.hex if dialect == "postgresql" else bytes


class DayType(sa.types.TypeDecorator[datetime.date]):
    """A business day as an integer: 2024-06-30 is 20240630."""

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value: datetime.date | None, dialect: sa.Dialect) -> int | None:
        """The integer of a day."""
        return None if value is None else day_number(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime.date | None:
        """The day of an integer."""
        return None if value is None else day_of(value)


class InstantType(sa.types.TypeDecorator[datetime.datetime]):
    """An instant as microseconds since 1970-01-01T00:00Z; read back in the market's time."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: sa.Dialect) -> int | None:
        """The microseconds of an instant."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime.datetime | None:
        """The instant of microseconds."""
        return None if value is None else instant_of(value)


def as_stored(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The column without the objects that the domain would get of it."""
    return sa.type_coerce(column, sa.types.NullType())


def plain(column: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """The column as both engines have it, for JSON: integers, text, bytes, and none of the domain's objects."""
    if isinstance(column.type, DayType | InstantType):
        return sa.type_coerce(column, sa.BigInteger)
    if isinstance(column.type, Uuid):
        return sa.type_coerce(sa.func.uuid_send(column) if dialect == "postgresql" else column, sa.LargeBinary)
    return column


def json_default(value: object) -> str:
    """Bytes as base64, for orjson. Raises TypeError for anything else that it does not know."""
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"a {type(value).__name__} has no place in a line of JSON")


# In the market's time: instants of the same time zone are subtracted without asking it.
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


def instant_of(number: int) -> datetime.datetime:
    """The instant, in the market's time."""
    return _EPOCH + datetime.timedelta(microseconds=number)
