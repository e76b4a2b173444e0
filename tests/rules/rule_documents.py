"""Rule files for tests: valid rows with changes."""

import json
from typing import Any

from service.domain.rule_files import RuleFile
from service.rules.files import rule_file_of

BASIS: dict[str, Any] = {
    "valid_from": "2024-05-01", "valid_to": None, "verified": True,
    "legal_basis": "An invented notice", "source": "A test",
}  # fmt: skip
NAMES = {"zh": "油菜籽", "en": "Rape seed", "mn": "Рапсын үр"}


def a_limit(**changes: Any) -> dict[str, Any]:
    """A row of a value limit."""
    return {"limit_cny": "5000.00", **BASIS, **changes}


def a_list_group(name: str = "wheat", **changes: Any) -> dict[str, Any]:
    """A row of a list group: wheat with a smaller free weight, if nothing else is said."""
    return {"name": name, "hs_prefixes": ["1001", "1101", "110311", "110320"], "free_kg": "10.000", **BASIS, **changes}


def a_category(name: str = "grain", **changes: Any) -> dict[str, Any]:
    """A row of a category: grain that needs an HS code, if nothing else is said."""
    prefixes = ["07", "10", "11", "12"]
    return {"name": name, "hs_prefixes": prefixes, "hs_code_required": True, **BASIS, **changes}


def a_repeal(name: str = "sugar", **changes: Any) -> dict[str, Any]:
    """A row that repeals a rule."""
    return {"name": name, "repealed": True, **BASIS, **changes}


def a_document(name: str = "A test", **rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The document of a file with these rows by kind."""
    return {"name": name, **rows}


def a_text(name: str = "A test", **rows: list[dict[str, Any]]) -> str:
    """The text of a file with these rows by kind."""
    return json.dumps(a_document(name, **rows), ensure_ascii=False, indent=1)


def a_file(no: int, **rows: list[dict[str, Any]]) -> RuleFile:
    """A file that is recorded under a number."""
    return rule_file_of(no, a_text(f"File {no}", **rows))
