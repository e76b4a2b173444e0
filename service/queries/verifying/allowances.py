"""I2: judges every trade again in its order, and checks what each allowance row says was used on its day.

Both tables are read at the same time, by resident and day, so that memory holds the rows of one resident and day only:
ten million rows fit as well as ten.
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator
from contextlib import closing
from operator import attrgetter
from typing import NamedTuple

from service.domain.allowance import NO_LIST_GROUP, Rulebook, Rules, judge
from service.domain.residents import resident_id
from service.queries.verifying.faults import UNREADABLE, Wrong, unreadable
from service.storage import recount
from service.storage.columns import day_of
from service.storage.engine import Connection
from service.storage.recount import JudgedRow, UseRow

_PAIR = attrgetter("resident", "day")


class _Expected(NamedTuple):
    """What an allowance row has to say.

    `is_of_these_rules` is False where an entry was judged by other rules than those at hand: the limits of the row are
    not compared with the rules then.
    """

    used: int
    is_of_these_rules: bool


def verify_allowances(connection: Connection, rulebook: Rulebook, folded: int) -> None:
    """Raises Wrong for an entry that was not judged as its rules say, and for an allowance row that is not right.

    `folded` is the last place that a block holds. Entries behind it must be judged by the rules at hand.
    """
    with closing(recount.judged_entries(connection)) as entries, closing(recount.allowance_rows(connection)) as rows:
        merged: Iterator[JudgedRow | UseRow] = heapq.merge(entries, rows, key=_PAIR)
        for (resident, day), both in itertools.groupby(merged, key=_PAIR):
            named = f"{resident_id(resident)} on {_day_text(day)}"
            try:
                _verify_pair(named, rulebook.on(day_of(day)), folded, list(both))
            except UNREADABLE as error:
                raise unreadable(f"What {named} traded and used", error) from None


def _verify_pair(named: str, rules: Rules, folded: int, both: list[JudgedRow | UseRow]) -> None:
    expected = _judge_again(rules, folded, (row for row in both if isinstance(row, JudgedRow)))
    for row in both:
        if isinstance(row, UseRow):
            name = named + (f", {row.list_group}" if row.list_group else "")
            wrong = _why_wrong(row, expected.pop(row.list_group, None), rules)
            if wrong is not None:
                raise Wrong(f"The allowance of {name} {wrong}.")
    for list_group in sorted(expected):
        raise Wrong(f"The allowance of {named}{f', {list_group}' if list_group else ''} is missing.")


def _judge_again(rules: Rules, folded: int, entries: Iterable[JudgedRow]) -> dict[str, _Expected]:
    """What the entries of one resident and day have used, by list group.

    A list group counts zero when entries have it and used nothing from it. An export uses nothing. An entry that was
    judged under other rules is not judged again: it is sealed in its block, and counts as it is.
    """
    used: dict[str, int] = {}
    others: set[str] = set()
    for entry in entries:
        is_of_these_rules = entry.rule_version == rules.version
        if entry.reverses is None and (is_of_these_rules or entry.seq > folded):
            _refuse_other_judgement(rules, entry, used)
        if entry.seq > folded:
            _refuse_other_verification(rules, entry)
        for list_group, part in _used_by(entry):
            used[list_group] = used.get(list_group, 0) + part
            if not is_of_these_rules:
                others.add(list_group)
    return {name: _Expected(value, name not in others) for name, value in used.items()}


def _used_by(entry: JudgedRow) -> Iterator[tuple[str, int]]:
    if entry.direction == "import":
        yield NO_LIST_GROUP, entry.exempt_fen
        if entry.list_group is not None:
            yield entry.list_group, entry.exempt_quantity_g


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


def _why_wrong(row: UseRow, expected: _Expected | None, rules: Rules) -> str | None:
    """What is wrong with an allowance row; None when nothing is wrong."""
    if expected is None:
        return "is of a day on which none was used"
    is_value = row.list_group == NO_LIST_GROUP
    used = (expected.used, 0) if is_value else (0, expected.used)
    if (row.exempt_fen, row.quantity_g) != used:
        return f"says {row.exempt_fen} fen and {row.quantity_g} g used, its entries {used[0]} fen and {used[1]} g"
    if row.exempt_fen > row.limit_fen or row.quantity_g > row.limit_g:
        return f"says {row.exempt_fen} fen and {row.quantity_g} g used, its limit is {row.limit_fen} and {row.limit_g}"
    limits = (rules.limit_fen, 0) if is_value else (0, _free_g(rules, row.list_group))
    if expected.is_of_these_rules and (row.limit_fen, row.limit_g) != limits:
        return f"names the limits {row.limit_fen} fen and {row.limit_g} g, the rules {limits[0]} fen and {limits[1]} g"
    return None


def _free_g(rules: Rules, list_group: str) -> int:
    group = rules.list_groups.get(list_group)
    return 0 if group is None else group.free_g


def _day_text(day: int) -> str:
    """The text of a day from its integer; it works also for an integer that is no day."""
    return f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"
