"""Reports are exact while others post and fold; without what makes them so, the recount sees the difference."""

import datetime
import random
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from service.commands.committer import Committer
from service.commands.folding import fold, fold_all
from service.commands.posting import post
from service.domain.periods import Period
from service.domain.reports import Question, trade_report
from service.ledger import Ledger
from service.queries.reports import Reporter
from service.queries.verifying import Wrong, verify
from service.storage import tail
from tests.recounting import PlainRecount, read_journal
from tests.small_market import RESIDENTS, opened, post_of
from tests.tampering import UNPROTECTED


def _fifty_trades(ledger: Ledger) -> None:
    for number in range(50):
        post(ledger, [post_of({"resident_id": f"R{number % RESIDENTS + 1:08d}", "category": "meat"})])
        if number == 30:
            fold_all(ledger)


WHOLE = Question(Period(datetime.date(2023, 1, 1), datetime.date(2024, 12, 31)), "none", ("category",))


def _agrees(ledger: Ledger) -> bool:
    recount = PlainRecount(read_journal(ledger))
    return Reporter(ledger).trade(WHOLE).answer == trade_report(WHOLE, recount.totals)


def test_without_the_tail_a_report_would_be_wrong(
    new_database: Callable[[], str], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative control: the property above sees the difference."""
    with opened(new_database(), environment) as ledger:
        _fifty_trades(ledger)
        assert _agrees(ledger)
        monkeypatch.setattr(tail, "find_entries", lambda _connection, **_after: {})
        assert not _agrees(ledger)


def test_what_is_folded_twice_would_be_wrong_and_is_found(
    new_database: Callable[[], str], environment: dict[str, str]
) -> None:
    """A negative control: without their block entries are in the tail again, are counted twice, and it is found."""
    with opened(new_database(), environment) as ledger:
        _fifty_trades(ledger)
        fold_all(ledger)
        assert _agrees(ledger)
        with ledger.database.writing() as connection:
            for statement in UNPROTECTED["sqlite" if ledger.database.is_sqlite else "postgresql"]:
                connection.execute(sa.text(statement))
            connection.execute(sa.text("DELETE FROM block"))
        assert not _agrees(ledger)
        with pytest.raises(Wrong):
            verify(ledger)


def test_each_answer_is_a_prefix_that_holds_all_that_was_acknowledged(
    new_database: Callable[[], str], environment: dict[str, str]
) -> None:
    """Eight writers post and a folder folds while reports are asked."""
    with opened(new_database(), environment) as ledger:
        committer, reporter = Committer(ledger), Reporter(ledger)
        acknowledged, stopping = [0], threading.Event()
        counting = threading.Lock()

        def write(seed: int) -> None:
            chance = random.Random(seed)
            while not stopping.is_set():
                amount = f"{chance.randrange(1, 900_000) / 100:.2f}"
                body = {"resident_id": f"R{chance.randrange(RESIDENTS) + 1:08d}", "amount_cny": amount}
                assert committer.submit([post_of(body)])[0].transaction is not None
                with counting:
                    acknowledged[0] += 1

        def fold_often() -> None:
            while not stopping.wait(0.02):
                fold(ledger)

        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
        threads.append(threading.Thread(target=fold_often))
        for thread in threads:
            thread.start()
        answers = []
        for _ in range(60):
            before = acknowledged[0]
            total = reporter.trade(WHOLE).answer.total
            answers.append((before, total["transactions"], total["amount_fen"]))
        stopping.set()
        for thread in threads:
            thread.join()
        committer.close()

        sums, amount_fen = {0: 0}, 0
        for number, transaction in enumerate(read_journal(ledger), start=1):
            amount_fen += transaction.amount_fen
            sums[number] = amount_fen
        for before, transactions, amount in answers:
            assert isinstance(transactions, int)
            assert transactions >= before
            assert sums[transactions] == amount
        assert _agrees(ledger)
        verify(ledger)
