"""The operator's rule files: how a stored text is read, and what the rules that are there say about a new file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from service.domain.errors import FieldError, PersonalData
from service.domain.personal_data import refuse_personal_data
from service.domain.rule_files import (
    RULE_KINDS,
    PlacedRule,
    RuleChange,
    RuleFile,
    find_changes,
    find_faults,
)
from service.domain.rulebook import Rulebook
from service.domain.texts import normal_text
from service.rules import rule_of, rulebook_with
from service.rules.names import LANGUAGES, names_with

_DIMENSIONS = {"list_groups": "list_group", "categories": "category"}


class Assessment(NamedTuple):
    """What a new file would do: what is wrong with it, or what it changes."""

    faults: Sequence[FieldError]
    changes: Sequence[RuleChange]


def rule_file_of(no: int, text: str) -> RuleFile:
    """The file of a stored text, which was checked when it was added. Raises ValueError on another text."""
    document = json.loads(text)
    return RuleFile(no, normal_text(document["name"]), _normal(document))


def assess(known: Sequence[RuleFile], file: RuleFile) -> Assessment:
    """What a file that passed the schema would do when it was added behind the known files."""
    before, after = rulebook_with(known), rulebook_with([*known, file])
    rows = _placed(file, after)
    faults = [*_refuse_numbers(file), *find_faults(before, after, rows), *_wrong_names(known, file)]
    return Assessment(faults, () if faults else find_changes(before, after, rows))


def _placed(file: RuleFile, after: Rulebook) -> list[PlacedRule]:
    """The rows of a file, as the same objects as in the rulebook that has them."""
    known = {rule: rule for rule in after.rows()}
    rules = (
        (f"/{kind}/{place}", rule_of(kind, row, file.no))
        for kind in RULE_KINDS
        for place, row in enumerate(file.rows(kind))
    )
    return [PlacedRule(pointer, known[rule]) for pointer, rule in rules]


def _refuse_numbers(file: RuleFile) -> Iterator[FieldError]:
    """Faults where a citizen number stands in a text: a file is public within the service."""
    try:
        refuse_personal_data(_texts("", file.document))
    except PersonalData as refusal:
        yield from refusal.errors or (FieldError("", refusal.code, refusal.detail),)


def _texts(pointer: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield from _texts(f"{pointer}/{name}", below)
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _texts(f"{pointer}/{place}", below)


def _wrong_names(known: Sequence[RuleFile], file: RuleFile) -> Iterator[FieldError]:
    """A rule that is new needs its names, a row that has one of them has all, and no two rules have the same name."""
    before, after = names_with(known), names_with([*known, file])
    for kind, dimension in _DIMENSIONS.items():
        for place, row in enumerate(file.document.get(kind, ())):
            missing = [lang for lang in LANGUAGES if lang not in row]
            is_named = row["name"] in before[dimension] and len(missing) == len(LANGUAGES)
            for lang in () if row.get("repealed") or is_named else missing:
                detail = "Send what it is called in zh, en and mn: pages and reports say these names."
                yield FieldError(f"/{kind}/{place}/{lang}", "required", detail)
            for lang in LANGUAGES:
                others = {code for code, named in after[dimension].items() if named[lang] == row.get(lang)}
                if others - {row["name"]}:
                    detail = f"{min(others - {row['name']})} is called so; send another name."
                    yield FieldError(f"/{kind}/{place}/{lang}", "name-taken", detail)


def _normal(value: Any) -> Any:
    """A document with each text in its normal form (domain.texts)."""
    if isinstance(value, str):
        return normal_text(value)
    if isinstance(value, list):
        return [_normal(one) for one in value]
    return {name: _normal(one) for name, one in value.items()} if isinstance(value, dict) else value
