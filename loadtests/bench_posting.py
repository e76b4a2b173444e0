"""How fast the ledger posts, in process: one, batches, replays, refusals, reversals, on both engines: `make bench`.

Each round is one durable database transaction through service.commands.posting, without HTTP and without group commit;
what it posts is made before. Two of three entries are a resident-day of their own. BENCH_ENGINES narrows what is
measured.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from loadtests.deployments import fresh_ledger
from loadtests.postings import Market
from schemas.transactions import TradeSchema
from service.commands.posting import NewEntry, Outcome, Post, Reverse, post
from service.domain.idempotency import key_digest, reversal_fingerprint, trade_fingerprint
from service.ledger import Ledger

ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
ROUNDS = {1: 300, 10: 200, 100: 50, 1000: 15, 10_000: 4}
OVER_ALLOWANCE_FEN = 900_000
ROUTE = "transactions"

_TRADE = TradeSchema()


class Bench:
    """A ledger, and entries for it that nobody has posted."""

    def __init__(self, engine: str, ledger: Ledger) -> None:
        self.engine, self.ledger, self._market = engine, ledger, Market("direct")

    def posts(self, count: int, **changes: Any) -> list[NewEntry]:
        """Trades, each with a key of its own."""
        return [self._post(line, changes) for line in self._market.lines(count)]

    def _post(self, line: dict[str, Any], changes: dict[str, Any]) -> Post:
        digest = key_digest(1, ROUTE, line.pop("key"))
        trade = _TRADE.read(line)._replace(**changes)
        return Post(digest, trade_fingerprint(trade), "bench", trade)

    def reversals(self, count: int) -> list[NewEntry]:
        """Of trades that are posted for it."""
        posted = [outcome.transaction for outcome in post(self.ledger, self.posts(count))]
        ids = [transaction.transaction_id for transaction in posted if transaction is not None]
        why = "weighed again"
        return [Reverse(uuid4().bytes, reversal_fingerprint(one, why), "bench", one, why) for one in ids]


@pytest.fixture(scope="module", params=ENGINES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A durable ledger with 20,000 residents and a thousand trades."""
    with contextlib.ExitStack() as stack:
        ledger, _ = stack.enter_context(fresh_ledger(request.param, None))
        found = Bench(request.param, ledger)
        for lines in (1000, 1, 1, 1, 1, 1, 1):  # The statements are prepared, and the tables are not empty.
            post(ledger, found.posts(lines))
        yield found


def _measure(
    benchmark: Any, bench: Bench, what: str, lines: int, entries: Callable[[], list[NewEntry]]
) -> list[Outcome]:
    """Rounds of one transaction each; the outcomes of the last one."""
    benchmark.extra_info.update(what=what, engine=bench.engine, rows=lines)
    found: list[Outcome] = benchmark.pedantic(
        post, setup=lambda: ((bench.ledger, entries()), {}), rounds=ROUNDS[lines], warmup_rounds=1
    )
    return found


@pytest.mark.parametrize("lines", ROUNDS)
def test_post(benchmark: Any, bench: Bench, lines: int) -> None:
    outcomes = _measure(benchmark, bench, f"post {lines:,}", lines, lambda: bench.posts(lines))
    assert all(outcome.transaction and not outcome.replayed for outcome in outcomes)


@pytest.mark.parametrize("lines", [1, 1000])
def test_replay(benchmark: Any, bench: Bench, lines: int) -> None:
    known = bench.posts(lines)
    post(bench.ledger, known)
    outcomes = _measure(benchmark, bench, f"replay {lines:,}", lines, lambda: known)
    assert all(outcome.replayed for outcome in outcomes)


@pytest.mark.parametrize("lines", [1, 1000])
def test_refuse(benchmark: Any, bench: Bench, lines: int) -> None:
    """Over the allowance, and the caller would rather not pay; the refusal is kept under its key."""
    changes = {"amount_fen": OVER_ALLOWANCE_FEN, "refuse_over_allowance": True}
    outcomes = _measure(benchmark, bench, f"refuse {lines:,}", lines, lambda: bench.posts(lines, **changes))
    assert {outcome.refusal.code for outcome in outcomes if outcome.refusal} == {"allowance-exceeded"}
    assert all(outcome.refusal for outcome in outcomes)


@pytest.mark.parametrize("lines", [1, 1000])
def test_reverse(benchmark: Any, bench: Bench, lines: int) -> None:
    outcomes = _measure(benchmark, bench, f"reverse {lines:,}", lines, lambda: bench.reversals(lines))
    assert all(outcome.transaction and outcome.transaction.reverses for outcome in outcomes)
