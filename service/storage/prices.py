"""The price book: the unit prices of the trades of the last months, which a process reads for each commodity it meets.

The prices of a commodity are read again after a minute, after some seconds while they are few, and for each batch while
they are hardly enough to compare with, because another process may have added some. What this process accepts is added
at once.
"""

import contextlib
import datetime
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from service.domain.prices import TRADES_MIN, WINDOW, UsualPrices, unit_price, unit_prices, usual_prices
from service.domain.transactions import DatedTrade, Transaction
from service.storage.columns import day_number, day_of
from service.storage.prepared import Prepared
from service.storage.tables import journal

KNOWN_FOR_S = 60.0
FEW_TRADES = 200
"""What is usual by fewer trades is computed again for every batch, because each trade changes it."""
FEW_KNOWN_FOR_S = 5.0
"""Prices of a window with fewer than FEW_TRADES are read again after so long."""
HARDLY_ENOUGH_TRADES = 2 * TRADES_MIN
"""Prices of a window with fewer trades are read for every batch, so that no process warns later than another one."""
ENTRIES_OF_A_WINDOW_MAX = 2_000
"""Of a commodity, a batch reads the newest entries: so many for each 90 days that its windows cover."""
WINDOWS_READ_MAX = 10
COMMODITIES_READ_MAX = 100
COMMODITIES_KNOWN_MAX = 500
GROWTH_PARTS = 40
"""Usual prices of few trades are computed again when more than one in forty has come or gone."""


_Window = tuple[str, datetime.date]
"""A direction and the last day of 90; where prices are kept, the day alone."""


@dataclass(slots=True)
class _Commodity:
    """The unit prices of a commodity by direction and day; `days` are the days that have been read, both included."""

    read_at: float
    days: tuple[datetime.date, datetime.date]
    prices: dict[_Window, list[int]]
    changes: int = 0
    computed: dict[_Window, tuple[int, int, UsualPrices | None]] = field(default_factory=dict)

    def usual(self, window: _Window) -> UsualPrices | None:
        """The usual prices of a window: as they were computed before, unless the trades were few and have changed."""
        known = self.computed.get(window)
        if known is not None and (known[1] >= FEW_TRADES or self.changes - known[0] <= known[1] // GROWTH_PARTS):
            return known[2]
        direction, last_day = window
        found = [
            price
            for day_before in range(WINDOW.days + 1)
            for price in self.prices.get((direction, last_day - datetime.timedelta(day_before)), ())
        ]
        usual = usual_prices(found)
        self.computed[window] = self.changes, len(found), usual
        return usual

    def covers(self, window: _Window) -> bool:
        """Whether all days of a window have been read."""
        return self.days[0] <= window[1] - WINDOW and window[1] <= self.days[1]

    def add(self, entry: Transaction) -> None:
        """Adds the price of a trade, or takes out that of a trade that is reversed."""
        price = unit_price(entry.amount_fen, entry.quantity_g)
        prices = self.prices.setdefault((entry.direction, entry.day), [])
        if entry.reverses is None:
            prices.append(price)
        elif price in prices:
            prices.remove(price)
        self.changes += 1

    def is_known(self, window: _Window, age_s: float) -> bool:
        """Whether the prices of a window are known well enough; they were read so many seconds ago."""
        if not self.covers(window):
            return False
        known = self.computed.get(window)
        if known is not None and known[1] < FEW_TRADES and known[0] != self.changes:
            del self.computed[window]  # They were computed for an earlier batch.
        self.usual(window)
        trades = self.computed[window][1]
        return trades >= FEW_TRADES or (trades >= HARDLY_ENOUGH_TRADES and age_s <= FEW_KNOWN_FOR_S)


class PriceBook:
    """The prices that a process knows. Threads may share it."""

    def __init__(self) -> None:
        """Begins without prices."""
        self._known: dict[str, _Commodity] = {}
        self._lock = threading.Lock()

    def read(self, connection: sa.Connection, trades: Iterable[DatedTrade]) -> None:
        """Reads the prices that trades are compared with, where they are not known well enough.

        One statement for each commodity, for at most COMMODITIES_READ_MAX of them: a batch with more is compared with
        what is known.
        """
        wanted: dict[str, set[_Window]] = defaultdict(set)
        for trade, day in trades:
            wanted[trade.commodity].add((trade.direction, day))
        with self._lock:
            stale = [name for name, windows in wanted.items() if self._is_stale(name, windows)]
        for commodity in stale[:COMMODITIES_READ_MAX]:
            days = [day for _, day in wanted[commodity]]
            found = _read(connection, commodity, min(days) - WINDOW, max(days))
            with self._lock:
                if len(self._known) >= COMMODITIES_KNOWN_MAX:
                    self._known.clear()
                self._known[commodity] = found

    def usual(self, commodity: str, direction: str, day: datetime.date) -> UsualPrices | None:
        """The usual prices for a trade of a business day; None when too few trades are known."""
        with self._lock:
            known = self._known.get(commodity)
            return None if known is None else known.usual((direction, day))

    def add(self, entry: Transaction) -> None:
        """Adds the price of a trade that this process has accepted, or takes out that of one that it has reversed."""
        with self._lock:
            known = self._known.get(entry.commodity)
            if known is not None:
                known.add(entry)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps what is added inside, but forgets all prices when an error leaves it: nothing was written then."""
        try:
            yield
        except BaseException:
            with self._lock:
                self._known.clear()
            raise

    def _is_stale(self, commodity: str, windows: Iterable[_Window]) -> bool:
        known = self._known.get(commodity)
        if known is None:
            return True
        age_s = time.monotonic() - known.read_at
        return age_s > KNOWN_FOR_S or not all(known.is_known(window, age_s) for window in windows)


def _read(connection: sa.Connection, commodity: str, first: datetime.date, last: datetime.date) -> _Commodity:
    windows = min(WINDOWS_READ_MAX, 1 + (last - first).days // (WINDOW.days + 1))
    rows = _NEWEST.rows(
        connection,
        commodity=commodity,
        first=str(day_number(first)),
        last=str(day_number(last)),
        entries_max=str(windows * ENTRIES_OF_A_WINDOW_MAX),
    )
    by_window: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    add, of_day, of_direction = None, None, None
    for direction, day, amount_fen, quantity_g in rows:
        if day != of_day or direction != of_direction or add is None:
            of_day, of_direction, add = day, direction, by_window[direction, day].append
        add((amount_fen, quantity_g))
    prices = {(direction, day_of(day)): unit_prices(_live(entries)) for (direction, day), entries in by_window.items()}
    return _Commodity(time.monotonic(), (first, last), prices)


def _live(entries: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """The trades that are not reversed: a reversal has the negative figures of its trade, on the trade's day."""
    if min(entries)[0] > 0:
        return entries
    reversed_ones = Counter((-amount_fen, -quantity_g) for amount_fen, quantity_g in entries if amount_fen < 0)
    trades = Counter(entry for entry in entries if entry[0] > 0)
    return list((trades - reversed_ones).elements())


def _newest(_dialect: str) -> sa.Select[Any]:
    first, last, entries_max = (
        sa.cast(sa.bindparam(name, type_=sa.Text), sa.Integer) for name in ("first", "last", "entries_max")
    )
    day = sa.type_coerce(journal.c.day, sa.Integer)
    return (
        sa.select(journal.c.direction, day, journal.c.amount_fen, journal.c.quantity_g)
        .where(journal.c.commodity == sa.bindparam("commodity", type_=sa.Text), day.between(first, last))
        .order_by(day.desc(), journal.c.seq.desc())
        .limit(entries_max)
    )


_NEWEST = Prepared(_newest)
