"""What a process has in memory of transfers is exact while others write and fold, and after a fail-over."""

import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from service.commands import processing_folding
from service.commands.processing_folding import fold_all_transfers, fold_transfers
from service.domain.growth import Comparison
from service.domain.reports import current_figure
from service.ledger import Ledger
from service.queries.processing_memory import ProcessingMemory
from service.queries.reports import Reporter
from service.queries.verifying import verify
from tests.small_transfers import call_back
from tests.twelve_trades import HALF_G, WHOLE, agrees, send, twelve_trades


@pytest.fixture
def market(new_database: Callable[[], str], environment: dict[str, str]) -> Iterator[Ledger]:
    """Two enterprises and twelve trades."""
    with twelve_trades(new_database(), environment) as ledger:
        yield ledger


def _after_a_lost_fold(ledger: Ledger) -> Reporter:
    """A process has loaded a fold; a standby that is behind by just that fold takes over, and folds otherwise."""
    send(ledger, 1)
    fold_transfers(ledger)
    send(ledger, 2)
    reporter = Reporter(ledger)
    fold_transfers(ledger)
    assert agrees(ledger, reporter)
    with ledger.database.writing() as connection:
        for table in ("processing_cell", "processing_fold"):
            connection.execute(sa.text(f"DELETE FROM {table}"))
    send(ledger, 3, grams=HALF_G)
    return reporter


@pytest.mark.parametrize("folds", [0, 1, 2, 3])
def test_a_fold_that_a_fail_over_has_lost_is_not_counted_twice(
    market: Ledger, monkeypatch: pytest.MonkeyPatch, folds: int
) -> None:
    reporter = _after_a_lost_fold(market)
    monkeypatch.setattr(processing_folding, "LINES_PER_FOLD_MAX", 1)
    for _ in range(folds):
        fold_transfers(market)
    assert agrees(market, reporter)
    send(market, 3, 4)
    fold_all_transfers(market)
    assert agrees(market, reporter)


def test_without_a_look_at_the_fold_it_would_be(market: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control: the register is the same, so nothing else tells that the last fold is gone."""
    reporter = _after_a_lost_fold(market)
    monkeypatch.setattr(ProcessingMemory, "forget", lambda _memory: None)
    assert not agrees(market, reporter)


def test_each_answer_is_a_prefix_that_holds_all_that_was_acknowledged(market: Ledger) -> None:
    """Three writers send goods on and call some back, and a folder folds, while reports are asked."""
    reporter, stopping, counting = Reporter(market), threading.Event(), threading.Lock()
    acknowledged = [0]

    def write(enterprise: int, places: range) -> None:
        for place in places:
            call_back(market, send(market, place, enterprise=enterprise))
            send(market, place, enterprise=enterprise)
            with counting:
                acknowledged[0] += 1

    def fold_often() -> None:
        while not stopping.wait(0.01):
            fold_transfers(market)

    writers = [threading.Thread(target=write, args=(n % 2 + 1, range(n * 4 + 1, n * 4 + 5))) for n in range(3)]
    folder = threading.Thread(target=fold_often)
    for thread in (*writers, folder):
        thread.start()
    while any(thread.is_alive() for thread in writers):
        before = acknowledged[0]
        counted = reporter.processing(WHOLE).answer.total["transactions"]
        assert not isinstance(counted, Comparison)
        assert before <= counted <= acknowledged[0] + len(writers)
    stopping.set()
    folder.join()
    assert current_figure(reporter.processing(WHOLE).answer.total["transactions"]) == 12
    assert agrees(market, reporter)
    verify(market)
