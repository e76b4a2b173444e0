"""The main property of Hushi: after any events, and any folds, every figure equals a plain recount."""

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands.auditing import Caller as Recorder
from service.commands.folding import fold
from service.commands.posting import NewEntry, Reverse, post
from service.commands.residents import add_members, change_status
from service.domain.cells import DIMENSIONS
from service.domain.errors import ResidentNotActive
from service.domain.idempotency import key_digest, reversal_fingerprint
from service.domain.periods import Compare, Period, month_end
from service.domain.reports import INTERVALS, Question, question_so_far, series, trade_report
from service.domain.totals import Totals
from service.ledger import Ledger
from service.queries.reports import Reporter
from service.queries.verifying import verify
from service.rendering.brief import write_brief
from service.storage.resident_cache import find_eligibilities
from tests.builders import a_key
from tests.recounting import PlainPeople, PlainRecount, read_journal, residents_measures
from tests.small_market import REGISTERED_ON, RESIDENTS, opened, post_of

DAYS = [datetime.date(2023, 2, 28), datetime.date(2024, 2, 28), datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)]
DAYS += [datetime.date(2023, 3, 1), datetime.date(2024, 4, 10)]

trades = st.fixed_dictionaries(
    {
        "resident_id": st.integers(1, RESIDENTS).map(lambda n: f"R{n:08d}"),
        "category": st.sampled_from(["meat", "grain", "packaged_food"]),
        "origin": st.sampled_from(["MN", "RU"]),
        "direction": st.sampled_from(["import", "import", "export"]),
        "trade_point": st.sampled_from(["erenhot", "erenhot-city"]),
        "amount_cny": st.sampled_from(["0.01", "2500.00", "7999.99"]),
        "over_allowance": st.sampled_from(["tax", "tax", "refuse"]),
        "traded_at": st.sampled_from(DAYS).map(lambda day: f"{day}T12:00:00+08:00"),
    }
)
steps = st.one_of(
    st.tuples(st.just("post"), st.lists(trades, min_size=1, max_size=8)),
    st.tuples(st.just("reverse"), st.integers(0, 10_000)),
    st.tuples(st.just("fold"), st.none()),
    st.tuples(st.just("move"), st.tuples(st.integers(1, RESIDENTS), st.integers(1, 2), st.sampled_from(DAYS))),
    st.tuples(
        st.just("status"),
        st.tuples(
            st.integers(1, RESIDENTS + 1), st.sampled_from(["suspended", "active", "cancelled"]), st.sampled_from(DAYS)
        ),
    ),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("ask"), st.none()),
)
days = st.sampled_from(DAYS)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A random question: period, comparison, up to two dimensions and an interval, and filters."""
    start, end = sorted((draw(days), draw(days)))
    if draw(st.booleans()):
        # Whole months are answered in another way than days.
        start, end = start.replace(day=1), month_end(end.year, end.month)
    by = draw(st.lists(st.sampled_from(DIMENSIONS), max_size=2, unique=True))
    by += draw(st.lists(st.sampled_from(INTERVALS), max_size=1))
    values = {"category": ["meat", "grain"], "origin": ["MN"], "direction": ["import"], "settlement": ["东"]}
    values |= {"trade_point": ["erenhot-city"], "group_id": ["G000001"]}
    named = draw(st.lists(st.sampled_from(sorted(values)), max_size=2, unique=True))
    filters = tuple((name, frozenset(values[name])) for name in named)
    how: Compare = draw(st.sampled_from(get_args(Compare)))
    first, last = sorted((draw(days), draw(days)))
    custom = Period(first, last) if how == "custom" else None
    return Question(Period(start, end), how, tuple(by), filters, custom_base=custom)


def _take(ledger: Ledger, step: tuple[str, Any], reporter: Reporter) -> Reporter:
    kind, what = step
    if kind == "post":
        post(ledger, [post_of(body) for body in what])
    elif kind == "reverse":
        known = [t.transaction_id for t in read_journal(ledger)]
        if known:
            chosen = known[what % len(known)]
            entry: NewEntry = Reverse(key_digest(1, "r", a_key()), reversal_fingerprint(chosen, "x"), "t", chosen, "x")
            post(ledger, [entry])
    elif kind == "fold":
        fold(ledger)
    elif kind == "move":
        resident, group, day = what
        add_members(ledger, group, [resident], day)
    elif kind == "status":
        resident, status, day = what
        with suppress(ResidentNotActive):  # A cancellation is final.
            change_status(ledger, resident, status, "x", day, Recorder(1, "t"))
    elif kind == "restart":
        return Reporter(ledger)
    else:
        reporter.trade(Question(Period(DAYS[0], DAYS[-1]), "yoy", ("category", "month")))
    return reporter


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(history=st.lists(steps, max_size=25), asked=st.lists(questions(), min_size=1, max_size=6))
def test_every_figure_equals_a_plain_recount(
    new_database: Callable[[], str], environment: dict[str, str], history: list[Any], asked: list[Question]
) -> None:
    with opened(new_database(), environment) as ledger:
        reporter = Reporter(ledger)
        # Questions may ask for this trade point, which a report must know.
        post(ledger, [post_of({"trade_point": "erenhot-city", "amount_cny": "1.00"})])
        for step in history:
            reporter = _take(ledger, step, reporter)
        _compare_memberships(ledger, [what for kind, what in history if kind == "move"])
        recount, people = PlainRecount(read_journal(ledger)), PlainPeople(ledger)
        for question in asked:
            _compare_people(reporter, question, recount, people)
            assert reporter.trade(question).answer == trade_report(question, recount.totals)
            if question.interval is not None:
                for measure in ("amount_fen", "participations", "residents"):
                    drawn = reporter.series(question, measure).answer
                    assert drawn == series(question, measure, recount.totals)
        verify(ledger)


def _compare_memberships(ledger: Ledger, moves: list[tuple[int, int, datetime.date]]) -> None:
    """Each membership that was acknowledged counts from its day on, until the next day that another begins on."""
    first = [(1, 1, REGISTERED_ON), (2, 1, REGISTERED_ON)]
    acknowledged = [*first, (2, 2, datetime.date(2024, 1, 1)), (3, 2, datetime.date(2024, 1, 1)), *moves]
    with ledger.database.reading() as connection:
        eligibilities = find_eligibilities(connection, range(1, RESIDENTS + 1))
    for resident, eligibility in eligibilities.items():
        for on in DAYS:
            own = [(day, n, group) for n, (who, group, day) in enumerate(acknowledged) if who == resident and day <= on]
            assert eligibility.group_on(on) == (max(own)[2] if own else None)


def _compare_people(reporter: Reporter, asked: Question, recount: PlainRecount, people: PlainPeople) -> None:
    """The residents report and every claim of the brief, against people and trades counted one by one."""
    by = tuple(name for name in asked.by if name in {"settlement", "group_id"})
    question = dataclasses.replace(asked, by=by[:1])
    report = reporter.residents(question).answer
    if "group_id" not in dict(question.filters):  # Who changes groups comes and goes without a registration.
        now = {name: value if isinstance(value, int) else value.current for name, value in report.total.items()}
        before = now["registered_at_start"] + now["registered_in_period"] - now["cancelled_in_period"]
        assert before >= now["registered_at_end"], "nobody lapses who is not in the stock"
    total, rows = residents_measures(question, people, recount)
    assert report.total == total
    shown = {tuple(row.key.values()): row.measures for row in report.rows} if by else {}
    assert shown == {key: measures for key, measures in rows.items() if key in shown}
    assert all(not any(_figures_of(measures)) for key, measures in rows.items() if key not in shown)
    facts = reporter.brief(question, TODAY).answer
    for lang in ("zh", "en", "mn"):
        for claim in write_brief(facts, lang).claims:
            assert (claim.current, claim.base) == _claimed(claim.measure, question, recount, people)


def _figures_of(measures: Mapping[str, Any]) -> Iterator[int]:
    for value in measures.values():
        yield from (value,) if isinstance(value, int) else value[:2]


def _claimed(measure: str, whole: Question, recount: PlainRecount, people: PlainPeople) -> tuple[int, int | None]:
    """What a claim has to say: the figure of the period through TODAY, and of its base where anything is compared."""
    base = question_so_far(whole, TODAY).base_period
    is_compared = base is not None and whole.period.start <= TODAY
    end = min(whole.period.end, TODAY) if whole.period.start <= TODAY else whole.period.end
    asked = dataclasses.replace(whole, period=Period(whole.period.start, end))
    if measure == "registered_at_end":
        on = min(whole.period.end, TODAY)
        year_before = datetime.date(on.year - 1, 12, 31)
        everybody = dataclasses.replace(asked, by=())
        stocks = [people.stock(everybody, (), day) for day in (on, year_before)]
        return stocks[0], stocks[1] if is_compared else None
    kind, _, value = measure.partition(":")
    question = dataclasses.replace(asked, by=(kind,) if value else ())  # Of a category or a direction.
    key = (value,) if value else ()
    periods = [asked.period, *([base] if is_compared and base is not None else [])]
    found = [recount.totals(period, question.selection(rows=True)).get(key, Totals()) for period in periods]
    figures = [
        {
            "amount_cny": one.amount_fen,
            "participations": one.participations,
            "residents": len(one.residents),
            "category": one.transactions,
            "direction": one.amount_fen,
        }[kind]
        for one in found
    ]
    return figures[0], figures[1] if is_compared else None


TODAY = datetime.date(2024, 3, 15)
