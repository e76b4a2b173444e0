"""Whatever was posted, sent on, processed and reversed: every trace is equal to a plain recount of all lines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands.posting import Reverse, post
from service.commands.processing_batches import post_processing_batch, reverse_processing_batch
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.errors import Refusal
from service.domain.idempotency import key_digest, reversal_fingerprint
from service.domain.processing_batches import NewProcessingBatch, ProcessingOutput
from service.domain.trace import WHOLE
from service.ledger import Ledger
from service.queries import trace as queries
from service.queries.trace import TraceFound, TradesAsked
from service.storage import trace as stored
from service.storage.consignments import ConsignmentKey
from tests.builders import a_key
from tests.small_market import RESIDENTS, opened, post_of
from tests.trace.plain import PlainLedger, PlainTrace
from tests.transfers.market import DAY, PROCESSOR, TRADER, of, register_enterprises, to_processor

TRUCKS = [None, "EL-1", "EL-2"]
OUTPUTS = (ProcessingOutput("酱牛肉", None, 840, 5040), ProcessingOutput("骨", None, 30, None))

Ask = Callable[[TradesAsked], TraceFound]

numbers = st.integers(0, 5)
steps = st.one_of(
    st.tuples(
        st.just("trade"), st.integers(1, RESIDENTS), st.sampled_from(TRUCKS), st.sampled_from(["MN", "RU"]),
        st.integers(1, 60), st.integers(1, 900),
    ),
    st.tuples(
        st.just("send"), st.booleans(), st.lists(numbers, min_size=1, max_size=4), st.none() | st.integers(1, 30)
    ),
    st.tuples(st.just("process"), st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True)),
    st.tuples(st.sampled_from(["reverse trade", "reverse transfer", "reverse batch"]), numbers),
)  # fmt: skip


class History:
    """Takes steps in a ledger; what the ledger refuses has not happened."""

    def __init__(self, ledger: Ledger) -> None:
        """Registers the enterprises."""
        self.ledger, self.trades = ledger, list[str]()
        register_enterprises(ledger)

    def take(self, step: tuple[Any, ...]) -> None:
        """Takes one step."""
        kind, *what = step
        with suppress(Refusal):
            getattr(self, kind.replace(" ", "_"))(*what)

    def trade(self, resident: int, truck: str | None, origin: str, quantity_g: int, amount_fen: int) -> None:
        """Posts a trade of so many grams and fen."""
        body = {
            "resident_id": f"R{resident:08d}", "consignment": truck, "origin": origin,
            "quantity_kg": f"{quantity_g / 1000:.3f}", "amount_cny": f"{amount_fen / 100:.2f}",
        }  # fmt: skip
        [outcome] = post(self.ledger, [post_of(body)])
        assert outcome.transaction is not None
        self.trades.append(str(outcome.transaction.transaction_id))

    def send(self, is_processing: bool, which: list[int], quantity_g: int | None) -> None:
        """Sends trades on, or a part of each."""
        named = sorted({self.trades[one % len(self.trades)] for one in which}) if self.trades else []
        kind: Any = "processing" if is_processing else "secondary_market"
        stated = to_processor(enterprise=PROCESSOR if is_processing else TRADER, purpose=kind)
        post_transfer(self.ledger, stated, of(*named, quantity_g=quantity_g))

    def process(self, transfers: list[int]) -> None:
        """Puts transfers into a batch."""
        post_processing_batch(self.ledger, NewProcessingBatch(PROCESSOR, tuple(transfers), DAY, OUTPUTS))

    def reverse_trade(self, which: int) -> None:
        """Reverses a trade."""
        if self.trades:
            import uuid

            chosen = uuid.UUID(self.trades[which % len(self.trades)])
            post(
                self.ledger, [Reverse(key_digest(1, "r", a_key()), reversal_fingerprint(chosen, "x"), "t", chosen, "x")]
            )

    def reverse_transfer(self, number: int) -> None:
        """Reverses a transfer."""
        reverse_transfer(self.ledger, number, "x")

    def reverse_batch(self, number: int) -> None:
        """Reverses a batch."""
        reverse_processing_batch(self.ledger, number, "x")


def _agrees(found: TraceFound, plain: PlainTrace) -> bool:
    goods = {
        (link.source, link.target): (link.quantity_g, link.amount_fen) for link in found.trace.links if not link.is_made
    }
    totals = found.totals
    counted = PlainTrace(
        goods,
        plain.trades,
        totals.residents,
        totals.transferred_g,
        totals.processed_g,
        totals.reversed_transfers,
        totals.reversed_batches,
    )
    whole = totals.transactions, totals.quantity_g
    return counted == plain and whole == (len(plain.trades), sum(plain.trades.values()))


def _pages(ask: Ask) -> dict[int, int]:
    """The traced grams of all trades, page by page."""
    after, trades = None, dict[int, int]()
    while True:
        page = ask(TradesAsked(after, 2))
        assert not trades.keys() & {trade.seq for trade in page.trades}
        trades |= {trade.seq: trade.traced_g for trade in page.trades}
        if page.following is None:
            return trades
        after = page.following


def _traces(ledger: Ledger) -> Iterator[tuple[Ask, PlainTrace]]:
    """Every trace that there is, and what a recount says of it."""
    plain = PlainLedger(ledger)
    for batch in set(plain.live.values()):
        yield partial(queries.trace_batch, ledger, batch, WHOLE), plain.of_batch(batch)
    for truck in {trade.consignment for trade in plain.trades.values()} - {None}:
        places = [seq for seq, trade in plain.trades.items() if trade.consignment == truck]
        asked = partial(queries.trace_consignment, ledger, ConsignmentKey("erenhot", truck), WHOLE)
        yield asked, plain.of_trades(*places)
    for seq, trade in plain.trades.items():
        one = trade.transaction_id
        yield partial(queries.trace_trade, ledger, one, WHOLE), plain.of_trades(seq, trade=str(one))


def _all_agree(ledger: Ledger) -> bool:
    return all(_agrees(ask(TradesAsked(None, 50)), plain) for ask, plain in _traces(ledger))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(history=st.lists(steps, max_size=25))
def test_every_trace_equals_a_plain_recount(
    new_database: Callable[[], str], environment: dict[str, str], history: list[Any]
) -> None:
    with opened(new_database(), environment) as ledger:
        steps_taken = History(ledger)
        for step in history:
            steps_taken.take(step)
        assert _all_agree(ledger)
        for ask, plain in _traces(ledger):
            assert _pages(ask) == plain.trades


BUSY: list[tuple[Any, ...]] = [
    ("trade", 1, "EL-1", "MN", 50, 700),
    ("trade", 2, "EL-1", "RU", 60, 90),
    ("trade", 3, None, "MN", 10, 1),
    ("trade", 2, "EL-2", "MN", 40, 333),
    ("send", True, [0, 1], 20),
    ("send", True, [1, 2], None),
    ("send", False, [0], 7),
    ("send", True, [0, 3], 5),
    ("process", [1, 2]),
    ("reverse transfer", 3),
    ("process", [4]),
    ("reverse batch", 2),
]
"""Parts of trades in two transfers of one batch, a reversed transfer and a reversed batch."""


@contextmanager
def _busy(url: str, environment: dict[str, str]) -> Iterator[Ledger]:
    with opened(url, environment) as ledger:
        history = History(ledger)
        for step in BUSY:
            getattr(history, step[0].replace(" ", "_"))(*step[1:])
        yield ledger


def test_parts_and_reversals_are_traced(database_url: str, environment: dict[str, str]) -> None:
    with _busy(database_url, environment) as ledger:
        assert _all_agree(ledger)
        found = queries.trace_batch(ledger, 1, WHOLE, TradesAsked(None, 50))
        assert found.totals == (3, 3, 90, 371, 90, 371, 90, 371, 1, 1)


def test_without_the_reversals_a_trace_would_be_wrong(
    database_url: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a reversed transfer that flows on is seen by the recount."""
    with _busy(database_url, environment) as ledger:
        monkeypatch.setattr(stored, "_IS_NOT_REVERSED", sa.true())
        assert not _all_agree(ledger)
