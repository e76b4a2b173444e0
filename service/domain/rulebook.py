"""The rulebook: all dated rules, of the shipped rows and of the operator's rule files, looked up by business day."""

import datetime
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence

from service.domain.allowance import SHIPPED, Basis, Category, ListGroup, Rule, Rules, ValueLimit

HEADING_LENGTH = 4
FILE_NO_DIGITS_MAX = 9
"""The longest number of a file that a version may name."""


class Rulebook:
    """All rules that were ever in force, looked up by business day."""

    def __init__(
        self,
        value_limits: Iterable[ValueLimit],
        list_groups: Iterable[ListGroup],
        categories: Iterable[Category],
        countries: frozenset[str],
        hs_headings: frozenset[str],
    ) -> None:
        """Takes rows in any order. When two rows of one name hold on a day, the row of the later file wins.

        Within a file the later `valid_from` wins. `countries` are the ISO 3166-1 alpha-2 codes that goods may come
        from, `hs_headings` the headings of the Harmonized System; codes have no dates.
        """
        self.countries = countries
        self.hs_headings = hs_headings
        self._value_limits = sorted(value_limits, key=_rank)
        self._list_groups = sorted(list_groups, key=_rank)
        self._categories = sorted(categories, key=_rank)
        self._by_day: dict[datetime.date, Rules] = {}
        self._up_to: dict[int, Rulebook] = {}
        self.newest_file = max((row.basis.file_no for row in self.rows()), default=SHIPPED)

    def on(self, day: datetime.date) -> Rules:
        """The rules of a business day. Raises LookupError for a day before the first value limit."""
        rules = self._by_day.get(day)
        if rules is None:
            rules = self._by_day[day] = self._collect(day)
        return rules

    def up_to(self, file_no: int) -> "Rulebook":
        """The rulebook as it was when this was the number of the newest file."""
        if file_no >= self.newest_file:
            return self
        found = self._up_to.get(file_no)
        if found is None:
            found = self._up_to[file_no] = Rulebook(
                [row for row in self._value_limits if row.basis.file_no <= file_no],
                [row for row in self._list_groups if row.basis.file_no <= file_no],
                [row for row in self._categories if row.basis.file_no <= file_no],
                self.countries,
                self.hs_headings,
            )
        return found

    def rows(self) -> Iterator[Rule]:
        """All rows, shipped and of files, also repeals."""
        return itertools.chain(self._value_limits, self._list_groups, self._categories)

    def has_heading_of(self, hs_code: str | None) -> bool:
        """Whether the Harmonized System has the heading of an HS code. A line without a code has no wrong heading."""
        return hs_code is None or hs_code[:HEADING_LENGTH] in self.hs_headings

    def category_names(self) -> frozenset[str]:
        """The names of all categories that were ever in force: a report may be filtered by these."""
        return frozenset(row.name for row in self._categories)

    def _collect(self, day: datetime.date) -> Rules:
        limits = [row for row in self._value_limits if row.basis.holds_on(day)]
        if not limits:
            raise LookupError(f"No value limit is known for {day}.")
        groups = {row.name: row for row in self._list_groups if row.basis.holds_on(day)}
        categories = {row.name: row for row in self._categories if row.basis.holds_on(day)}
        said: list[Rule] = [limits[-1], *groups.values(), *categories.values()]
        judging = [limits[-1].basis, *(group.basis for group in groups.values())]
        groups = {name: row for name, row in groups.items() if not row.basis.is_repealed}
        categories = {name: row for name, row in categories.items() if not row.basis.is_repealed}
        listed = [prefix for group in groups.values() for prefix in group.hs_prefixes]
        return Rules(
            version=_version_of([row.basis for row in said]),
            value_limit=limits[-1],
            verified=all(basis.is_verified_on(day) for basis in judging),
            categories=categories,
            list_groups=groups,
            _with_listed_goods=frozenset(name for name, row in categories.items() if _overlap(row.hs_prefixes, listed)),
            _by_prefix={prefix: group for group in groups.values() for prefix in group.hs_prefixes},
        )


def file_no_of(rule_version: str) -> int:
    """The number of the newest rule file that a version names; SHIPPED for a version that names none."""
    number = rule_version.partition("+")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) <= FILE_NO_DIGITS_MAX else SHIPPED


def _version_of(bases: Sequence[Basis]) -> str:
    newest_day = max(basis.valid_from for basis in bases).isoformat()
    newest_file = max(basis.file_no for basis in bases)
    return newest_day if newest_file == SHIPPED else f"{newest_day}+{newest_file}"


def _rank(row: Rule) -> tuple[int, datetime.date]:
    """Of the rows of one name that hold on a day, the one with the greatest rank is the rule."""
    return row.basis.file_no, row.basis.valid_from


def _overlap(prefixes: Iterable[str], others: Collection[str]) -> bool:
    """Whether a code can begin with a prefix of each: one of the two prefixes begins with the other."""
    return any(one.startswith(other) or other.startswith(one) for one in prefixes for other in others)
