"""Builds valid bodies and keys with plain defaults, so that a test names only the values that it is about."""

import itertools
import json
import pathlib
from typing import Any

from service.domain.enterprises import check_character
from service.vault import create_secrets

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_numbers = itertools.count(1)


def a_citizen_number(ordinal: int) -> str:
    """A synthetic citizen number with a right check character. Each ordinal (from 0) has its own number."""
    day, month, year, sequence = (
        ordinal % 28 + 1,
        ordinal // 28 % 12 + 1,
        1950 + ordinal // 336 % 50,
        ordinal // 16800 % 1000,
    )
    body = f"152501{year:04d}{month:02d}{day:02d}{sequence:03d}"
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(_WEIGHTS, body, strict=True)) % 11]


def a_registration(ordinal: int = 0, **changes: Any) -> dict[str, Any]:
    """The body of a registration."""
    return {"name": "阿拉坦其其格", "id_number": a_citizen_number(ordinal), "registered_on": "2020-01-02", **changes}


def a_trade(**changes: Any) -> dict[str, Any]:
    """The body of a trade. A change to None removes the field."""
    body = {
        "resident_id": "R00000001",
        "category": "meat",
        "commodity": "冻马肉",
        "origin": "MN",
        "quantity_kg": "50",
        "amount_cny": "1000.00",
        "traded_at": "2024-06-30T09:30:00+08:00",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def a_credit_code(ordinal: int = 0) -> str:
    """A synthetic unified social credit code with a right check character. Each ordinal (from 0) has its own code."""
    first = f"91152501MA{ordinal:07d}"
    return first + check_character(first)


def an_enterprise(ordinal: int = 0, **changes: Any) -> dict[str, Any]:
    """The body of an enterprise that may take goods for every purpose. A change to None removes the field."""
    body = {
        "name": "二连浩特市边贸肉业有限公司",
        "credit_code": a_credit_code(ordinal),
        "kinds": ["processor", "trader"],
        "valid_from": "2020-01-02",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def secrets_with_another_ring(path: pathlib.Path, ring: str) -> pathlib.Path:
    """Writes a copy of a secrets file beside it, in which one ring of keys is replaced, and returns its path."""
    other, copy = path.with_name("other.json"), path.with_name(f"other-{ring}.json")
    create_secrets(other)
    document = json.loads(path.read_bytes())
    document[ring] = json.loads(other.read_bytes())[ring]
    other.unlink()
    copy.touch(0o600)
    copy.write_text(json.dumps(document))
    return copy


def a_key() -> str:
    """A new idempotency key."""
    return f"key-{next(_numbers)}"
