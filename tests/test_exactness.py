"""The property that sells it: whatever happens, and whenever it is folded, every figure equals a plain recount."""

import dataclasses
import datetime
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.transactions import TradeSchema
from service.commands.committer import Committer
from service.commands.folding import fold, fold_all
from service.commands.groups import create_group
from service.commands.posting import Entry, Post, Reverse, post
from service.commands.residents import Caller as Recorder
from service.commands.residents import Registration, add_members, change_status, register
from service.config import Settings
from service.domain.cells import DIMENSIONS
from service.domain.errors import ResidentNotActive
from service.domain.idempotency import key_digest, reversal_fingerprint, trade_fingerprint
from service.domain.periods import Period, month_end
from service.domain.reports import INTERVALS, Question, series, trade_report
from service.domain.totals import Totals
from service.domain.transactions import Trade
from service.ledger import Ledger, open_ledger
from service.queries.reports import Reporter
from service.queries.verifying import Wrong, verify
from service.rendering.brief import write_brief
from service.storage import tail
from service.storage.resident_cache import find_standings
from tests.builders import a_citizen_number, a_key, a_trade
from tests.recounting import PlainPeople, PlainRecount, read_journal, residents_measures
from tests.tampering import UNPROTECTED

RESIDENTS = 5
REGISTERED_ON = datetime.date(2020, 1, 2)
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
    return Question(Period(start, end), draw(st.sampled_from(["yoy", "previous", "none"])), tuple(by), filters)


@contextmanager
def _opened(url: str, environment: dict[str, str]) -> Iterator[Ledger]:
    import pathlib

    folder = pathlib.Path(environment["HUSHI_DATA_DIR"])
    ledger = open_ledger(Settings(url, folder, folder / "secrets.json", False, "ERROR"))
    for n in range(RESIDENTS + 1):
        settlement = [None, "东", "西"][n % 3]
        # One more, whose registration expires before or after a cancellation.
        until = datetime.date(2024, 2, 29) if n == RESIDENTS else None
        register(ledger, Registration("巴特尔", a_citizen_number(n), REGISTERED_ON, until, settlement, None))
    for name in "ab":
        create_group(ledger, name, "village")
    add_members(ledger, 1, [1, 2], None)
    add_members(ledger, 2, [2, 3], datetime.date(2024, 1, 1))
    yield ledger
    ledger.database.close()


def _post_of(body: dict[str, Any]) -> Post:
    trade: Trade = TradeSchema().read(a_trade(**body))
    return Post(key_digest(1, "t", a_key()), trade_fingerprint(trade), "t", trade)


def _take(ledger: Ledger, step: tuple[str, Any], reporter: Reporter) -> Reporter:
    kind, what = step
    if kind == "post":
        post(ledger, [_post_of(body) for body in what])
    elif kind == "reverse":
        known = [t.transaction_id for t in read_journal(ledger)]
        if known:
            chosen = known[what % len(known)]
            entry: Entry = Reverse(key_digest(1, "r", a_key()), reversal_fingerprint(chosen, "x"), "t", chosen, "x")
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
    with _opened(new_database(), environment) as ledger:
        reporter = Reporter(ledger)
        # Questions may ask for this trade point, which a report must know.
        post(ledger, [_post_of({"trade_point": "erenhot-city", "amount_cny": "1.00"})])
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
        standings = find_standings(connection, range(1, RESIDENTS + 1))
    for resident, standing in standings.items():
        for on in DAYS:
            own = [(day, n, group) for n, (who, group, day) in enumerate(acknowledged) if who == resident and day <= on]
            assert standing.group_on(on) == (max(own)[2] if own else None)


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
    is_compared = whole.compare != "none" and whole.period.start <= TODAY
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
    periods = [asked.period, *([asked.base_period] if is_compared and asked.base_period is not None else [])]
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


def _fifty_trades(ledger: Ledger) -> None:
    for number in range(50):
        post(ledger, [_post_of({"resident_id": f"R{number % RESIDENTS + 1:08d}", "category": "meat"})])
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
    with _opened(new_database(), environment) as ledger:
        _fifty_trades(ledger)
        assert _agrees(ledger)
        monkeypatch.setattr(tail, "find_entries", lambda _connection, **_after: {})
        assert not _agrees(ledger)


def test_what_is_folded_twice_would_be_wrong_and_is_found(
    new_database: Callable[[], str], environment: dict[str, str]
) -> None:
    """A negative control: without their block entries are in the tail again, are counted twice, and it is found."""
    with _opened(new_database(), environment) as ledger:
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
    with _opened(new_database(), environment) as ledger:
        committer, reporter = Committer(ledger), Reporter(ledger)
        acknowledged, stopping = [0], threading.Event()
        counting = threading.Lock()

        def write(seed: int) -> None:
            chance = random.Random(seed)
            while not stopping.is_set():
                amount = f"{chance.randrange(1, 900_000) / 100:.2f}"
                body = {"resident_id": f"R{chance.randrange(RESIDENTS) + 1:08d}", "amount_cny": amount}
                assert committer.submit([_post_of(body)])[0].transaction is not None
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
