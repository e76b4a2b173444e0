"""After any posts, transfers and reversals, what has gone on equals a plain recount, on both engines."""

import contextlib
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands.posting import Reverse, post
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.errors import AlreadyReversed, Refusal
from service.domain.idempotency import key_digest, reversal_fingerprint
from service.domain.keys import OPERATOR_RIGHTS
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.ledger import Ledger
from service.queries.verifying import verify
from service.storage import transferred
from service.storage.tables import transfer_line, transfer_reversal
from service.storage.tables import transferred as transferred_table
from tests.builders import a_key
from tests.small_market import opened, post_of
from tests.transfers.market import register_enterprises, to_processor

TRUCKS = ["EL-1", "EL-2"]
purchases = st.fixed_dictionaries(
    {
        "quantity_kg": st.sampled_from(["0.001", "0.003", "0.007", "50"]),
        "amount_cny": st.sampled_from(["0.01", "0.10", "333.33"]),
        "consignment": st.sampled_from([None, *TRUCKS]),
        "direction": st.sampled_from(["import", "import", "import", "export"]),
    }
)
lines = st.tuples(st.integers(0, 50), st.sampled_from([None, 1, 2, 3, 20_000]))
sends = st.tuples(st.lists(lines, min_size=1, max_size=5), st.sampled_from([None, 0, 100, 99_999]))
steps = st.one_of(
    st.tuples(st.just("buy"), purchases),
    st.tuples(st.just("send"), sends),
    st.tuples(st.just("send"), sends),
    st.tuples(st.just("send_truck"), st.sampled_from(TRUCKS)),
    st.tuples(st.just("reverse_transfer"), st.integers(0, 50)),
    st.tuples(st.just("reverse_trade"), st.integers(0, 50)),
)


class PlainMarket:
    """What should be: trades, and the lines of live transfers, in lists. It counts everything again each time."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.trades: list[dict[str, Any]] = []
        self.transfers: list[list[tuple[int, int, int]] | None] = []

    def gone(self, trade: int) -> tuple[int, int]:
        """The grams and the fen of a trade in live transfers."""
        moved = [line for lines in self.transfers for line in lines or () if line[0] == trade]
        return sum(grams for _, grams, _ in moved), sum(fen for _, _, fen in moved)

    def worth(self, trade: int, grams: int) -> int:
        """The fen of a line, by the rule's words: the cumulative amount, half up, less what has gone on."""
        bought = self.trades[trade]
        gone_g, gone_fen = self.gone(trade)
        amount = math.floor(Fraction(bought["fen"] * (gone_g + grams), bought["grams"]) + Fraction(1, 2))
        return max(0, amount - gone_fen)

    def judged(self, named: list[tuple[int, int | None]]) -> str | list[tuple[int, int, int]]:
        """The lines that a transfer of these trades should have, or the code of its refusal."""
        if len({trade for trade, _ in named}) < len(named):
            return "validation-failed"
        if any(self.trades[trade]["direction"] == "export" for trade, _ in named):
            return "validation-failed"
        found = []
        for trade, grams in named:
            left = self.trades[trade]["grams"] - self.gone(trade)[0]
            if self.trades[trade]["reversed"]:
                return "already-reversed"
            if left == 0 or (grams or 0) > left:
                return "quantity-exceeded"
            found.append((trade, grams or left, self.worth(trade, grams or left)))
        return found

    def buy(self, body: dict[str, Any]) -> None:
        [outcome] = post(self.ledger, [post_of(body)])
        entry = outcome.transaction
        assert entry is not None
        self.trades.append(
            {"id": entry.transaction_id, "grams": entry.quantity_g, "fen": entry.amount_fen, "reversed": False, **body}
        )

    def send(self, what: tuple[list[tuple[int, int | None]], int | None]) -> None:
        if self.trades:
            named = [(number % len(self.trades), grams) for number, grams in what[0]]
            wanted = [WantedLine(self.trades[trade]["id"], grams) for trade, grams in named]
            self._post(StatedGoods.of_trades(wanted), self.judged(named), what[1])

    def send_truck(self, consignment: str) -> None:
        its = [
            n for n, one in enumerate(self.trades) if (one["consignment"], one["direction"]) == (consignment, "import")
        ]
        left = [n for n in its if not self.trades[n]["reversed"] and self.gone(n)[0] < self.trades[n]["grams"]]
        expected: Any = self.judged([(n, None) for n in left])
        if not left:
            expected = "not-found" if not its else "quantity-exceeded"
            if its and all(self.trades[n]["reversed"] for n in its):
                expected = "already-reversed"
        self._post(StatedGoods.of_consignment(consignment), expected, None)

    def _post(self, goods: StatedGoods, expected: str | list[tuple[int, int, int]], paid_fen: int | None) -> None:
        stated = to_processor(paid_fen=paid_fen)
        if isinstance(expected, str):
            with pytest.raises(Refusal) as refused:
                post_transfer(self.ledger, stated, goods)
            assert refused.value.code == expected
            return
        posted = post_transfer(self.ledger, stated, goods)
        numbers = {one["id"]: number for number, one in enumerate(self.trades)}
        shown = [(numbers[line.transaction_id], line.quantity_g, line.amount_fen) for line in posted.lines]
        assert shown == expected
        assert posted.transfer.number == len(self.transfers) + 1
        parts = [line.paid_fen for line in posted.lines]
        assert parts == [None] * len(parts) if paid_fen is None else sum(part or 0 for part in parts) == paid_fen
        self.transfers.append(expected)

    def reverse_transfer(self, number: int) -> None:
        if self.transfers:
            place = number % len(self.transfers)
            is_reversed = self.transfers[place] is None
            with pytest.raises(AlreadyReversed) if is_reversed else contextlib.nullcontext():
                reverse_transfer(self.ledger, place + 1, "x")
            self.transfers[place] = None

    def reverse_trade(self, number: int) -> None:
        if not self.trades:
            return
        place = number % len(self.trades)
        trade = self.trades[place]
        expected = "has-transfers" if self.gone(place)[0] else None
        expected = "already-reversed" if trade["reversed"] else expected
        [outcome] = post(self.ledger, [_reversal_of(trade["id"])])
        assert (None if outcome.refusal is None else outcome.refusal.code) == expected
        trade["reversed"] = trade["reversed"] or expected is None

    def check(self) -> None:
        """Compares the ledger with the recount, and the recount with the rules."""
        for number, trade in enumerate(self.trades):
            grams, fen = self.gone(number)
            assert 0 <= grams <= trade["grams"]
            assert 0 <= fen <= trade["fen"]
            assert grams < trade["grams"] or fen == trade["fen"]
            assert not (trade["reversed"] and grams)
        counted = [self.gone(number) for number in range(len(self.trades))]
        assert [one for one in _counted_by_the_ledger(self.ledger) if one != (0, 0)] == [
            one for one in counted if one != (0, 0)
        ]


