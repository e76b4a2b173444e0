"""Recounts all cells of one business day, of every grain and measure, from one snapshot."""

import datetime
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple, TypeVar

from service.domain.integrity import WrongFigure
from service.domain.processing_cells import GRAINS, WAYS
from service.ledger import Ledger
from service.queries.verifying.cells import PROCESSING_CELLS, TRADE_CELLS, CheckedCells
from service.queries.verifying.counting import CountedRow, Recount
from service.queries.verifying.faults import UNREADABLE
from service.queries.verifying.processing_counting import count_rows
from service.storage import blocks, processing_cells, processing_recount, recount, sealed_rows, self_checks
from service.storage.cell_tables import RawKey
from service.storage.engine import Connection
from service.storage.raw_rows import Raw

T = TypeVar("T")
ROWS_BETWEEN_LOOKS = 1000
RESTS_FOR, REST_S_MAX = 3, 0.1
"""A check rests three times as long as it works, so that threads beside it wait for no more than a portion."""
NO_BLOCK = 0
HALF = 0.5


class TookTooLong(Exception):
    """A day has more entries than can be recounted in the time that is allowed, or the process is about to stop."""


class Patience:
    """How long a check may go on."""

    def __init__(self, within_s: float, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """The time begins now."""
        self._until, self._is_stopping = time.monotonic() + within_s, is_stopping

    def while_it_lasts(self, rows: Iterable[T]) -> Iterator[T]:
        """The rows, one after the other; it rests after each portion. Raises TookTooLong."""
        began = time.monotonic()
        for number, row in enumerate(rows):
            if number % ROWS_BETWEEN_LOOKS == 0:
                if time.monotonic() > self._until or self._is_stopping():
                    raise TookTooLong
                time.sleep(min(RESTS_FOR * (time.monotonic() - began), REST_S_MAX) if number else 0)
                began = time.monotonic()
            yield row


class CheckedDay(NamedTuple):
    """A day that was recounted, the number of its cells, the figures that are wrong, and the newest repair then."""

    day: datetime.date
    cells: int
    wrong: list[WrongFigure]
    repairs: int


def check_random_day(
    ledger: Ledger, chance: random.Random, within_s: float, is_stopping: Callable[[], bool] = lambda: False
) -> CheckedDay | None:
    """Recounts a random day on which anything is counted; None in a ledger without any such day.

    Memory holds the cells of that day. Nobody waits: it is a snapshot. Raises TookTooLong, and DatabaseUnavailable.
    """
    with ledger.database.reading() as connection:
        day = _random_day(connection, chance)
        return None if day is None else check_day(connection, day, Patience(within_s, is_stopping))


def _random_day(connection: Connection, chance: random.Random) -> datetime.date | None:
    """A day on which anything is counted.

    Every second time it is one of the days of the coarse cells, each as likely as the others. Else it is the next day
    from a random date on: so a day whose cells were all deleted has its turn, too.
    """
    days = self_checks.list_days(connection) if chance.random() < HALF else []
    if days:
        return chance.choice(days)
    span = self_checks.find_span(connection)
    if span is None:
        return None
    first, last = span
    return self_checks.find_day_from(connection, first + datetime.timedelta(chance.randint(0, (last - first).days)))


def check_day(connection: Connection, day: datetime.date, patience: Patience) -> CheckedDay:
    """Recounts a day as an open snapshot sees it. Raises TookTooLong."""
    cells = 0
    wrong: list[WrongFigure] = []
    with recount.any_text(connection):
        for kind, counted, stored in _both(connection, day, patience):
            cells += len(counted)
            wrong.extend(_wrong_figures(kind, day, counted, stored))
    return CheckedDay(day, cells, wrong, self_checks.newest_repair(connection))


def _both(
    connection: Connection, day: datetime.date, patience: Patience
) -> Iterator[tuple[CheckedCells[Any], dict[RawKey, CountedRow], list[Raw]]]:
    """What the cells of the day must hold, and what they hold: of trade, and of transfers by both of their days."""
    yield TRADE_CELLS, _count_entries(connection, day, patience), list(recount.cell_rows_on(connection, day))
    folded = processing_cells.find_folded(connection)
    for on in WAYS:
        with closing(processing_recount.folded_rows_on(connection, folded, on, day)) as rows:
            counted = count_rows(patience.while_it_lasts(rows), GRAINS[on])
        yield PROCESSING_CELLS, counted, list(processing_recount.cell_rows_on(connection, on, day))


def _count_entries(connection: Connection, day: datetime.date, patience: Patience) -> dict[RawKey, CountedRow]:
    head = blocks.find_head(connection)
    if head is None:
        return {}
    gone = sealed_rows.reversed_on(connection, day, head.last_seq)
    counted = Recount()
    with closing(sealed_rows.sealed_on(connection, day, head.last_seq)) as rows:
        within = patience.while_it_lasts(rows)
        while some := [row[1:] for row in itertools.islice(within, ROWS_BETWEEN_LOOKS)]:
            counted.add(some, gone, NO_BLOCK)
    return counted.cell_rows()


def _wrong_figures(
    kind: CheckedCells[Any], day: datetime.date, counted: Mapping[RawKey, CountedRow], stored: Iterable[Raw]
) -> Iterator[WrongFigure]:
    expected = {key: [*row.sums, *row.sets] for key, row in counted.items()}
    for row in stored:
        key = row[0], row[1], row[2]
        should_be = expected.pop(key, None)
        for measure, now, right in zip(kind.measures, _values_of(kind, row), should_be or _nothing(kind), strict=True):
            if now is None or now != right:
                yield _wrong_figure(kind, key, day, measure, now, right)
    for key, values in expected.items():
        for measure, right in zip(kind.measures, values, strict=True):
            yield _wrong_figure(kind, key, day, measure, None, right)


def _values_of(kind: CheckedCells[Any], row: Raw) -> list[Any]:
    try:
        _, found = kind.cell_of(row[:-1])
        return list(kind.values_of(found))
    except UNREADABLE:
        return _nothing(kind)


def _nothing(kind: CheckedCells[Any]) -> list[Any]:
    return [None] * len(kind.measures)


def _wrong_figure(
    kind: CheckedCells[Any], key: RawKey, day: datetime.date, measure: str, now: Any, right: Any
) -> WrongFigure:
    grain, _, dimensions = key
    is_now, should_be = _text(now), _text(right)
    if is_now is not None and is_now == should_be:
        is_now += ", but others"
    return WrongFigure(kind.name, day, grain, _printable(dimensions), measure, is_now, should_be)


def _text(value: Any) -> str | None:
    """The text of a number; of a set, how many it holds. Nobody is named."""
    if value is None:
        return None
    return str(value if isinstance(value, int) else len(value))


def _printable(text: object) -> str:
    return str(text).encode("utf-8", "replace").decode()
