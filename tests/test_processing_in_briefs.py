"""What a brief says of landing processing equals a plain recount, at every moment, for any period and base."""

import datetime
from collections.abc import Callable
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands.posting import post
from service.commands.processing_folding import fold_transfers
from service.domain.brief import Facts
from service.domain.brief.processed import PROCESSED, PROCESSORS, SHARE
from service.domain.periods import Compare, Period
from service.domain.reports import Question
from service.domain.rounding import divide_half_up
from service.ledger import Ledger
from service.queries.reports import Reporter
from service.rendering.brief import write_brief
from service.storage.tables import journal
from tests.small_market import RESIDENTS, opened, post_of
from tests.small_transfers import call_back, live_lines, register_enterprises, send_on

DAYS = [datetime.date(2023, 2, 28), datetime.date(2023, 3, 1), datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)]
ENTERPRISES = 2
TODAY = datetime.date(2024, 4, 10)
trades = st.fixed_dictionaries(
    {
        "resident_id": st.integers(1, RESIDENTS).map(lambda n: f"R{n:08d}"),
        "category": st.sampled_from(["meat", "grain"]),
        "direction": st.sampled_from(["import", "import", "export"]),
        "quantity_kg": st.sampled_from(["3", "0.007"]),
        "amount_cny": st.sampled_from(["0.01", "2500.00", "7999.99"]),
        "traded_at": st.sampled_from(DAYS).map(lambda day: f"{day}T12:00:00+08:00"),
    }
)
transfers = st.tuples(
    st.integers(1, ENTERPRISES),
    st.sampled_from(["processing", "processing", "secondary_market"]),
    st.dictionaries(st.integers(0, 20), st.sampled_from([1, 1000, 3000]), min_size=1, max_size=5),
    st.sampled_from(["stays", "stays", "is called back"]),
)
days = st.sampled_from(DAYS)
spans = st.tuples(days, days).map(lambda ends: Period(min(ends), max(ends)))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A random question, with or without a category and a direction that it is narrowed to."""
    how: Compare = draw(st.sampled_from(get_args(Compare)))
    values = {
        "category": draw(st.sampled_from(["meat", "grain"])),
        "direction": draw(st.sampled_from(["import", "export"])),
    }
    named = draw(st.lists(st.sampled_from(sorted(values)), max_size=2, unique=True))
    filters = tuple((name, frozenset({values[name]})) for name in named)
    return Question(draw(spans), how, (), filters, custom_base=draw(spans) if how == "custom" else None)


class _Recount:
    """Counts imports and live lines for processing one by one."""

    def __init__(self, ledger: Ledger) -> None:
        with ledger.database.reading() as connection:
            self._lines = [line for line in live_lines(connection) if line.purpose == "processing"]
            self._trades = connection.execute(journal.select().where(journal.c.direction == "import")).all()

    def figures(self, period: Period, question: Question) -> tuple[int, int, int]:
        """Fen that went on to processing, enterprises that took them, and fen of the imports."""

        def is_wanted(trade: Any) -> bool:
            wanted = dict(question.filters).get("category", {trade.category})
            return period.start <= trade.day <= period.end and trade.category in wanted

        lines = [line for line in self._lines if is_wanted(line)]
        imports = sum(trade.amount_fen for trade in self._trades if is_wanted(trade))
        return sum(line.amount_fen for line in lines), len({line.enterprise for line in lines}), imports


def _compare(facts: Facts, question: Question, recount: _Recount) -> None:
    claims = {
        claim.measure: claim for claim in write_brief(facts, "en").claims if claim.measure.startswith("processing:")
    }
    if "import" not in dict(question.filters).get("direction", {"import"}):
        assert (facts.processed, claims) == (None, {})
        return
    now = recount.figures(facts.period, question)
    base = facts.base_period and recount.figures(facts.base_period, question)
    if now[0] == 0 and not (base and base[0]):
        assert claims == {}
        return
    if facts.is_without_trade:
        assert claims == {}
        return
    assert (claims[PROCESSED].current, claims[PROCESSED].base) == (now[0], base and base[0])
    if now[0]:
        assert (claims[PROCESSORS].current, claims[PROCESSORS].base) == (now[1], base and base[1])
        shares = [
            divide_half_up(part * 10_000, whole) if whole else None for part, _, whole in (now, base or (0, 0, 0))
        ]
        assert (claims[SHARE].current, claims[SHARE].base) == tuple(shares)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    history=st.lists(st.tuples(st.lists(trades, min_size=1, max_size=8), transfers, st.booleans()), max_size=6),
    asked=st.lists(questions(), min_size=1, max_size=6),
)
def test_what_a_brief_says_of_processing_equals_a_plain_recount(
    new_database: Callable[[], str], environment: dict[str, str], history: list[Any], asked: list[Question]
) -> None:
    with opened(new_database(), environment) as ledger:
        register_enterprises(ledger, ENTERPRISES)
        reporter = Reporter(ledger)
        for bodies, (enterprise, purpose, wanted, end), is_folded in history:
            post(ledger, [post_of(body) for body in bodies])
            reporter.brief(asked[0], TODAY)
            _send(ledger, enterprise, purpose, wanted, is_called_back=end == "is called back")
            if is_folded:
                fold_transfers(ledger)
        recount = _Recount(ledger)
        for question in asked:
            _compare(reporter.brief(question, TODAY).answer, question, recount)


def _send(ledger: Ledger, enterprise: int, purpose: Any, wanted: dict[int, int], *, is_called_back: bool) -> None:
    with ledger.database.reading() as connection:
        imports = connection.execute(journal.select().where(journal.c.direction == "import")).all()
    lines = {imports[place % len(imports)].seq: grams for place, grams in wanted.items()} if imports else {}
    number = send_on(ledger, enterprise, purpose, DAYS[-1], lines) if lines else 0
    if number and is_called_back:
        call_back(ledger, number)
