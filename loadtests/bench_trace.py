"""Measures the traces of a processing batch and of a truck of 10,000 trades each: `python -m loadtests.bench_trace`.

The trades of the batch are of some hundred trucks, in a journal that has seven times as many, and went on by two
transfers; so did all trades of the truck. Both traces are asked for over HTTP and in process, in turns. BENCH_ROUNDS,
BENCH_ENTRIES (60,000 at least) and BENCH_ENGINES limit what is measured, and BENCH_ANALYZE=0 leaves PostgreSQL without
statistics until it gathers them by itself.
"""

import datetime
import itertools
import os
import pathlib
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from uuid import UUID

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
from service.queries.trace import TradesAsked, trace_batch, trace_consignment
from service.storage.consignments import ConsignmentKey
from tests.builders import a_credit_code
from tests.postgresql import PostgreSQL

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
ENTRIES = int(os.environ.get("BENCH_ENTRIES", "70000"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
HAS_STATISTICS = os.environ.get("BENCH_ANALYZE", "1") == "1"
OF_A_TRUCK, TRACED, AT_ONCE = 53, 10_000, 5_000
LARGE, LARGE_EVERY = "EL-LARGE", 4
"""The truck of 10,000 trades, and how often one of its trades stands between those of others."""
DAY = datetime.date(2025, 1, 2)
AskForTrace = Callable[[Ledger], object]
TRACES: dict[str, tuple[str, AskForTrace]] = {
    "batch": (
        "/v1/trace/processing-batches/B00000001",
        lambda ledger: trace_batch(ledger, 1, WHOLE, TradesAsked(None, 50)),
    ),
    "truck": (
        f"/v1/trace/consignments/{LARGE}",
        lambda ledger: trace_consignment(ledger, ConsignmentKey("erenhot", LARGE), WHOLE, TradesAsked(None, 50)),
    ),
}


def numbered_posts() -> Iterator[tuple[int, Post]]:
    """Trades, 53 from each truck, with goods of one kind and origin, and the truck's number."""
    for number, entry in enumerate(postings(ENTRIES, RESIDENTS)):
        truck = number // OF_A_TRUCK
        category, commodity, hs_code, origin, _ = GOODS[truck % len(GOODS)]
        trade = entry.trade._replace(
            category=category, commodity=commodity, hs_code=hs_code, origin=origin, consignment=f"EL-{truck}"
        )
        yield truck, Post(entry.digest, trade_fingerprint(trade), entry.request_id, trade)


def fill(ledger: Ledger) -> None:
    """Posts the trades, puts 10,000 of one truck in three into one batch, and sends all of the large truck on."""
    sent: list[UUID] = []
    large: list[UUID] = []
    numbered = numbered_posts()
    # Twice as many as are needed, because some residents are registered later than the day.
    every = ENTRIES // (TRACED * 2)
    while some := list(itertools.islice(numbered, AT_ONCE)):
        missing = TRACED - len(large)
        of_large = set(range(0, AT_ONCE, LARGE_EVERY)[:missing])
        entries = [_in_large(entry) if n in of_large else entry for n, (_, entry) in enumerate(some)]
        for n, ((truck, _), outcome) in enumerate(zip(some, post(ledger, entries), strict=True)):
            if outcome.transaction is not None and (n in of_large or truck % every == 0):
                (large if n in of_large else sent).append(outcome.transaction.transaction_id)
    first_day = datetime.date(2020, 1, 1)
    register_enterprise(ledger, NewEnterprise("加工厂", a_credit_code(1), ("processor",), first_day, None), 0)
    half = TRACED // 2
    for some_sent in (sent[:half], sent[half:TRACED], large[:half], large[half:]):
        stated = NewTransfer(1, "processing", DAY, None, None, None)
        post_transfer(ledger, stated, StatedGoods.of_trades([WantedLine(one) for one in some_sent]))
    outputs = (ProcessingOutput("酱牛肉", None, 1_000_000, None),)
    for transfers in ((1, 2), (3,)):
        post_processing_batch(ledger, NewProcessingBatch(1, transfers, DAY, outputs))
    if HAS_STATISTICS and not ledger.database.is_sqlite:
        with ledger.database.writing(at_length=True) as connection:
            connection.execute(sa.text("ANALYZE"))


def _in_large(entry: Post) -> Post:
    """The same trade from the large truck."""
    category, commodity, hs_code, origin, _ = GOODS[0]
    trade = entry.trade._replace(
        category=category, commodity=commodity, hs_code=hs_code, origin=origin, consignment=LARGE, vehicle_plate="蒙H1"
    )
    return Post(entry.digest, trade_fingerprint(trade), entry.request_id, trade)


def asked(deployment: Deployment, connection: HTTPConnection, path: str) -> float:
    """The seconds that an answer over HTTP takes."""
    started = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {deployment.key}"})
    answer = connection.getresponse().read()
    elapsed = time.perf_counter() - started
    assert orjson.loads(answer)["totals"]["transactions"] == TRACED, answer[:500]
    return elapsed


def in_process(ledger: Ledger, ask: AskForTrace) -> tuple[float, float]:
    """The seconds that the query takes, and how many of them processors compute, for PostgreSQL's process as well."""
    started, computed = time.perf_counter(), _computed_s(ledger)
    ask(ledger)
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
        rounds = [
            [(asked(deployment, connection, path), *in_process(ledger, ask)) for path, ask in TRACES.values()]
            for _ in range(ROUNDS + 3)
        ][3:]
        ledger.database.close()
    figures = []
    for subject, of_subject in zip(TRACES, zip(*rounds, strict=True), strict=True):
        names = (f"{subject} of 10,000 trades, over HTTP", "the same in process", "of that, processor time")
        figures += [
            timed(
                name, engine, 1 / sorted(found)[len(found) // 2], list(found), other=f"least {min(found) * 1e3:.1f} ms"
            )
            for name, found in zip(names, zip(*of_subject, strict=True), strict=True)
        ]
    return figures, [], deployment.durability


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    figures, _, conditions = measure_engines(ENGINES, measure, "traces")
    conclude("traces", f"Traces of 10,000 trades, {ROUNDS} rounds in turns", figures, conditions)


if __name__ == "__main__":
    main()
