"""The questions of the report benchmarks: those of the bureau, and random questions that were never asked before."""

import datetime
import random
from collections.abc import Iterator

from service.domain.periods import Period
from service.domain.reports import Question

EIGHT_MONTHS = Period(datetime.date(2024, 1, 1), datetime.date(2024, 8, 31))
TWO_YEARS = Period(datetime.date(2023, 1, 1), datetime.date(2024, 12, 31))
HEADLINE = Question(EIGHT_MONTHS, "yoy", ("category",))

_VALUES = {
    "category": ["meat", "grain", "wool", "packaged_food"],
    "origin": ["MN", "RU", "KZ", "BY"],
    "direction": ["import", "export"],
    "trade_point": ["erenhot", "erenhot-city"],
    "group_id": [f"G{number:06d}" for number in range(1, 401)],
    "settlement": [f"社区{number}" for number in range(1, 13)],
}
_BYS: list[tuple[str, ...]] = [
    (), ("category",), ("origin",), ("settlement",), ("category", "month"), ("origin", "trade_point"),
]  # fmt: skip


def never_asked(seed: int = 7) -> Iterator[Question]:
    """Random year-on-year questions.

    Each is about any days of 2024, with up to two filters of one or two values each, and up to two dimensions.
    """
    chance = random.Random(seed)
    first = datetime.date(2024, 1, 1)
    while True:
        start, end = (first + datetime.timedelta(days=n) for n in sorted(chance.sample(range(366), 2)))
        names = sorted(chance.sample(sorted(_VALUES), chance.randrange(3)), key=list(_VALUES).index)
        filters = tuple((name, frozenset(chance.sample(_VALUES[name], chance.randrange(1, 3)))) for name in names)
        yield Question(Period(start, end), "yoy", chance.choice(_BYS), filters)
