"""Measures the trace of a processing batch of 10,000 trades: `python -m loadtests.bench_trace`.

The trades are of some hundred trucks, in a journal that has six times as many, and went on by two transfers. The trace
is asked for over HTTP and in process, in turns. BENCH_ROUNDS, BENCH_ENTRIES and BENCH_ENGINES limit what is measured.
"""

import datetime
import itertools
import os
import pathlib
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import orjson
import sqlalchemy as sa

from loadtests.deployments import Deployment, Measured, hushi_on, measure_engines
from loadtests.figures import conclude, timed
from loadtests.ledgers import GOODS, postings
from loadtests.postings import RESIDENTS
from service.commands.enterprises import register_enterprise
from service.commands.posting import Post, post
from service.commands.processing_batches import post_processing_batch
from service.commands.transfers import post_transfer
from service.config import read_settings
from service.domain.enterprises import NewEnterprise
from service.domain.idempotency import trade_fingerprint
from service.domain.processing_batches import NewProcessingBatch, ProcessingOutput
from service.domain.trace import WHOLE
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer
from service.ledger import Ledger, open_ledger
from service.queries.trace import TradesAsked, trace_batch
from tests.builders import a_credit_code
from tests.postgresql import PostgreSQL

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
ENTRIES = int(os.environ.get("BENCH_ENTRIES", "60000"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
OF_A_TRUCK, IN_BATCH, AT_ONCE = 53, 10_000, 5_000
DAY = datetime.date(2025, 1, 2)
PATH = "/v1/trace/processing-batches/B00000001"


def trucks() -> Iterator[Post]:
    """Trades, 53 from each truck, with goods of one kind and origin."""
    for number, entry in enumerate(postings(ENTRIES, RESIDENTS)):
        truck = number // OF_A_TRUCK
        category, commodity, hs_code, origin, _ = GOODS[truck % len(GOODS)]
        trade = entry.trade._replace(
            category=category, commodity=commodity, hs_code=hs_code, origin=origin, consignment=f"EL-{truck}"
        )
        yield Post(entry.digest, trade_fingerprint(trade), entry.request_id, trade)


def fill(ledger: Ledger) -> None:
    """Posts the trades, sends one truck in three on, and puts 10,000 of their trades into one batch."""
    sent = []
    numbered = enumerate(trucks())
    # Twice as many as are needed, because some residents are registered later than the day.
    every = ENTRIES // (IN_BATCH * 2)
    while some := list(itertools.islice(numbered, AT_ONCE)):
        outcomes = post(ledger, [entry for _, entry in some])
        for (number, _), outcome in zip(some, outcomes, strict=True):
            if number // OF_A_TRUCK % every == 0 and outcome.transaction is not None:
                sent.append(outcome.transaction.transaction_id)
    first_day = datetime.date(2020, 1, 1)
    register_enterprise(ledger, NewEnterprise("加工厂", a_credit_code(1), ("processor",), first_day, None), 0)
    for half in (sent[: IN_BATCH // 2], sent[IN_BATCH // 2 : IN_BATCH]):
        stated = NewTransfer(1, "processing", DAY, None, None, None)
        post_transfer(ledger, stated, StatedGoods.of_trades([WantedLine(one) for one in half]))
    outputs = (ProcessingOutput("酱牛肉", None, 1_000_000, None),)
    post_processing_batch(ledger, NewProcessingBatch(1, (1, 2), DAY, outputs))


def asked(deployment: Deployment, connection: HTTPConnection) -> float:
    """The seconds that an answer over HTTP takes."""
    started = time.perf_counter()
    connection.request("GET", PATH, headers={"Authorization": f"Bearer {deployment.key}"})
    answer = connection.getresponse().read()
    elapsed = time.perf_counter() - started
    assert orjson.loads(answer)["totals"]["transactions"] == IN_BATCH, answer[:500]
    return elapsed


def in_process(ledger: Ledger) -> tuple[float, float]:
    """The seconds that the query takes, and how many of them processors compute, for PostgreSQL's process as well."""
    started, computed = time.perf_counter(), _computed_s(ledger)
    trace_batch(ledger, 1, WHOLE, TradesAsked(None, 50))
    return time.perf_counter() - started, _computed_s(ledger) - computed


def _computed_s(ledger: Ledger) -> float:
    """The processor time of this process, and of the one process of PostgreSQL that answers it."""
    own_s = time.process_time()
    if ledger.database.is_sqlite:
        return own_s
    with ledger.database.reading() as connection:
        pid = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    # In nanoseconds, where psutil tells hundredths of a second.
    on_processor_ns = pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    return own_s + int(on_processor_ns) / 1e9


def measure(engine: str, server: PostgreSQL | None) -> Measured:
    """The figures of an engine, and what the database says about its durability."""
    with hushi_on(engine, server) as deployment:
        ledger = open_ledger(read_settings(deployment.environment))
        fill(ledger)
        connection = HTTPConnection("127.0.0.1", deployment.port, timeout=120)
        rounds = [(asked(deployment, connection), *in_process(ledger)) for _ in range(ROUNDS + 3)][3:]
        ledger.database.close()
    names = ("trace of 10,000 trades, over HTTP", "the same in process", "of that, processor time")
    figures = [
        timed(name, engine, 1 / sorted(found)[len(found) // 2], list(found), other=f"least {min(found) * 1000:.1f} ms")
        for name, found in zip(names, zip(*rounds, strict=True), strict=True)
    ]
    return figures, deployment.durability


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    figures, conditions = measure_engines(ENGINES, measure, "traces")
    conclude("traces", f"The trace of a batch of 10,000 trades, {ROUNDS} rounds in turns", figures, conditions)


if __name__ == "__main__":
    main()
