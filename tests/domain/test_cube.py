"""The cube: what is worked out in advance is what is worked out when it is asked, also after a change."""

import datetime

import pytest
from pyroaring import BitMap

from service.domain.cells import Cell
from service.domain.cube import Cube
from service.domain.months import Month
from service.domain.periods import Period
from service.domain.totals import USUAL

YEAR = Period(datetime.date(2024, 1, 1), datetime.date(2024, 12, 31))
TO_MID_MARCH = Period(datetime.date(2024, 1, 1), datetime.date(2024, 3, 14))


def _put(cube: Cube, day: datetime.date, amount_fen: int, resident: int) -> None:
    key = ("meat", "MN", "import", "erenhot", "G000001", "东")
    for grain, values in ((1, key[:4]), (2, (*key[:4], key[5])), (3, key)):
        cube.put((grain, day, values), Cell(amount_fen, 0, 1, 1, BitMap([resident])))


def _amounts(cube: Cube) -> set[tuple[int, int, int]]:
    """Amount, participations and residents of each usual selection over both periods."""
    totals = [t for period in (YEAR, TO_MID_MARCH) for by in USUAL for t in cube.totals(period, by).values()]
    return {(one.amount_fen, one.participations, len(one.residents)) for one in totals}


def test_what_has_changed_is_prepared_again_once_it_has_come_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    cube, prepared = Cube(), list[int]()
    prepare = Month.prepare

    def note_and_prepare(month: Month) -> object:
        prepared.append(min(month.days).month)
        return prepare(month)

    monkeypatch.setattr(Month, "prepare", note_and_prepare)
    for month in (1, 2, 3):
        _put(cube, datetime.date(2024, month, 10), 100, resident=month)
    assert list(cube.prepare()) != []
    assert sorted(prepared) == [1, 1, 1, 2, 2, 2, 3, 3, 3], "each month in each grain"
    assert _amounts(cube) == {(300, 3, 3)}

    prepared.clear()
    _put(cube, datetime.date(2024, 2, 11), 50, resident=1)
    list(cube.prepare_again())
    assert prepared == [], "it may change again in a moment"
    assert _amounts(cube) == {(350, 4, 3)}
    list(cube.prepare_again())
    assert prepared == [2, 2, 2]
    assert _amounts(cube) == {(350, 4, 3)}
    list(cube.prepare_again())
    assert prepared == [2, 2, 2], "nothing has changed since"
