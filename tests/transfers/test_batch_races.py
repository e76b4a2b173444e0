"""Many threads put the same transfers into batches at once, and reverse them: a transfer is in one live batch."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from service.commands.processing_batches import post_processing_batch, reverse_processing_batch
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.errors import AlreadyReversed, Refusal
from service.domain.processing_batches import NewProcessingBatch, ProcessingOutput
from service.ledger import Ledger
from service.queries.verifying import verify
from service.storage.faults import NotWritten
from service.storage.tables import processing_batch_reversal, processing_input
from tests.conftest import Caller
from tests.transfers.market import DAY, PROCESSOR, buy, of, register_enterprises, to_processor

THREADS = 16
OUTPUTS = (ProcessingOutput("酱牛肉", None, 80_000, None),)


@pytest.fixture
def transfers(ledger: Ledger, admin: Caller) -> tuple[int, int]:
    """The numbers of two transfers to the processor."""
    register_enterprises(ledger)
    admin.register(1)
    first, second = (post_transfer(ledger, to_processor(), of(one)).transfer.number for one in buy(admin, 2))
    return first, second


def _live_batches(ledger: Ledger) -> Counter[int]:
    """How many live batches each transfer is in."""
    is_reversed = sa.exists().where(processing_batch_reversal.c.processing_batch == processing_input.c.batch)
    with ledger.database.reading() as connection:
        return Counter(connection.execute(sa.select(processing_input.c.transfer).where(~is_reversed)).scalars())


def test_a_transfer_is_in_one_live_batch_whoever_comes_first(ledger: Ledger, transfers: tuple[int, int]) -> None:
    first, second = transfers

    def post(n: int) -> str:
        wanted = ((first,), (second,), (first, second), (second, first))[n % 4]
        try:
            batch = post_processing_batch(ledger, NewProcessingBatch(PROCESSOR, wanted, DAY, OUTPUTS))
        except Refusal as refusal:
            return refusal.code
        if n % 3 == 0:
            reverse_processing_batch(ledger, batch.number, "再来")
        return "recorded"

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(pool.map(post, range(3 * THREADS)))
    assert set(outcomes) <= {"recorded", "transfer-in-batch"}
    assert outcomes["recorded"] >= 1
    live = _live_batches(ledger)
    assert all(times == 1 for times in live.values()), live
    verify(ledger)


def test_a_transfer_is_reversed_or_processed_and_never_both(ledger: Ledger, transfers: tuple[int, int]) -> None:
    def act(n: int) -> str:
        try:
            if n % 2:
                reverse_transfer(ledger, transfers[n % 4 // 2], "退货")
                return "reversed"
            post_processing_batch(ledger, NewProcessingBatch(PROCESSOR, (transfers[n % 4 // 2],), DAY, OUTPUTS))
        except AlreadyReversed:
            return "reversed before"
        except Refusal as refusal:
            return refusal.code
        return "processed"

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(pool.map(act, range(2 * THREADS)))
    assert outcomes["reversed"] + outcomes["processed"] == len(transfers), outcomes
    verify(ledger)


def test_the_table_refuses_a_second_live_batch_by_itself(ledger: Ledger, transfers: tuple[int, int]) -> None:
    """What remains when the lock is not taken: two batches that have read the same state can't both be written."""
    post_processing_batch(ledger, NewProcessingBatch(PROCESSOR, (transfers[0],), DAY, OUTPUTS))
    again = sa.insert(processing_input).values(batch=1, transfer=transfers[1], nth=1)
    doubled = sa.insert(processing_input).values(batch=1, transfer=transfers[0], nth=1)
    with ledger.database.writing() as connection:
        connection.execute(again)
    with pytest.raises(NotWritten), ledger.database.writing() as connection:
        connection.execute(doubled)
