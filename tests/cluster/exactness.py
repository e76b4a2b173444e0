"""Whether a report is a recount of the ledger at the position that it names, judged from outside.

A position says how many entries there are, in blocks and in the tail. PostgreSQL makes commits visible in an order that
nobody outside knows, but some of it is known: what was acknowledged before another post was sent comes before that
post. So a report is exact when there is a set of posts of that size, with all that comes before each of them, that has
the report's count and sum.
"""

import bisect
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from tests.cluster.kept import Report
from tests.cluster.places import is_reversed

TRIED_MAX = 12
"""Among more posts than this that may be there or not, only the least and the largest sum are compared."""

Figures = tuple[int, int, int]
"""How many entries there are, how many of them a report counts, and their sum in fen."""


NOTHING: Figures = (0, 0, 0)


def figures_of(number: int) -> Figures:
    """What a post adds to the figures. Only trades that are never reversed are in the report."""
    return (1, 0, 0) if is_reversed(number) else (1, 1, number)


class Posts:
    """All posts that were sent, in this order, with the moments at which they were acknowledged."""

    def __init__(self, sent_at: Mapping[int, float], acknowledged_at: Mapping[int, float]) -> None:
        """Finds for each post which posts come before it, and which may or may not."""
        self._sent = sorted((at, number) for number, at in sent_at.items())
        in_order = sorted((at, number) for number, at in acknowledged_at.items())
        moments = [at for at, _ in in_order]
        sums = list(itertools.accumulate((figures_of(number) for _, number in in_order), _add, initial=NOTHING))
        self._before = [sums[bisect.bisect_left(moments, at)] for at, _ in self._sent]
        self._beside: list[list[int]] = []
        open_posts: list[tuple[float, int]] = []
        for at, number in self._sent:
            open_posts = [post for post in open_posts if post[0] >= at]
            self._beside.append([other for _, other in open_posts])
            open_posts.append((acknowledged_at.get(number, math.inf), number))

    def explain(self, report: Report, entries: int) -> bool:
        """Whether the posts explain a report at a position with this many entries."""
        wanted = (entries, report.trades, report.fen)
        return wanted == NOTHING or any(
            _can_add_up(optional, _subtract(wanted, least)) for least, optional in self._sets(report, entries)
        )

    def _sets(self, report: Report, entries: int) -> Iterator[tuple[Figures, list[int]]]:
        """For each post that may be the last one sent of those in the report: what must be there, and what may be."""
        for place in range(max(entries - 1, 0), len(self._sent)):
            sent, number = self._sent[place]
            if sent >= report.answered_at or self._before[place][0] >= entries:
                return
            yield _add(self._before[place], figures_of(number)), self._beside[place]


def _can_add_up(numbers: Sequence[int], wanted: Figures) -> bool:
    """Whether some of the posts have exactly these figures."""
    count, trades, fen = wanted
    if min(wanted) < 0 or count > len(numbers):
        return False
    counted = sorted(number for number in numbers if not is_reversed(number))
    others = len(numbers) - len(counted)
    if trades > len(counted) or not 0 <= count - trades <= others:
        return False
    if len(counted) > TRIED_MAX:
        return sum(counted[:trades]) <= fen <= sum(counted[len(counted) - trades :])
    return any(sum(chosen) == fen for chosen in itertools.combinations(counted, trades))


def _add(one: Figures, other: Figures) -> Figures:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _subtract(one: Figures, other: Figures) -> Figures:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def inexact(reports: Sequence[Report], posts: Posts, blocks: Sequence[int]) -> list[str]:
    """What is wrong with reports. `blocks` has the number of entries of each block, from the first."""
    sealed = list(itertools.accumulate(blocks, initial=0))
    wrong = []
    for report in reports:
        block, tail = report.position
        if block >= len(sealed) or not posts.explain(report, sealed[block] + tail):
            told = f"{report.trades} trades, {report.fen} fen at {block}.{tail}"
            wrong.append(f"a report of {report.place} is no recount: {told}")
    return wrong
