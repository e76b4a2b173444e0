"""A month of cells: rolled up or not, narrowed or not, it adds up to the same."""

import datetime

from hypothesis import assume, given
from hypothesis import strategies as st
from pyroaring import BitMap

from service.domain.cells import GRAINS, Cell, Grain, Key
from service.domain.months import Month
from service.domain.periods import Period
from service.domain.rollup import roll_up, totals_of_rolled_up
from service.domain.totals import RowKeys, Selection, totals_of_days

FULL = GRAINS[-1]
SECOND = datetime.date(2024, 6, 2)
JUNE = Period(datetime.date(2024, 6, 1), datetime.date(2024, 6, 30))

keys = st.tuples(
    st.sampled_from(["meat", "wool"]),
    st.sampled_from(["MN", "RU"]),
    st.just("import"),
    st.just("erenhot"),
    st.sampled_from([None, "G000001", "G000002"]),
    st.sampled_from([None, "东", "西"]),
)
residents = st.frozensets(st.sampled_from([1, 2, 3, 70_000, 99_999_999]), min_size=1)
cells = st.builds(
    lambda amount, who: Cell(amount, amount // 2, 3 * amount, len(who), BitMap(who)), st.integers(1, 10**6), residents
)
days = st.dictionaries(
    st.sampled_from([datetime.date(2024, 6, day) for day in (1, 2, 9, 17, 30)]),
    st.dictionaries(keys, cells, max_size=8),
)
selections = st.builds(
    lambda by, values: Selection(
        tuple(by), tuple((index, frozenset(wanted)) for index, wanted in sorted(values.items()))
    ),
    st.lists(st.sampled_from(FULL.dimensions), max_size=2, unique=True),
    st.fixed_dictionaries(
        {4: st.sets(st.sampled_from(["G000001", "G000002"]), min_size=1)},
        optional={
            0: st.just({"meat"}),
            5: st.sets(st.sampled_from(["东", "西", "nowhere"]), min_size=1),
        },
    ),
)


@given(days, st.lists(selections, min_size=1, max_size=6))
def test_a_month_answers_the_same_from_days_gathered_and_narrowed(
    recorded: dict[datetime.date, dict[Key, Cell]], asked: list[Selection]
) -> None:
    month = Month(FULL.dimensions)
    month.days.update(recorded)
    rolled_up = roll_up(recorded)
    for selection in asked:
        plain = totals_of_days(recorded.values(), RowKeys(selection))
        assert totals_of_rolled_up(rolled_up, RowKeys(selection)) == plain
        assert month.totals(selection, RowKeys(selection)) == plain
        assert month.totals_within(JUNE, selection, RowKeys(selection)) == plain
    month.prepare()
    for selection in asked:
        assert month.totals_within(JUNE, selection, RowKeys(selection)) == totals_of_days(
            recorded.values(), RowKeys(selection)
        )


@given(
    days,
    st.sampled_from(GRAINS),
    st.lists(st.sampled_from(FULL.dimensions), max_size=2, unique=True),
    st.dictionaries(
        st.sampled_from([0, 5]), st.sampled_from([frozenset({"meat", "东"}), frozenset({"西", "wool", "nowhere"})])
    ),
    st.sampled_from(
        [JUNE, *(Period(datetime.date(2024, 6, 2), datetime.date(2024, 6, day)) for day in (2, 9, 20, 30))]
    ),
)
def test_a_prepared_month_answers_for_any_of_its_days(
    recorded: dict[datetime.date, dict[Key, Cell]],
    grain: Grain,
    by: list[int],
    filters: dict[int, frozenset[str]],
    period: Period,
) -> None:
    """Whole, in chunks and by single days; what is usual is worked out in advance, filters look their cells up."""
    selection = Selection(tuple(by), tuple(sorted(filters.items())))
    assume(selection.grain == grain)
    month = Month(grain.dimensions)
    month.days.update(
        {
            day: {tuple(key[index] for index in grain.dimensions): cell for key, cell in cells.items()}
            for day, cells in recorded.items()
        }
    )
    keys = RowKeys(selection)
    asked = [cells for day, cells in month.days.items() if period.start <= day <= period.end]
    month.prepare()
    assert month.totals_within(period, selection, keys) == totals_of_days(asked, keys)
    assert month.totals(selection, keys) == totals_of_days(month.days.values(), keys)


def test_a_resident_in_two_cells_of_a_day_takes_part_once() -> None:
    day = datetime.date(2024, 6, 1)
    meat: Key = ("meat", "MN", "import", "erenhot", None, None)
    wool: Key = ("wool", "MN", "import", "erenhot", None, None)
    recorded = {day: {meat: Cell(1, 1, 1, 2, BitMap([1, 2])), wool: Cell(1, 1, 1, 1, BitMap([2]))}}
    rolled_up = roll_up(recorded)
    assert (rolled_up[meat].alone, rolled_up[wool].alone) == (1, 0)
    total = totals_of_rolled_up(rolled_up, RowKeys(Selection((), ((0, frozenset({"meat", "wool"})),))))[()]
    assert (total.participations, len(total.residents)) == (2, 2)


def test_what_was_kept_of_a_month_is_forgotten_when_it_changes() -> None:
    month, day = Month(FULL.dimensions), datetime.date(2024, 6, 1)
    key: Key = ("meat", "MN", "import", "erenhot", None, None)
    everything = Selection((4,))
    month.days[day] = {key: Cell(1, 1, 1, 1, BitMap([1]))}
    assert month.totals(everything, RowKeys(everything))[(None,)].transactions == 1
    month.days[day][key] = Cell(2, 2, 2, 2, BitMap([1, 2]))
    month.forget()
    assert month.totals(everything, RowKeys(everything))[(None,)].transactions == 2
