"""The state of the ledger is as new as its question. One read serves many, also after the database was restarted."""

import threading
import time
from typing import Any

import pytest

from service.ledger import Ledger
from service.queries.ledger_state import LedgerStateReader
from service.storage.faults import DatabaseUnavailable
from service.storage.ledger_state import LedgerState, Watch
from tests.builders import a_trade
from tests.conftest import Caller


def test_the_pulse_sees_every_commit(ledger: Ledger, admin: Caller) -> None:
    state_reader = LedgerStateReader(ledger)
    seen = [state_reader.now()]
    admin.register(1)
    seen.append(state_reader.now())
    for number in range(3):
        admin.trade(a_trade(amount_cny=f"{number + 1}.00"))
        assert state_reader.now().position.tail_length == number + 1
    assert seen[0] != seen[1]
    assert state_reader.now() == state_reader.now()


class _SlowWatch:
    """Counts reads, and takes a while for each; the answer is how many had begun when it was read."""

    def __init__(self) -> None:
        self.reads = 0

    def read_logged(self) -> Any:
        self.reads += 1
        number = self.reads
        time.sleep(0.05)
        return number


def test_who_asks_while_a_read_is_under_way_shares_the_next(ledger: Ledger) -> None:
    state_reader, watch = LedgerStateReader(ledger), _SlowWatch()
    state_reader._watch = watch  # type: ignore[assignment] # (a watch that only counts)
    answers: list[tuple[int, Any]] = []

    def ask() -> None:
        begun = watch.reads
        answers.append((begun, state_reader._shared()))

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
        time.sleep(0.003)
    for thread in threads:
        thread.join()
    assert len(answers) == 40
    assert watch.reads <= 8
    # No answer comes from a read that had begun before the question.
    assert all(answer > begun for begun, answer in answers)


def test_a_lost_connection_is_replaced_and_a_lost_database_is_told(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_reader = LedgerStateReader(ledger)
    before = state_reader.now()
    watch: Watch = state_reader._free[-1] if ledger.database.is_sqlite else state_reader._watch
    watch._connection.close()
    assert state_reader.now() == before

    def lost(_self: Watch) -> LedgerState:
        raise ledger.database.driver_error("gone")

    monkeypatch.setattr(Watch, "_read", lost)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            state_reader.now()
