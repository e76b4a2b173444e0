"""When a process that died gets its successor."""

import pytest

from service.server.replacements import PAUSE_MAX_S, YOUNG_FAILURES_MAX, YOUNG_S, Replacements, pause_s


def test_who_has_lived_is_replaced_at_once() -> None:
    replacements = Replacements(2)
    assert replacements.next_in_s(now=100) is None
    replacements.note_death(1, lived_s=YOUNG_S, now=100)
    assert replacements.next_in_s(now=100) == 0
    assert replacements.take_due(now=100) == [1]
    assert replacements.take_due(now=100) == []


def test_who_dies_young_again_and_again_is_replaced_later_and_later() -> None:
    replacements = Replacements(2)
    pauses = []
    for _ in range(8):
        replacements.note_death(0, lived_s=0.1, now=100)
        pauses.append(replacements.next_in_s(now=100))
        assert replacements.take_due(now=100.5) == []
        assert replacements.take_due(now=100 + PAUSE_MAX_S) == [0]
    assert pauses == [1, 2, 4, 8, 16, PAUSE_MAX_S, PAUSE_MAX_S, PAUSE_MAX_S]
    assert not replacements.is_hopeless


def test_a_long_life_makes_up_for_earlier_deaths() -> None:
    replacements = Replacements(1)
    for lived_s in (0.1, 0.1, YOUNG_S, 0.1):
        replacements.note_death(0, lived_s, now=0)
    assert replacements.next_in_s(now=0) == pause_s(1)


@pytest.mark.parametrize("deaths", range(1, YOUNG_FAILURES_MAX + 2))
def test_there_is_no_hope_when_all_die_young(deaths: int) -> None:
    replacements = Replacements(2)
    for _ in range(deaths):
        replacements.note_death(0, lived_s=0.1, now=0)
        replacements.note_death(1, lived_s=0.1, now=0)
    assert replacements.is_hopeless == (deaths >= YOUNG_FAILURES_MAX)
    replacements.take_due(now=PAUSE_MAX_S)
    assert not replacements.is_hopeless


def test_processes_that_are_killed_leave_hope() -> None:
    replacements = Replacements(2)
    for _ in range(2 * YOUNG_FAILURES_MAX):
        replacements.note_death(0, lived_s=0.1, now=0, was_killed=True)
        replacements.note_death(1, lived_s=0.1, now=0)
    assert not replacements.is_hopeless
    assert replacements.next_in_s(now=0) == PAUSE_MAX_S
