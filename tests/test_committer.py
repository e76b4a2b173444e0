"""Group commit: few transactions for many requests, and an outcome for each request, also when the database fails."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

import service.commands.committer
from schemas.transactions import TradeSchema
from service.commands.committer import ATTEMPTS_MAX, Committer
from service.commands.posting import NewEntry, Outcome, Post, post
from service.domain.errors import Unavailable
from service.domain.idempotency import key_digest, trade_fingerprint
from service.figures.posting import COMMIT_REQUESTS
from service.ledger import Ledger
from service.storage import allowance, turns
from service.storage.engine import Connection
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from tests.builders import a_key, a_trade
from tests.conftest import Caller
from tests.waiting import wait_until

Command = Callable[[Ledger, Sequence[NewEntry]], list[Outcome]]


def _entry(**changes: Any) -> Post:
    trade = TradeSchema().read(a_trade(**changes))
    return Post(key_digest(1, "t", a_key()), trade_fingerprint(trade), "t", trade)


@pytest.fixture
def committer(ledger: Ledger, admin: Caller) -> Iterator[Committer]:
    """The one writer of a ledger with two residents."""
    admin.register(2)
    found = Committer(ledger)
    yield found
    found.close()


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Callable[[Command], None]:
    """Puts another command in the place of posting."""
    return lambda command: monkeypatch.setattr(service.commands.committer, "post", command)


def _submit_together(committer: Committer, entries: list[Post]) -> list[Any]:
    answers: list[Any] = [None] * len(entries)

    def submit(number: int) -> None:
        try:
            answers[number] = committer.submit([entries[number]])[0]
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the outcome)
            answers[number] = error

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(len(entries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def test_requests_that_arrive_together_are_one_transaction(
    committer: Committer, instead: Callable[[Command], None]
) -> None:
    sizes: list[int] = []

    def slowly(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
        sizes.append(len(entries))
        time.sleep(0.2)
        return post(ledger, entries)

    instead(slowly)
    entries = [_entry(amount_cny=f"{number + 1}.00") for number in range(40)]
    answers = _submit_together(committer, entries)
    assert [answer.transaction.amount_fen for answer in answers] == [100 * (number + 1) for number in range(40)]
    assert sum(sizes) == 40
    assert len(sizes) <= 4


def test_one_bad_entry_harms_no_other(committer: Committer, instead: Callable[[Command], None]) -> None:
    poison = _entry(amount_cny="66.66")

    def choking(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
        time.sleep(0.1)
        if poison in entries:
            raise RuntimeError("an error of ours")
        return post(ledger, entries)

    instead(choking)
    answers = _submit_together(committer, [*(_entry() for _ in range(9)), poison])
    assert isinstance(answers[-1], RuntimeError)
    assert all(answer.transaction is not None for answer in answers[:-1])


def test_a_lost_race_is_run_again_a_bounded_number_of_times(
    committer: Committer, instead: Callable[[Command], None]
) -> None:
    attempts: list[int] = []

    def losing(times: int) -> Command:
        def command(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
            attempts.append(1)
            if len(attempts) <= times:
                raise NotWritten("somebody was first", is_race=True)
            return post(ledger, entries)

        return command

    instead(losing(3))
    assert committer.submit([_entry()])[0].transaction is not None
    assert len(attempts) == 4
    attempts.clear()
    instead(losing(10**6))
    with pytest.raises(Unavailable):
        committer.submit([_entry()])
    assert len(attempts) == ATTEMPTS_MAX


def test_an_unknown_outcome_is_told_as_such_and_the_key_tells_the_truth(
    admin: Caller, instead: Callable[[Command], None]
) -> None:
    """The connection is lost while committing: this time it was committed."""
    admin.register(1)

    def losing_the_answer(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
        post(ledger, entries)
        raise OutcomeUnknown("the connection was lost while committing")

    instead(losing_the_answer)
    lost = admin.trade(a_trade(), key="k")
    assert (lost.status_code, lost.get_json()["code"]) == (503, "unavailable")
    assert int(lost.headers["Retry-After"]) >= 1
    instead(post)
    again = admin.trade(a_trade(), key="k")
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(admin.get("/v1/transactions").get_json()["items"]) == 1


def test_a_connection_that_is_lost_before_the_commit_is_run_again(
    ledger: Ledger, committer: Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends the connection in the middle of the transaction: nothing was written, so it is safe."""
    if ledger.database.is_sqlite:
        pytest.skip("SQLite has no server that could end a connection")
    save, ended = allowance.save, list[int]()

    def cut_off(connection: Connection, *rest: Any) -> None:
        if not ended:
            ended.append(1)
            pid = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            with ledger.database.engines[0].connect() as other:
                other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        save(connection, *rest)

    monkeypatch.setattr(allowance, "save", cut_off)
    assert committer.submit([_entry()])[0].transaction is not None
    assert ended == [1]


