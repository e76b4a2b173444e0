"""The report on what went on equals a plain recount after any events, folds and restarts, on both engines."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands import processing_folding
from service.commands.folding import fold
from service.commands.posting import Reverse, post
from service.domain.idempotency import key_digest, reversal_fingerprint
from service.domain.periods import Compare, Period, month_end
from service.domain.processing_cells import ROW_DIMENSIONS, WAYS, On
from service.domain.processing_report import ProcessingReport, processing_report
from service.domain.reports import INTERVALS, Question
from service.ledger import Ledger
from service.queries.reports import Reporter
from service.queries.verifying import verify
from tests.builders import a_key
from tests.recounting import PlainRecount, read_journal
from tests.small_market import RESIDENTS, opened, post_of
from tests.small_transfers import PlainTransfers, call_back, live_imports, register_enterprises, send_on

DAYS = [datetime.date(2023, 2, 28), datetime.date(2024, 2, 28), datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)]
DAYS += [datetime.date(2023, 3, 1), datetime.date(2024, 4, 10)]
ENTERPRISES = 3
COMPARED: list[Compare] = ["yoy", "previous", "none"]

trades = st.fixed_dictionaries(
    {
        "resident_id": st.integers(1, RESIDENTS).map(lambda n: f"R{n:08d}"),
        "category": st.sampled_from(["meat", "grain"]),
        "origin": st.sampled_from(["MN", "RU"]),
        "direction": st.sampled_from(["import", "import", "import", "export"]),
        "trade_point": st.sampled_from(["erenhot", "erenhot-city"]),
        "quantity_kg": st.sampled_from(["3", "0.007"]),
        "amount_cny": st.sampled_from(["0.01", "2500.00", "7999.99"]),
        "traded_at": st.sampled_from(DAYS).map(lambda day: f"{day}T12:00:00+08:00"),
    }
)
transfers = st.tuples(
    st.integers(1, ENTERPRISES),
    st.sampled_from(["processing", "secondary_market"]),
    st.sampled_from(DAYS),
    st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([1, 3, 1000, 3000])), min_size=1, max_size=6),
    st.sampled_from([None, 0, 1, 777_77]),
)
steps = st.one_of(
    st.tuples(st.just("post"), st.lists(trades, min_size=1, max_size=6)),
    st.tuples(st.just("transfer"), transfers),
    st.tuples(st.just("transfer"), transfers),
    st.tuples(st.just("call back"), st.integers(0, 10_000)),
    st.tuples(st.just("reverse a trade"), st.integers(0, 10_000)),
    st.tuples(st.just("fold transfers"), st.sampled_from([1, 2, 10_000])),
    st.tuples(st.just("fold"), st.none()),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("warm up"), st.none()),
    st.tuples(st.just("ask"), st.sampled_from(WAYS)),
)
days = st.sampled_from(DAYS)


@st.composite
def questions(draw: st.DrawFn) -> tuple[Question, On]:
    """A random question: period, comparison, up to two dimensions and an interval, filters, and the day that counts."""
    start, end = sorted((draw(days), draw(days)))
    if draw(st.booleans()):
        # Whole months are answered in another way than days.
        start, end = start.replace(day=1), month_end(end.year, end.month)
    by = draw(st.lists(st.sampled_from(ROW_DIMENSIONS), max_size=2, unique=True))
    by += draw(st.lists(st.sampled_from(INTERVALS), max_size=1))
    values = {"category": ["meat", "grain"], "origin": ["MN"], "direction": ["import"], "settlement": ["东"]}
    values |= {"trade_point": ["erenhot-city"], "group_id": ["G000001"], "purpose": ["processing"]}
    values |= {"enterprise_id": ["E00000001", "E00000003"]}
    names = draw(st.lists(st.sampled_from(sorted(values)), max_size=2, unique=True))
    filters = tuple((name, frozenset(values[name])) for name in names)
    compare = draw(st.sampled_from(COMPARED))
    return Question(Period(start, end), compare, tuple(by), filters), draw(st.sampled_from(WAYS))


class _History:
    """A ledger, a process that has loaded it, and the transfers that were recorded."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.reporter = Reporter(ledger)
        self.live: list[int] = []

    def take(self, step: tuple[str, Any]) -> None:
        """Does one step."""
        kind, what = step
        if kind == "post":
            post(self.ledger, [post_of(body) for body in what])
        elif kind == "transfer":
            self._transfer(*what)
        elif kind == "call back" and self.live:
            call_back(self.ledger, self.live.pop(what % len(self.live)))
        elif kind == "reverse a trade" and (known := read_journal(self.ledger)):
            chosen = known[what % len(known)].transaction_id
            reversal = Reverse(key_digest(1, "r", a_key()), reversal_fingerprint(chosen, "x"), "t", chosen, "x")
            post(self.ledger, [reversal])  # It is refused when some of the trade has gone on.
        elif kind == "fold transfers":
            processing_folding.LINES_PER_FOLD_MAX = what  # So that folds end between a transfer and its reversal.
            processing_folding.fold_transfers(self.ledger)
        elif kind == "fold":
            fold(self.ledger)
        elif kind == "restart":
            self.reporter = Reporter(self.ledger)
        elif kind == "warm up":
            self.reporter.warm_up()
        elif kind == "ask":
            self.reporter.processing(WHOLE, what)

    def _transfer(
        self, enterprise: int, purpose: Any, day: datetime.date, wanted: list[tuple[int, int]], paid: int | None
    ) -> None:
        """Sends on what is left of some live imports of the day or of days before."""
        with self.ledger.database.reading() as connection:
            imports = live_imports(connection, day)
        if imports:
            lines = {imports[chosen % len(imports)]: grams for chosen, grams in wanted}
            number = send_on(self.ledger, enterprise, purpose, day, lines, paid)
            self.live += [number] if number else []

    def recount(self, question: Question, on: On) -> ProcessingReport:
        """The report as it is counted plainly."""
        plain, trades = PlainTransfers(self.ledger), PlainRecount(read_journal(self.ledger))
        return processing_report(question, on, plain.totals, trades.totals)


WHOLE = Question(Period(DAYS[0], DAYS[-1]), "yoy", ("enterprise_id", "category", "month"))


@pytest.fixture(autouse=True)
def whole_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the limit of a fold back after each test."""
    monkeypatch.setattr(processing_folding, "LINES_PER_FOLD_MAX", processing_folding.LINES_PER_FOLD_MAX)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(history=st.lists(steps, max_size=30), asked=st.lists(questions(), min_size=1, max_size=6))
def test_what_went_on_equals_a_plain_recount(
    new_database: Callable[[], str], environment: dict[str, str], history: list[Any], asked: list[tuple[Question, On]]
) -> None:
    with opened(new_database(), environment) as ledger:
        register_enterprises(ledger, ENTERPRISES)
        # Questions may ask for this trade point, which a report must know.
        post(ledger, [post_of({"trade_point": "erenhot-city", "amount_cny": "1.00"})])
        told = _History(ledger)
        for step in history:
            told.take(step)
        for question, on in asked:
            assert told.reporter.processing(question, on).answer == told.recount(question, on)
            assert Reporter(ledger).processing(question, on).answer == told.recount(question, on)
        verify(ledger)