def _reversal_of(transaction_id: UUID) -> Reverse:
    fingerprint = reversal_fingerprint(transaction_id, "x")
    return Reverse(key_digest(1, "t", a_key()), fingerprint, "t", transaction_id, "x", rights=OPERATOR_RIGHTS)


def _counted_by_the_ledger(ledger: Ledger) -> list[tuple[int, int]]:
    """What `transferred` says of each trade; it must be the sum of the lines of live transfers."""
    table, line = transferred_table.c, transfer_line.c
    live = ~sa.exists().where(transfer_reversal.c.transfer == line.transfer)
    sums = (
        sa.select(line.place, sa.func.sum(line.quantity_g).label("g"), sa.func.sum(line.amount_fen).label("fen"))
        .where(live)
        .group_by(line.place)
        .subquery()
    )
    wanted = (
        sa.select(table.gone_g, table.gone_fen, sums.c.g, sums.c.fen)
        .outerjoin(sums, sums.c.place == table.place)
        .order_by(table.place)
    )
    with ledger.database.reading() as connection:
        rows = connection.execute(wanted).all()
    assert [(row.gone_g, row.gone_fen) for row in rows] == [(int(row.g or 0), int(row.fen or 0)) for row in rows]
    return [(row.gone_g, row.gone_fen) for row in rows]


HISTORIES = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@HISTORIES
@given(history=st.lists(steps, min_size=5, max_size=40))
def test_what_has_gone_on_equals_a_plain_recount(
    new_database: Callable[[], str], environment: dict[str, str], history: list[tuple[str, Any]]
) -> None:
    with opened(new_database(), environment) as ledger:
        register_enterprises(ledger)
        market = PlainMarket(ledger)
        for name, what in [("buy", {"consignment": None, "direction": "import"}), *history]:
            getattr(market, name)(what)
        market.check()
        verify(ledger)


def test_without_giving_back_the_recount_would_differ(
    new_database: Callable[[], str], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(transferred, "give_back", lambda _connection, _lines: None)
    with opened(new_database(), environment) as ledger:
        register_enterprises(ledger)
        market = PlainMarket(ledger)
        market.buy({"consignment": None, "direction": "import"})
        market.send(([(0, 20_000)], None))
        market.check()
        market.reverse_transfer(0)
        with pytest.raises(AssertionError):
            market.check()
