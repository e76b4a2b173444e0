"""Which backups are kept: the newest ones, and the newest one of each of the last days, weeks and months."""

import datetime
from collections.abc import Callable, Collection
from typing import NamedTuple

from service.domain.transactions import business_day

COUNT_MAX = 100_000


class UnknownRetention(ValueError):
    """Says what is wrong with the text of a rule, and what to write instead."""


class Retention(NamedTuple):
    """How many backups are kept of each kind. The newest backup is always kept."""

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0


def read_retention(text: str) -> Retention:
    """The rule that a text such as `last=3,daily=14,weekly=8,monthly=24` states. Raises UnknownRetention."""
    counts: dict[str, int] = {}
    for part in text.replace(" ", "").split(","):
        name, _, count = part.partition("=")
        if name not in Retention._fields or name in counts or not (count.isascii() and count.isdigit()):
            raise UnknownRetention(f"'{part}' is no such rule: write for example last=3,daily=14,weekly=8,monthly=24.")
        counts[name] = min(int(count), COUNT_MAX)
    return Retention(**counts)


def choose_kept(instants: Collection[datetime.datetime], retention: Retention) -> set[datetime.datetime]:
    """The instants of the backups to keep. Days, weeks (from Monday) and months are those of the market.

    A day, week or month without a backup does not count: `daily=14` keeps a backup of each of the last 14 days that
    have one.
    """
    newest_first = sorted(instants, reverse=True)
    kept = set(newest_first[: max(1, retention.last)])
    for count, period_of in _PERIODS:
        newest_of: dict[object, datetime.datetime] = {}
        for instant in newest_first:
            newest_of.setdefault(period_of(business_day(instant)), instant)
        kept.update(list(newest_of.values())[: count(retention)])
    return kept


_PERIODS: tuple[tuple[Callable[[Retention], int], Callable[[datetime.date], object]], ...] = (
    (lambda retention: retention.daily, lambda day: day),
    (lambda retention: retention.weekly, lambda day: day.isocalendar()[:2]),
    (lambda retention: retention.monthly, lambda day: (day.year, day.month)),
)
