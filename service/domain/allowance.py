"""The allowance: dated rules, and the judgement of one trade by what the resident has used on that business day.

Up to a value limit, goods come in free; goods on the national list have a free weight as well. A trade above the limits
is not refused: its excess is taxed. Trades are judged in the order in which the ledger accepts them. See
docs/RULES.md, The allowance.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Verdict = Literal["exempt", "partly_taxed", "taxed", "export"]
VERDICTS: tuple[Verdict, ...] = ("exempt", "partly_taxed", "taxed", "export")

NO_LIST_GROUP = ""
"""The list group of a row that counts the use of the value limit. Every import has such a row."""

SHIPPED = 0
"""The file number of the rows that Hushi ships; the operator's files have numbers from 1."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a rule comes from and when it holds, both days included; `verified` is false when it is not confirmed.

    `verified_until` is the last business day for which a verified rule is confirmed; None means that it has no end. A
    later rule may have replaced it since, whose text was not found.

    `file_no` is the number of the operator's rule file that has the row, or SHIPPED. A row that `is_repealed` says that
    the rule of this name does not exist on these days.
    """

    valid_from: datetime.date
    valid_to: datetime.date | None
    legal_basis: str
    source: str
    verified: bool
    verified_until: datetime.date | None = None
    file_no: int = SHIPPED
    is_repealed: bool = False

    def holds_on(self, day: datetime.date) -> bool:
        """Whether the rule is in force on a business day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def is_verified_on(self, day: datetime.date) -> bool:
        """Whether the rule is confirmed for a business day."""
        return self.verified and (self.verified_until is None or day <= self.verified_until)


@dataclass(frozen=True, slots=True)
class ValueLimit:
    """The value that one resident may bring in free on one business day, in fen."""

    limit_fen: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class ListGroup:
    """Goods of the national list that share one free weight per resident and day, in grams."""

    name: str
    hs_prefixes: tuple[str, ...]
    free_g: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Category:
    """A business group of goods and the HS prefixes that it allows; `hs_code_required` is about imports."""

    name: str
    hs_prefixes: tuple[str, ...]
    basis: Basis
    hs_code_required: bool = False


Rule = ValueLimit | ListGroup | Category
"""A dated row of the rules, of any kind."""

_NOT_LOOKED_UP = object()
CODES_KNOWN_MAX = 10_000
"""For how many HS codes the rules of a day remember the list group."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one business day.

    `version` is the day on which the newest of these rules came into force, as `2010-05-01`. Where a row of an
    operator's file holds on the day, the number of the newest such file follows, as `2024-05-01+2`. A repeal counts as
    a rule here.

    `verified` says whether everything that decides how an import is judged is confirmed for the day: the value limit
    and all list groups, with their repeals. An import of goods that are in no list group counts as well, because the
    list decides that. Categories decide no verdict, and do not count.
    """

    version: str
    value_limit: ValueLimit
    verified: bool
    categories: Mapping[str, Category]
    list_groups: Mapping[str, ListGroup]
    _with_listed_goods: frozenset[str] = frozenset()
    _by_prefix: Mapping[str, ListGroup] = field(default_factory=dict)
    _by_code: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def limit_fen(self) -> int:
        """The value that one resident may bring in free on the day, in fen."""
        return self.value_limit.limit_fen

    def list_group_of(self, hs_code: str | None) -> ListGroup | None:
        """The list group of an HS code, by the longest prefix that fits; None without a code, or when none fits."""
        if hs_code is None:
            return None
        group: Any = self._by_code.get(hs_code, _NOT_LOOKED_UP)
        if group is _NOT_LOOKED_UP:
            found = (self._by_prefix.get(hs_code[:length]) for length in range(len(hs_code), 0, -1))
            group = next((one for one in found if one is not None), None)
            if len(self._by_code) >= CODES_KNOWN_MAX:
                self._by_code.clear()
            self._by_code[hs_code] = group
        found_group: ListGroup | None = group
        return found_group

    def has_listed_goods(self, category: str) -> bool:
        """Whether a list group has goods that may be traded in a category, so that a free weight may apply to them."""
        return category in self._with_listed_goods

    def allows(self, category: str, hs_code: str | None) -> bool:
        """Whether goods with this HS code may be traded in this category; a line without a code always may."""
        return hs_code is None or hs_code.startswith(self.categories[category].hs_prefixes)


UseKey = tuple[int, datetime.date, str]
"""One allowance row: a resident, a business day, and the list group or NO_LIST_GROUP for the value limit.

It is a plain tuple, because a batch makes and compares very many.
"""


@dataclass(slots=True)
class Use:
    """How much is used of one allowance row: fen of the value limit, or grams of a list group's free weight."""

    exempt_fen: int = 0
    quantity_g: int = 0
    is_recorded: bool = False
    """Whether the ledger has a row for it already."""
    is_touched: bool = False
    """Whether the batch that is being judged has used or returned something of it."""


class Judgement(NamedTuple):
    """The result of judging one trade; `exempt_quantity_g` is what it uses of its list group's free weight."""

    exempt_fen: int
    exempt_quantity_g: int
    list_group: str | None
    rule_version: str


def judge(  # It takes the parts of a trade by their names, so that a quote and a write can't differ.
    *,
    is_import: bool,
    amount_fen: int,
    quantity_g: int,
    group: ListGroup | None,
    rules: Rules,
    used_fen: int,
    used_g: int,
) -> Judgement:
    """The exempt part of a trade, by what the resident has used of the value limit (fen) and the free weight (g).

    An export is recorded as wholly exempt and uses nothing. The free weight that the trade uses (`exempt_g`) stays
    the same when the value limit makes the exempt amount smaller. See docs/RULES.md, The allowance.
    """
    if not is_import:
        return Judgement(amount_fen, 0, None, rules.version)
    exempt_fen, exempt_g = exempt_parts(amount_fen, quantity_g, group, rules.limit_fen, used_fen, used_g)
    return Judgement(exempt_fen, exempt_g, None if group is None else group.name, rules.version)


def exempt_parts(
    amount_fen: int, quantity_g: int, group: ListGroup | None, limit_fen: int, used_fen: int, used_g: int
) -> tuple[int, int]:
    """The exempt part of an import in fen, and what it uses of its list group's free weight in grams."""
    candidate_fen, exempt_g = amount_fen, 0
    if group is not None:
        exempt_g = min(quantity_g, max(0, group.free_g - used_g))
        candidate_fen = amount_fen * exempt_g // quantity_g
    left_fen = limit_fen - used_fen
    return candidate_fen if candidate_fen < left_fen else max(0, left_fen), exempt_g


def verdict(*, is_import: bool, exempt_fen: int, taxable_fen: int) -> Verdict:
    """The verdict on a trade, in a word; it is right for the negative parts of a reversal as well."""
    if not is_import:
        return "export"
    if taxable_fen == 0:
        return "exempt"
    return "taxed" if exempt_fen == 0 else "partly_taxed"
