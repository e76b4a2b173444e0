"""The rows of a report on any kind of totals: which keys have a row, in which order, and what it is compared with."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from service.domain.cells import Key
from service.domain.periods import Period
from service.domain.rounding import share

if TYPE_CHECKING:
    from service.domain.reports import Question


class Counted(Protocol):
    """The totals of a row."""

    @property
    def amount_fen(self) -> int:
        """The value, by which rows are ordered."""

    @property
    def transactions(self) -> int:
        """The number of live trades; a row without any does not stand."""


T = TypeVar("T", bound=Counted)
RowKey = Mapping[str, str | None]

AskRows = Callable[[Period | None], Mapping[Key, T]]
"""A function that returns the totals of a period by the keys of the rows; none for None."""

Nothing = Callable[[Period, Key], T]
"""A function that returns the totals of a key under which nothing is live in a period."""

RowParts = tuple[RowKey, T, T | None, int | None]
"""What a row is made of: its key, its current totals, those of its base (None without one), and its share."""


def plain_rows(question: "Question", ask: AskRows[T], nothing: Nothing[T], total_fen: int) -> Iterator[RowParts[T]]:
    """The rows of a report without time, by current amount, the largest first, then by key.

    There is a row for each key with a live trade in the current or the base period.
    """
    span, before = question.span, question.base_period
    current, base = ask(span), ask(before)
    dimensions = question.dimensions
    for key in _ordered(current, base):
        totals = _totals(current, span, key, nothing)
        then = None if before is None else _totals(base, before, key, nothing)
        yield named(dimensions, key), totals, then, share(totals.amount_fen, total_fen)


def time_rows(question: "Question", ask: AskRows[T], nothing: Nothing[T]) -> Iterator[RowParts[T]]:
    """The rows of a report by time, ascending; in one bucket by current amount, the largest first, then by key."""
    for bucket, before in question.compared_buckets:
        current, base = ask(bucket.period), ask(before)
        for key in _ordered(current, base):
            values = named(question.dimensions, key)
            place = {name: bucket.key if name == question.interval else values[name] for name in question.by}
            then = None if before is None else _totals(base, before, key, nothing)
            yield place, _totals(current, bucket.period, key, nothing), then, None


def _totals(known: Mapping[Key, T], period: Period, key: Key, nothing: Nothing[T]) -> T:
    totals = known.get(key)
    return nothing(period, key) if totals is None else totals


def _ordered(current: Mapping[Key, T], base: Mapping[Key, T]) -> list[Key]:
    keys = live_keys(current, base)
    keys.sort(key=lambda key: (-current[key].amount_fen if key in current else 0, sortable(key)))
    return keys


def live_keys(*parts: Mapping[Key, Counted]) -> list[Key]:
    """The keys that have a live trade in any of the parts."""
    return list({key: None for part in parts for key, totals in part.items() if totals.transactions})


def sortable(key: Key) -> tuple[tuple[bool, str], ...]:
    """A key as it is sorted: values that are not there come last."""
    return tuple((value is None, value or "") for value in key)


def named(dimensions: Iterable[str], key: Key) -> dict[str, str | None]:
    """The values of a key by the names of their dimensions."""
    return dict(zip(dimensions, key, strict=True))
