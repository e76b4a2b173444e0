"""The check that a report is a recount at its position takes each report that may be right, and no mixture."""

import pytest

from tests.cluster.exactness import Posts, inexact
from tests.cluster.kept import Report
from tests.cluster.places import Position

# Posts 1, 2, 3 came one after the other. 4 and 5 were sent together, and 6 had no answer. 20 and -20 are not counted.
SENT_AT = {1: 1.0, 2: 2.0, 3: 3.0, 20: 4.0, -20: 5.0, 4: 6.0, 5: 6.1, 6: 7.0}
ACKNOWLEDGED_AT = {1: 1.5, 2: 2.5, 3: 3.5, 20: 4.5, -20: 5.5, 4: 6.8, 5: 6.9}
BLOCKS = [2, 3]
"""Posts 1 and 2; posts 3, 20 and -20."""


def _is_exact(position: Position, trades: int, fen: int, answered_at: float = 9.0) -> bool:
    report = Report("hushi1", answered_at, position, trades, fen)
    return not inexact([report], Posts(SENT_AT, ACKNOWLEDGED_AT), BLOCKS)


@pytest.mark.parametrize(
    ("position", "trades", "fen"),
    [
        ((0, 0), 0, 0),
        ((0, 1), 1, 1),
        ((0, 2), 2, 3),
        ((1, 0), 2, 3),
        ((1, 1), 3, 6),
        ((1, 2), 3, 6),  # With the trade that is not counted.
        ((2, 0), 3, 6),
        ((2, 1), 4, 10),  # 4 or 5 may have been the first.
        ((2, 1), 4, 11),
        ((2, 2), 5, 15),
        ((2, 3), 6, 21),  # 6 has no answer, and may be there.
    ],
)
def test_what_may_be_a_recount_is_taken(position: Position, trades: int, fen: int) -> None:
    assert _is_exact(position, trades, fen)


@pytest.mark.parametrize(
    ("position", "trades", "fen"),
    [
        ((0, 1), 2, 3),  # More than its position says.
        ((1, 0), 1, 1),  # Less.
        ((0, 2), 2, 4),  # 3 without 2, which was acknowledged before 3 was sent.
        ((1, 1), 3, 7),  # The count of one state and the sum of another.
        ((2, 1), 4, 12),  # 6 without 4 and 5.
        ((2, 2), 5, 16),
        ((2, 2), 4, 10),
        ((3, 0), 5, 15),  # A block that is not there.
        ((2, 9), 6, 21),
    ],
)
def test_what_can_be_no_recount_is_found(position: Position, trades: int, fen: int) -> None:
    assert not _is_exact(position, trades, fen)


def test_a_report_holds_nothing_that_was_sent_later() -> None:
    assert _is_exact((2, 1), 4, 10, answered_at=6.05)
    assert not _is_exact((2, 1), 4, 11, answered_at=6.05)


def test_among_many_posts_without_an_answer_the_sums_have_bounds() -> None:
    numbers = [number for number in range(101, 130) if number % 10]
    posts = Posts({number: float(place) for place, number in enumerate(numbers)}, {})

    def wrong(fen: int) -> list[str]:
        return inexact([Report("hushi1", 99.0, (0, 2), 2, fen)], posts, [])

    assert (wrong(101 + 102), wrong(128 + 129)) == ([], [])
    assert (len(wrong(101 + 101)), len(wrong(129 + 129))) == (1, 1)
