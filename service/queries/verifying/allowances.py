"""I2: judges every trade again in its order, and checks what each allowance row says was used on its day.

Both tables are read at the same time, by resident and day, so that memory holds the rows of one resident and day only:
ten million rows fit as well as ten.
"""

import datetime
import operator
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

from service.domain.allowance import NO_LIST_GROUP, SHIPPED, Rules, judge
from service.domain.residents import resident_id
from service.domain.rulebook import Rulebook, file_no_of
from service.queries.verifying.faults import UNREADABLE, Wrong, unreadable
from service.queries.verifying.merging import side_by_side
from service.storage import recount
from service.storage.cell_tables import known_day
from service.storage.engine import Connection
from service.storage.raw_rows import Raw
from service.storage.recount import JudgedRow, UseRow

_pair_of = operator.itemgetter(0, 1)
"""The resident and the day, which both tables have first."""

_PAIRS = "The residents and days of entries and allowances"


class _Expected(NamedTuple):
    """What an allowance row has to say.

    `judged_by` has the rules that judged the trades. It is None where one of them was judged by rules that are not at
    hand: the limits of the row are not compared with the rules then.
    """

    used: int
    judged_by: Sequence[Rules] | None


def verify_allowances(connection: Connection, rulebook: Rulebook, folded: int) -> None:
    """Raises Wrong for an entry that was not judged as its rules say, and for an allowance row that is not right.

    An entry names the newest rule file that judged it, and is judged again with the files up to that one. `folded` is
    the last place that a block holds. Entries behind it must be judged by the rules at hand.
    """
    known: dict[int, _DayRules] = {}
    with closing(recount.judged_entries(connection)) as entries, closing(recount.allowance_rows(connection)) as rows:
        for (resident, day), own, uses in side_by_side(_PAIRS, _pair_of, entries, rows):
            try:
                rules = known.get(day)
                if rules is None:
                    rules = known[day] = _DayRules(rulebook, known_day(day))
                wrong = _why_pair_wrong(rules, folded, own, uses)
            except UNREADABLE as error:
                raise unreadable(f"What {_named(resident, day)} traded and used", error) from None
            if wrong is not None:
                list_group, why = wrong
                name = _named(resident, day) + (f", {list_group}" if list_group else "")
                raise Wrong(f"The allowance of {name} {why}.")


def _named(resident: int, day: int) -> str:
    return f"{resident_id(resident)} on {_day_text(day)}"


class _DayRules:
    """The rules of a business day, as they were after each rule file."""

    def __init__(self, rulebook: Rulebook, day: datetime.date) -> None:
        self._rulebook, self._day = rulebook, day
        self._named: dict[str, Rules] = {}

    def named_by(self, rule_version: str) -> Rules:
        """The rules with the files up to the one that a version names; their version may still be another one."""
        rules = self._named.get(rule_version)
        if rules is None:
            rules = self._named[rule_version] = self._rulebook.up_to(file_no_of(rule_version)).on(self._day)
        return rules

    def limits_of(self, list_group: str) -> set[tuple[int, int]]:
        """The limits that a row may have: those of any rules that were in force, because a reversal sets them too."""
        books = (self._rulebook.up_to(no) for no in range(SHIPPED, self._rulebook.newest_file + 1))
        return {_limits(book.on(self._day), list_group) for book in books}


def _why_pair_wrong(
    rules: _DayRules, folded: int, entries: Sequence[Raw], rows: Sequence[Raw]
) -> tuple[str, str] | None:
    """What is wrong with the allowance rows of one resident and day: a list group, and why; None when nothing is wrong.

    Raises Wrong for an entry that was judged otherwise than its rules say.
    """
    expected = _judge_again(rules, folded, entries)
    for values in rows:
        row = UseRow._make(values)
        wrong = _why_wrong(row, expected.pop(row.list_group, None), rules)
        if wrong is not None:
            return row.list_group, wrong
    for list_group in sorted(expected):
        return list_group, "is missing"
    return None


