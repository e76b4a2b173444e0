"""Observes the trades of a batch: what the ledger knows about each beside the rules, for its warnings.

Everything is fetched for the whole batch at once, and what the batch itself accepts counts for its later lines.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from service.domain.allowance import NO_LIST_GROUP, Rules, Use, UseKey
from service.domain.prices import UsualPrices
from service.domain.rulebook import Rulebook
from service.domain.transactions import DatedTrade, Trade, Transaction
from service.domain.warnings import ELSEWHERE, stored_warnings
from service.storage.doubles import FoundTrade, SameTrade, find_doubles, same_trade
from service.storage.engine import Connection
from service.storage.prices import FEW_TRADES, PriceBook


@dataclass(slots=True)
class Observer:
    """Finds the warnings of trades. `doubles` has live trades by what they say."""

    rulebook: Rulebook
    today: datetime.date
    prices: PriceBook
    doubles: dict[SameTrade, FoundTrade]
    _usual: dict[tuple[str, str, datetime.date], UsualPrices] = field(default_factory=dict)

    def warnings_of(
        self, trade: Trade, day: datetime.date, transaction_id: UUID, rules: Rules, used_fen: int
    ) -> str | None:
        """The warnings of a trade of a business day that is accepted under an id, as its entry stores them.

        `used_fen` is used of the value limit after the trade. A later trade of the batch may look like this one.
        """
        before, point = self.doubles.setdefault(same_trade(trade, day), (transaction_id, trade.trade_point))
        window = trade.commodity, trade.direction, day
        usual = self._usual.get(window) or self._usual_for(window)
        # A key of one trade point must not learn the ids of another one's trades from a warning.
        doubled = None if before is transaction_id else before if point == trade.trade_point else ELSEWHERE
        return stored_warnings(
            trade, day, rules, self.today, used_fen, usual, doubled, self.rulebook.has_heading_of(trade.hs_code)
        )

    def fixed_usual(self, commodity: str, direction: str, day: datetime.date) -> UsualPrices | None:
        """The usual prices of a window when they stay the same for the whole batch; else None."""
        window = commodity, direction, day
        self._usual_for(window) if window not in self._usual else None
        return self._usual.get(window)

    def note_reversal(self, trade: Transaction) -> None:
        """Notes that a trade was reversed: a trade in its place looks like no other one."""
        said = same_trade(trade, trade.day)
        if self.doubles.get(said) == (trade.transaction_id, trade.trade_point):
            del self.doubles[said]

    def _usual_for(self, window: tuple[str, str, datetime.date]) -> UsualPrices | None:
        usual = self.prices.usual(*window)
        if usual is not None and usual.trades >= FEW_TRADES:  # Those of fewer trades change within the batch.
            self._usual[window] = usual
        return usual


def prepare_observer(
    connection: Connection,
    rulebook: Rulebook,
    today: datetime.date,
    prices: PriceBook,
    trades: Iterable[DatedTrade],
    uses: Mapping[UseKey, Use],
) -> Observer:
    """An observer with everything that the warnings of these trades depend on; `prices` have been read for them.

    It takes a statement for the doubles, unless none is possible: an import on a day on which its resident has used
    nothing yet has none.
    """
    recorded = {
        (resident, day) for (resident, day, name), use in uses.items() if use.is_recorded and name == NO_LIST_GROUP
    }
    may_be_doubled = {
        same_trade(trade, day)
        for trade, day in trades
        if trade.direction != "import" or (trade.resident, day) in recorded
    }
    return Observer(rulebook, today, prices, find_doubles(connection, may_be_doubled))
