"""The report of warnings: how many live trades of a period bear each warning, by the key that recorded them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.reports import Question
from service.domain.warnings import CODES


class WarningKey(NamedTuple):
    """A warning's code and the id of the API key that recorded the trades; None for entries that name no key."""

    code: str
    recorded_by: int | None


@dataclass(frozen=True, slots=True)
class WarningCounts:
    """Live trades by code, and by code and key. A trade with two warnings counts under both."""

    question: Question
    total: Sequence[tuple[str, int]]
    rows: Sequence[tuple[WarningKey, int]]


def warning_counts(question: Question, counts: Mapping[WarningKey, int]) -> WarningCounts:
    """The report of these counts: codes in their order, and for each the keys with the most trades first."""
    rows = sorted(
        ((key, count) for key, count in counts.items() if count),
        key=lambda row: (CODES.index(row[0].code), -row[1], -1 if row[0].recorded_by is None else row[0].recorded_by),
    )
    total = [(code, sum(count for key, count in rows if key.code == code)) for code in CODES]
    return WarningCounts(question, [one for one in total if one[1]], rows)