def test_a_full_queue_refuses_at_once(
    ledger: Ledger, admin: Caller, instead: Callable[[Command], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.register(1)
    monkeypatch.setattr(service.commands.committer, "QUEUED_REQUESTS_MAX", 2)
    held = threading.Event()

    def held_up(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
        held.wait(20)
        return post(ledger, entries)

    instead(held_up)
    committer = Committer(ledger)
    waiting = [threading.Thread(target=committer.submit, args=([_entry()],)) for _ in range(3)]
    for thread in waiting:
        thread.start()
        time.sleep(0.1)  # The first is being written, two are queued.
    started = time.perf_counter()
    with pytest.raises(Unavailable):
        committer.submit([_entry()])
    assert time.perf_counter() - started < 0.1
    held.set()
    for thread in waiting:
        thread.join(20)
    committer.close()
    assert len(admin.get("/v1/transactions").get_json()["items"]) == 3


def test_a_database_that_is_gone_is_unavailable(committer: Committer, instead: Callable[[Command], None]) -> None:
    def gone(_ledger: Ledger, _entries: Sequence[NewEntry]) -> list[Outcome]:
        raise DatabaseUnavailable("the database can't be reached")

    instead(gone)
    with pytest.raises(Unavailable):
        committer.submit([_entry()])


def test_what_comes_while_the_committer_waits_for_its_turn_is_written_in_it(
    committer: Committer, other_ledger: Ledger, instead: Callable[[Command], None]
) -> None:
    if not other_ledger.database.is_sqlite:
        pytest.skip("on PostgreSQL a turn is a courtesy of the processes that one server has forked off")
    sizes: list[int] = []

    def noting(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
        sizes.append(len(entries))
        return post(ledger, entries)

    instead(noting)
    submitting = threading.Thread(target=_submit_together, args=(committer, [_entry() for _ in range(10)]))
    with other_ledger.database.turn_to_post():
        submitting.start()
        wait_until(lambda: committer.waiting() == 9)  # The first has left the queue, and waits for the turn.
        time.sleep(0.1)
        assert committer.waiting() == 9
        assert sizes == []
    submitting.join(30)
    assert sizes == [10]


def test_without_a_turn_each_caller_is_told_and_the_next_one_is_served(
    committer: Committer, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ledger.database, "turn_to_post", _no_turn)
        answers = _submit_together(committer, [_entry() for _ in range(10)])
    assert {type(answer) for answer in answers} == {Unavailable}
    assert committer.submit([_entry()])[0].transaction is not None


def test_posts_that_wait_in_vain_for_their_turn_are_failed_writes(
    committer: Committer, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise /health/ready says that the ledger takes writes, while each post is refused."""
    monkeypatch.setattr(turns, "POOL_TIMEOUT_S", 0.1)
    before = sum(COMMIT_REQUESTS.values()[()][0])
    assert not ledger.database.writes.is_failing
    with ledger.database.turn_to_post(), pytest.raises(Unavailable):
        committer.submit([_entry()])
    assert ledger.database.writes.is_failing
    assert sum(COMMIT_REQUESTS.values()[()][0]) == before, "no transaction has begun"
    assert committer.submit([_entry()])[0].transaction is not None
    assert not ledger.database.writes.is_failing
    assert sum(COMMIT_REQUESTS.values()[()][0]) == before + 1


def _no_turn() -> contextlib.AbstractContextManager[None]:
    raise DatabaseUnavailable("other writers did not end in time")
