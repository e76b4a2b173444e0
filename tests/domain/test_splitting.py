"""Splitting a consignment: the golden cases, a plain search beside the formula, and what holds for every split."""

import datetime
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.allowance import Rules, judge
from service.domain.splitting import LineToSplit, NoRoomReason, Receiver, Split, SplitPolicy, split
from service.rules import load_rulebook
from tests.cases import read_cases

RULES: Rules = load_rulebook().on(datetime.date(2024, 6, 30))
LISTED = {"wheat": 50_000, "wool": 0}


def _named(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", read_cases("split"), ids=_named)
def test_a_split_is_that_of_the_golden_case(case: dict[str, Any]) -> None:
    lines = [LineToSplit(**line) for line in case["lines"]]
    receivers = [Receiver(**one) for one in case["residents"]]
    made = split(lines, receivers, case["policy"], case["unit_g"])
    assert [part._asdict() for part in made.parts] == case["parts"]
    assert [one._asdict() for one in made.left] == case["left"]


def _lines_of(most: int, *list_groups: str | None) -> st.SearchStrategy[LineToSplit]:
    values = st.tuples(st.integers(1, most), st.integers(1, most), st.sampled_from(list_groups))
    return values.map(lambda line: LineToSplit(*line))


_LINES = st.lists(
    _lines_of(3_000_000, None, "wheat", "wool"),
    min_size=1,
    max_size=4,
)
_USED = st.tuples(st.integers(0, 800_000) | st.sampled_from([0, 799_999, 800_000]), st.integers(0, 50_000))
_RESIDENTS = st.lists(_USED, max_size=8)
_POLICIES = st.sampled_from(["fill", "even"])
_UNITS = st.sampled_from([1, 1, 500, 20_000])


def _receivers(used: Sequence[tuple[int, int]]) -> list[Receiver]:
    return [
        Receiver(resident, RULES.limit_fen - fen, {"wheat": LISTED["wheat"] - grams, "wool": 0})
        for resident, (fen, grams) in enumerate(used, 1)
    ]


def _refuse_lost(lines: Sequence[LineToSplit], made: Split) -> None:
    for place, line in enumerate(lines):
        own = [part for part in made.parts if part.line == place]
        assert line.given_g + sum(part.quantity_g for part in own) + made.left[place].quantity_g == line.quantity_g
        assert line.given_fen + sum(part.amount_fen for part in own) + made.left[place].amount_fen == line.amount_fen
        assert all(part.quantity_g > 0 and part.amount_fen > 0 for part in own)
        assert min(made.left[place]) >= 0


@given(_LINES, _RESIDENTS, _POLICIES, _UNITS)
@settings(max_examples=400, deadline=None)
def test_parts_add_up_and_each_is_wholly_exempt(
    lines: list[LineToSplit], used: list[tuple[int, int]], policy: SplitPolicy, unit_g: int
) -> None:
    made = split(lines, _receivers(used), policy, unit_g)
    _refuse_lost(lines, made)
    used_fen = {resident: fen for resident, (fen, _) in enumerate(used, 1)}
    used_g = Counter({(resident, "wheat"): grams for resident, (_, grams) in enumerate(used, 1)})
    for part in made.parts:
        group = RULES.list_groups.get(lines[part.line].list_group or "")
        judged = judge(
            is_import=True,
            amount_fen=part.amount_fen,
            quantity_g=part.quantity_g,
            group=group,
            rules=RULES,
            used_fen=used_fen[part.resident],
            used_g=0 if group is None else used_g[part.resident, group.name],
        )
        assert judged.exempt_fen == part.amount_fen
        used_fen[part.resident] += judged.exempt_fen
        if group is not None:
            used_g[part.resident, group.name] += judged.exempt_quantity_g


def _amount(line: LineToSplit, quantity_g: int) -> int:
    return (2 * line.amount_fen * quantity_g + line.quantity_g) // (2 * line.quantity_g)


@given(
    _lines_of(60, None, "wheat"),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4),
    _POLICIES,
    st.integers(1, 7),
)
@settings(max_examples=400, deadline=None)
def test_each_part_is_the_largest_that_a_search_finds(
    line: LineToSplit, allowances: list[tuple[int, int]], policy: SplitPolicy, unit_g: int
) -> None:
    receivers = [Receiver(n, room_fen, {"wheat": free_g}) for n, (room_fen, free_g) in enumerate(allowances, 1)]
    expected: list[list[int]] = []
    given_g = 0
    for before, (room_fen, free_g) in enumerate(allowances):
        left_g = line.quantity_g - given_g
        most_g = min(left_g, left_g if line.list_group is None else free_g)
        if policy == "even":
            share_g = next(n for n in range(0, left_g + unit_g, unit_g) if n * (len(allowances) - before) >= left_g)
            most_g = min(most_g, share_g)
        fits = [
            x
            for x in range(1, most_g + 1)
            if (x == left_g or x % unit_g == 0) and 0 < _amount(line, given_g + x) - _amount(line, given_g) <= room_fen
        ]
        if fits:
            expected.append([before + 1, fits[-1]])
            given_g += fits[-1]
    if expected and line.list_group is None and _amount(line, given_g) == line.amount_fen:
        expected[-1][1] += line.quantity_g - given_g
    made = split([line], receivers, policy, unit_g)
    assert [[part.resident, part.quantity_g] for part in made.parts] == expected