def _judge_again(rules: _DayRules, folded: int, entries: Iterable[Raw]) -> dict[str, _Expected]:
    """What the entries of one resident and day have used, by list group.

    A list group counts zero when entries have it and used nothing from it. An export uses nothing. An entry that was
    judged under rules that are not at hand is not judged again: it is sealed in its block, and counts as it is.
    """
    used: dict[str, int] = {}
    judged_by: dict[str, list[Rules]] = {}
    others: set[str] = set()
    for values in entries:
        entry = JudgedRow._make(values)
        own_rules = rules.named_by(entry.rule_version)
        is_at_hand = entry.rule_version == own_rules.version
        if entry.reverses is None and (is_at_hand or entry.seq > folded):
            _refuse_other_judgement(own_rules, entry, used)
        if entry.seq > folded:
            _refuse_other_verification(own_rules, entry)
        for list_group, part in _used_by(entry):
            used[list_group] = used.get(list_group, 0) + part
            if is_at_hand:
                judged_by.setdefault(list_group, []).append(own_rules)
            else:
                others.add(list_group)
    return {name: _Expected(value, None if name in others else judged_by[name]) for name, value in used.items()}


def _used_by(entry: JudgedRow) -> Sequence[tuple[str, int]]:
    if entry.direction != "import":
        return ()
    if entry.list_group is None:
        return ((NO_LIST_GROUP, entry.exempt_fen),)
    return (NO_LIST_GROUP, entry.exempt_fen), (entry.list_group, entry.exempt_quantity_g)


def _refuse_other_judgement(rules: Rules, entry: JudgedRow, used: dict[str, int]) -> None:
    is_import = entry.direction == "import"
    group = rules.list_group_of(entry.hs_code) if is_import else None
    right = judge(
        is_import=is_import,
        amount_fen=entry.amount_fen,
        quantity_g=entry.quantity_g,
        group=group,
        rules=rules,
        used_fen=used.get(NO_LIST_GROUP, 0),
        used_g=0 if group is None else used.get(group.name, 0),
    )
    if right != (entry.exempt_fen, entry.exempt_quantity_g, entry.list_group, entry.rule_version):
        raise Wrong(
            f"The entry at place {entry.seq} of the journal was judged otherwise than the rules of its day say: "
            f"{entry.exempt_fen} fen and {entry.exempt_quantity_g} g exempt instead of {right.exempt_fen} fen and "
            f"{right.exempt_quantity_g} g, under {entry.rule_version}, {entry.list_group}."
        )


def _refuse_other_verification(rules: Rules, entry: JudgedRow) -> None:
    """Raises Wrong for an entry that calls its rules verified, or not, and the rules say otherwise.

    An entry that a block holds is sealed with what was known then. An older entry says nothing about it.
    """
    right = rules.verified or entry.direction == "export"
    if entry.rule_verified is not None and bool(entry.rule_verified) is not right:
        told = "verified" if entry.rule_verified else "not verified"
        raise Wrong(f"The entry at place {entry.seq} of the journal calls the rules of its day {told}.")


def _why_wrong(row: UseRow, expected: _Expected | None, rules: _DayRules) -> str | None:
    """What is wrong with an allowance row; None when nothing is wrong."""
    if expected is None:
        return "is of a day on which none was used"
    is_value = row.list_group == NO_LIST_GROUP
    used = (expected.used, 0) if is_value else (0, expected.used)
    if (row.exempt_fen, row.quantity_g) != used:
        return f"says {row.exempt_fen} fen and {row.quantity_g} g used, its entries {used[0]} fen and {used[1]} g"
    if row.exempt_fen > row.limit_fen or row.quantity_g > row.limit_g:
        return f"says {row.exempt_fen} fen and {row.quantity_g} g used, its limit is {row.limit_fen} and {row.limit_g}"
    if expected.judged_by is not None:
        return _why_wrong_limits(row, expected.judged_by, rules)
    return None


def _why_wrong_limits(row: UseRow, judged_by: Sequence[Rules], rules: _DayRules) -> str | None:
    """What is wrong with the limits of a row; it keeps the greatest of the rules of its trades and reversals."""
    limits, least = (row.limit_fen, row.limit_g), max(_limits(one, row.list_group) for one in judged_by)
    if limits == least or (limits > least and limits in rules.limits_of(row.list_group)):
        return None
    return f"names the limits {row.limit_fen} fen and {row.limit_g} g, the rules {least[0]} fen and {least[1]} g"


def _limits(rules: Rules, list_group: str) -> tuple[int, int]:
    """The limits of a row in fen and in grams; one of the two is always zero."""
    if list_group == NO_LIST_GROUP:
        return rules.limit_fen, 0
    group = rules.list_groups.get(list_group)
    return 0, 0 if group is None else group.free_g


def _day_text(day: int) -> str:
    """The text of a day from its integer; it works also for an integer that is no day."""
    return f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"
