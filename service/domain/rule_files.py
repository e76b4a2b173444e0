"""Rule files that an operator adds to the shipped rules: what a file can't say, and what it changes from which day."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from service.domain.allowance import ListGroup, Rule, Rules, ValueLimit
from service.domain.errors import FieldError
from service.domain.rulebook import Rulebook

FILE_BYTES_MAX = 256 * 1024
ROWS_MAX = 500
"""How many rows a file has at most, of all kinds together."""
PREFIXES_MAX = 300
FILE_NAME_LENGTH_MAX = 100
RULE_NAME_LENGTH_MAX = 40
RULE_TEXT_LENGTH_MAX = 500
TITLE_LENGTH_MAX = 60
LIMIT_FEN_MAX = 1_000_000_000
FREE_G_MAX = 1_000_000_000
"""Ten million CNY and a thousand tonnes: the columns of the allowance could hold twice as much."""

RuleKind = Literal["value_limits", "list_groups", "categories"]
RULE_KINDS: tuple[RuleKind, ...] = ("value_limits", "list_groups", "categories")
_ONE_DAY = datetime.timedelta(days=1)


class RuleFile(NamedTuple):
    """A file of the operator: its number from 1, its name, and its document with the rows as JSON has them."""

    no: int
    name: str
    document: Mapping[str, Any]

    def rows(self, kind: RuleKind) -> Sequence[Mapping[str, Any]]:
        """The rows of one kind."""
        rows: Sequence[Mapping[str, Any]] = self.document.get(kind, ())
        return rows


class PlacedRule(NamedTuple):
    """A row of a file and the JSON pointer of its place there."""

    pointer: str
    rule: Rule


class RuleChange(NamedTuple):
    """What a file changes of one rule, from a day on. None stands for no rule of this name."""

    day: datetime.date
    kind: RuleKind
    name: str
    before: Rule | None
    after: Rule | None


def kind_of(rule: Rule) -> RuleKind:
    """The kind of a row, as files name it."""
    if isinstance(rule, ValueLimit):
        return "value_limits"
    return "list_groups" if isinstance(rule, ListGroup) else "categories"


def name_of_rule(rule: Rule) -> str:
    """The name of a row; all value limits have the same, because one of them holds on each day."""
    return "" if isinstance(rule, ValueLimit) else rule.name


def find_faults(before: Rulebook, after: Rulebook, rows: Sequence[PlacedRule]) -> list[FieldError]:
    """What is wrong with the rows of a file; `after` is the rulebook `before` with these rows."""
    if not rows:
        return [FieldError("", "no-rows", f"Send at least one row in {', '.join(RULE_KINDS)}.")]
    if len(rows) > ROWS_MAX:
        return [FieldError("", "too-many", f"Send at most {ROWS_MAX} rows in one file.")]
    return [*_repeated_rows(rows), *_empty_repeals(before, rows), *_shared_prefixes(after, rows)]


def _repeated_rows(rows: Sequence[PlacedRule]) -> Iterator[FieldError]:
    """Two rows of one name that begin on one day: nobody could tell which of them is the rule."""
    seen: dict[tuple[str, str, datetime.date], str] = {}
    for pointer, rule in rows:
        key = kind_of(rule), name_of_rule(rule), rule.basis.valid_from
        if key in seen:
            detail = f"{seen[key]} begins on the same day and is about the same; send one row for each first day."
            yield FieldError(f"{pointer}/valid_from", "repeated", detail)
        seen[key] = pointer


def _empty_repeals(before: Rulebook, rows: Sequence[PlacedRule]) -> Iterator[FieldError]:
    for pointer, rule in rows:
        basis = rule.basis
        if basis.is_repealed and rule_on(before, basis.valid_from, kind_of(rule), name_of_rule(rule)) is None:
            detail = f"No rule of this name holds on {basis.valid_from}, so that there is nothing to repeal."
            yield FieldError(f"{pointer}/name", "nothing-to-repeal", detail)


def _shared_prefixes(after: Rulebook, rows: Sequence[PlacedRule]) -> Iterator[FieldError]:
    """A prefix that two list groups have on one day: a code would belong to two free weights."""
    pointers = {id(rule): pointer for pointer, rule in rows}
    told: set[tuple[str, str]] = set()
    for day in _turning_days(after, rows):
        holders: dict[str, ListGroup] = {}
        for group in _groups_on(after, day):
            for prefix in group.hs_prefixes:
                other = holders.setdefault(prefix, group)
                mine, others = (group, other) if id(group) in pointers else (other, group)
                if other is not group and (mine.name, prefix) not in told:
                    told.add((mine.name, prefix))
                    detail = f"{others.name} has {prefix} on {day} too; a code belongs to one list group only."
                    yield FieldError(f"{pointers.get(id(mine), '')}/hs_prefixes", "prefix-taken", detail)


def _groups_on(book: Rulebook, day: datetime.date) -> Iterator[ListGroup]:
    rules = _rules_on(book, day)
    yield from () if rules is None else rules.list_groups.values()


def find_changes(before: Rulebook, after: Rulebook, rows: Sequence[PlacedRule]) -> list[RuleChange]:
    """What the rows of a file change, by day, kind and name. A change that ends is a change too."""
    touched = sorted({(kind_of(rule), name_of_rule(rule)) for _, rule in rows})
    last: dict[tuple[str, str], tuple[object, object]] = {}
    changes = []
    for day in _turning_days(after, rows):
        for kind, name in touched:
            pair = rule_on(before, day, kind, name), rule_on(after, day, kind, name)
            said = _content(pair[0], day), _content(pair[1], day)
            known = last.get((kind, name), (None, None))
            if said != known and (said[0] != said[1] or known[0] != known[1]):
                changes.append(RuleChange(day, kind, name, *pair))
                last[kind, name] = said
    return changes


def rule_on(book: Rulebook, day: datetime.date, kind: RuleKind, name: str) -> Rule | None:
    """The rule of this kind and name that is in force on a day; None when there is none."""
    rules = _rules_on(book, day)
    if rules is None:
        return None
    by_name: Mapping[str, Mapping[str, Rule]] = {"list_groups": rules.list_groups, "categories": rules.categories}
    return rules.value_limit if kind == "value_limits" else by_name[kind].get(name)


def _rules_on(book: Rulebook, day: datetime.date) -> Rules | None:
    try:
        return book.on(day)
    except LookupError:
        return None


def _turning_days(book: Rulebook, rows: Sequence[PlacedRule]) -> list[datetime.date]:
    """The days, from the first of the file on, on which a row begins or the day before was the last of one."""
    first = min(rule.basis.valid_from for _, rule in rows)
    days = {rule.basis.valid_from for rule in book.rows()}
    ends = {rule.basis.valid_to for rule in book.rows()} - {None, datetime.date.max}
    return sorted(day for day in days | {end + _ONE_DAY for end in ends if end is not None} if day >= first)


def _content(rule: Rule | None, day: datetime.date) -> object:
    """What a rule says on a day, without the number of its file."""
    if rule is None:
        return None
    basis = rule.basis
    said = {name: getattr(rule, name) for name in rule.__slots__ if name != "basis"}
    return {**said, "basis": (basis.legal_basis, basis.source, basis.is_verified_on(day))}