@given(_LINES, _RESIDENTS, _RESIDENTS, _POLICIES, _UNITS, st.data())
@settings(max_examples=200, deadline=None)
def test_a_second_split_goes_on_where_the_first_ended_also_after_single_reversals(
    lines: list[LineToSplit],
    first_used: list[tuple[int, int]],
    second_used: list[tuple[int, int]],
    policy: SplitPolicy,
    unit_g: int,
    data: st.DataObject,
) -> None:
    first = split(lines, _receivers(first_used), policy, unit_g)
    kept = [part for part in first.parts if data.draw(st.booleans())]
    given_before = [
        line._replace(
            given_g=sum(part.quantity_g for part in kept if part.line == place),
            given_fen=sum(part.amount_fen for part in kept if part.line == place),
        )
        for place, line in enumerate(lines)
    ]
    _refuse_lost(given_before, split(given_before, _receivers(second_used), policy, unit_g))


def test_two_splits_give_the_parts_of_one_split() -> None:
    line = LineToSplit(25_000_000, 41_675_000, None)
    receivers = [Receiver(resident, 800_000, {}) for resident in range(1, 61)]
    whole = split([line], receivers)
    first = split([line], receivers[:16])
    rest = line._replace(
        given_g=sum(part.quantity_g for part in first.parts), given_fen=sum(part.amount_fen for part in first.parts)
    )
    second = split([rest], receivers[16:])
    assert [*first.parts, *second.parts] == whole.parts
    assert second.left == whole.left


@pytest.mark.parametrize(
    ("line", "receiver", "unit_g", "why"),
    [
        (LineToSplit(1000, 1000, None), Receiver(1, 0, {}), 1, "no-value-left"),
        (LineToSplit(1000, 1000, "wheat"), Receiver(1, 800, {"wheat": 0}), 1, "no-weight-left"),
        (LineToSplit(1000, 1000, "wheat"), Receiver(1, 800, {}), 1, "no-weight-left"),
        (LineToSplit(1000, 1000, None), Receiver(1, 499, {}), 500, "less-than-a-unit"),
        (LineToSplit(10, 1, "wheat"), Receiver(1, 800, {"wheat": 3}), 1, "worth-nothing"),
    ],
)
def test_who_gets_no_part_is_told_with_the_reason(
    line: LineToSplit, receiver: Receiver, unit_g: int, why: NoRoomReason
) -> None:
    made = split([line], [receiver], "fill", unit_g)
    assert made.no_room == {1: why}
    assert made.left == [(line.quantity_g, line.amount_fen)]


def test_who_is_not_needed_has_room_all_the_same() -> None:
    made = split([LineToSplit(1000, 1000, None)], [Receiver(1, 800_000, {}), Receiver(2, 0, {})])
    assert made.no_room == {}
