"""The dated rule data and its reading: each file's rows carry validity, legal basis, source and whether it is verified.

A deployment adds rows (a new category, a new limit with its first day) to these files; rows are never removed, because
old business days are still judged by them.
"""

import datetime
import functools
import importlib.resources
import json
from typing import Any

from service.domain.allowance import Basis, Category, ListGroup, Rulebook, ValueLimit
from service.domain.money import parse_cny, parse_kg


@functools.cache
def load_rulebook() -> Rulebook:
    """The rulebook of the shipped files. Raises ValueError or KeyError on a row that does not say what it must."""
    return Rulebook(
        value_limits=[ValueLimit(parse_cny(row["limit_cny"]), _basis(row)) for row in rule_rows("value_limits")],
        list_groups=[
            ListGroup(row["name"], tuple(row["hs_prefixes"]), parse_kg(row["free_kg"]), _basis(row))
            for row in rule_rows("list_groups")
        ],
        categories=[Category(row["name"], tuple(row["hs_prefixes"]), _basis(row)) for row in rule_rows("categories")],
        countries=country_codes(),
        hs_headings=hs_headings(),
    )


@functools.cache
def country_codes() -> frozenset[str]:
    """The ISO 3166-1 alpha-2 codes that goods may originate from."""
    return frozenset(row["code"] for row in rule_rows("countries"))


@functools.cache
def hs_headings() -> frozenset[str]:
    """The headings of the Harmonized System of 2022, which have four digits."""
    chapters: dict[str, str] = _document("hs_headings")["headings"]
    return frozenset(chapter + heading for chapter, headings in chapters.items() for heading in headings.split())


@functools.cache
def rule_rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file as they stand: categories, countries, list_groups or value_limits."""
    rows: list[dict[str, Any]] = _document(name)["countries" if name == "countries" else "rows"]
    return rows


def _document(name: str) -> dict[str, Any]:
    text = importlib.resources.files(__name__).joinpath(f"{name}.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _basis(row: dict[str, Any]) -> Basis:
    valid_to = row["valid_to"]
    return Basis(
        valid_from=datetime.date.fromisoformat(row["valid_from"]),
        valid_to=None if valid_to is None else datetime.date.fromisoformat(valid_to),
        legal_basis=row["legal_basis"],
        source=row["source"],
        verified=row["verified"],
        verified_until=datetime.date.fromisoformat(row["verified_until"]) if row.get("verified_until") else None,
    )
