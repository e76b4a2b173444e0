"""The dated rule data and its reading: each file's rows carry validity, legal basis, source and whether it is verified.

Rows are never removed from these files, because old business days are still judged by them. An operator adds rows in
rule files of their own (service.rules.files).
"""

import datetime
import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping
from typing import Any

from service.domain.allowance import SHIPPED, Basis, Category, ListGroup, Rule, ValueLimit
from service.domain.money import parse_cny, parse_kg
from service.domain.rule_files import RULE_KINDS, RuleFile, RuleKind
from service.domain.rulebook import Rulebook


@functools.cache
def load_rulebook() -> Rulebook:
    """The rulebook of the shipped files. Raises ValueError or KeyError on a row that does not say what it must."""
    return rulebook_with(())


def rulebook_with(files: Iterable[RuleFile]) -> Rulebook:
    """The rulebook of the shipped rows and of the operator's files. Raises as `load_rulebook`."""
    rules = [rule_of(kind, row, SHIPPED) for kind in RULE_KINDS for row in rule_rows(kind)]
    for file in files:
        rules += [rule_of(kind, row, file.no) for kind in RULE_KINDS for row in file.rows(kind)]
    return Rulebook(
        value_limits=[rule for rule in rules if isinstance(rule, ValueLimit)],
        list_groups=[rule for rule in rules if isinstance(rule, ListGroup)],
        categories=[rule for rule in rules if isinstance(rule, Category)],
        countries=country_codes(),
        hs_headings=hs_headings(),
    )


def rule_of(kind: RuleKind, row: Mapping[str, Any], file_no: int) -> Rule:
    """The rule that a row states. A repeal has no prefixes and no weight."""
    basis = _basis(row, file_no)
    if kind == "value_limits":
        return ValueLimit(parse_cny(row["limit_cny"]), basis)
    name, prefixes = row["name"], () if basis.is_repealed else tuple(row["hs_prefixes"])
    if kind == "list_groups":
        return ListGroup(name, prefixes, 0 if basis.is_repealed else parse_kg(row["free_kg"]), basis)
    return Category(name, prefixes, basis, hs_code_required=row.get("hs_code_required", False))


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


def _basis(row: Mapping[str, Any], file_no: int) -> Basis:
    valid_to = row["valid_to"]
    return Basis(
        valid_from=datetime.date.fromisoformat(row["valid_from"]),
        valid_to=None if valid_to is None else datetime.date.fromisoformat(valid_to),
        legal_basis=row["legal_basis"],
        source=row["source"],
        verified=row["verified"],
        verified_until=datetime.date.fromisoformat(row["verified_until"]) if row.get("verified_until") else None,
        file_no=file_no,
        is_repealed=row.get("repealed", False),
    )
