"""Signals equal what a plain recount of the journal finds, after any history, on both engines."""

import dataclasses
import datetime
import pathlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from schemas.signals import lists_others, transaction_filters
from schemas.transaction_lists import TransactionsQuerySchema
from service.commands.keys import create_key
from service.commands.mandates import MandateTerms, give_mandates
from service.commands.posting import Post, Reverse, post
from service.commands.residents import Registration, register_all
from service.config import Settings
from service.domain.idempotency import key_digest, reversal_fingerprint
from service.domain.keys import OPERATOR_RIGHTS
from service.domain.periods import Period
from service.domain.reports import Question
from service.domain.signals import IDS_MAX, RULES, EntrySums, Signal
from service.ledger import Ledger, open_ledger
from service.queries.reports import Reporter
from service.queries.transactions import stream_transactions
from service.storage.entry_filters import TransactionFilters
from service.storage.tables import journal
from service.storage.transfer_tables import enterprise, transfer, transfer_line, transfer_reversal
from tests.builders import a_citizen_number, a_key
from tests.recounting import read_journal
from tests.signal_recount import Behind, Plain, SignalRecount
from tests.small_market import post_of

RESIDENTS = 24
REPRESENTATIVES = (23, 24)
YEAR = Period(datetime.date(2024, 1, 1), datetime.date(2024, 12, 31))
FIRST = datetime.date(2024, 5, 20)
NOW = datetime.datetime(2024, 9, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
POINTS = ("erenhot", "erenhot-city")
AT, BELOW = "7600.00", "7599.99"


class Delivery(NamedTuple):
    """A transfer of every `step`-th trade of a load, from the `first` on, to an enterprise."""

    enterprise: int
    first: int = 0
    step: int = 1
    amount_fen: int = 1


HALVES = Delivery(1, step=2), Delivery(2, first=1, step=2)
ONE_ELSEWHERE = Delivery(2), Delivery(1, first=5, step=100, amount_fen=99)
SECOND_TAKES_MORE = Delivery(1), Delivery(2, amount_fen=2)
BOTH_ALIKE = Delivery(2), Delivery(1)
WITHOUT_SOME = (Delivery(1, first=3),)
days = st.integers(0, 45).map(lambda n: FIRST + datetime.timedelta(days=n))
loads = st.fixed_dictionaries(
    {
        "residents": st.integers(8, 12),
        "below": st.integers(0, 2),
        "day": days,
        "second_day": st.booleans(),
        "consignment": st.sampled_from(["C-1", "C-2", None, None]),
        "vehicle_plate": st.sampled_from(["蒙A1", "蒙A2", None]),
        "seller": st.sampled_from([None, "Sain", "Sain", "Bold"]),
        "declarants": st.sampled_from([(), (23,), (23, 24)]),
        "trade_point": st.sampled_from(POINTS),
        "gone_to": st.sampled_from(
            [(), (Delivery(1),), (Delivery(2),), HALVES, ONE_ELSEWHERE, SECOND_TAKES_MORE, BOTH_ALIKE, WITHOUT_SOME]
        ),
        "is_gone_back": st.booleans(),
    }
)
hours = st.fixed_dictionaries(
    {
        "residents": st.integers(19, 22),
        "api_key": st.sampled_from([0, 1, 2]),
        "minute": st.sampled_from([0, 55, 61, 1430]),
        "last_after_us": st.sampled_from([3_599_999_999, 3_600_000_000]),
        "trade_point": st.sampled_from(POINTS),
        "day": days,
    }
)
regulars = st.fixed_dictionaries(
    {"resident": st.integers(1, 3), "first": st.integers(0, 12), "days": st.integers(17, 24), "gap": st.integers(0, 12)}
)
priced = st.fixed_dictionaries(
    {
        "prices": st.lists(st.sampled_from([1_000, 1_001, 1_010, 1_030, 5_000, 100]), min_size=18, max_size=24),
        "day": days,
        "direction": st.sampled_from(["import", "export"]),
        "trade_point": st.sampled_from(POINTS),
    }
)
steps = st.one_of(
    st.tuples(st.just("load"), loads),
    st.tuples(st.just("load"), loads),
    st.tuples(st.just("hour"), hours),
    st.tuples(st.just("regular"), regulars),
    st.tuples(st.just("priced"), priced),
    st.tuples(st.just("reverse"), st.lists(st.integers(0, 10_000), max_size=4)),
)
ALL = Period(YEAR.start, datetime.date(2024, 8, 31))
periods = st.tuples(days, days).map(lambda pair: Period(*sorted(pair)))


@contextmanager
def opened(url: str, environment: dict[str, str]) -> Iterator[Ledger]:
    """A ledger with residents who have given mandates, two keys and two enterprises."""
    folder = pathlib.Path(environment["HUSHI_DATA_DIR"])
    ledger = open_ledger(Settings(url, folder, folder / "secrets.json", False, "ERROR"))
    set_clock(ledger, NOW)
    day = datetime.date(2020, 1, 2)
    register_all(ledger, [Registration("巴特尔", a_citizen_number(n), day, None, None, None) for n in range(RESIDENTS)])
    for representative in REPRESENTATIVES:
        others = [one for one in range(1, RESIDENTS + 1) if one != representative]
        give_mandates(ledger, MandateTerms(representative, None, others, YEAR.start, YEAR.end), 0)
    for name in "ab":
        create_key(ledger, name, ["admin"])
    with ledger.database.writing() as connection:
        for number, name in ((1, "加工厂"), (2, "二级市场")):
            row = {"id": number, "name": name, "credit_code": f"91150000000000000{number}", "processor": True}
            row |= {"trader": True, "valid_from": day, "recorded_at": NOW, "recorded_by": 0}
            connection.execute(sa.insert(enterprise), row)
    yield ledger
    ledger.database.close()


def set_clock(ledger: Ledger, now: datetime.datetime) -> None:
    """Stops the clock of a ledger at an instant."""
    object.__setattr__(ledger, "clock", lambda: now)


def _post(ledger: Ledger, bodies: Sequence[dict[str, Any]], api_key: int = 1) -> list[UUID]:
    before = len(read_journal(ledger))
    posts: list[Post] = [post_of(body)._replace(api_key=api_key) for body in bodies]
    post(ledger, posts)
    return [entry.transaction_id for entry in read_journal(ledger)[before:]]


def _body(resident: int, day: datetime.date, amount: str = AT, **more: Any) -> dict[str, Any]:
    return {
        "resident_id": f"R{resident:08d}", "amount_cny": amount, "traded_at": f"{day}T09:00:00+08:00", **more,
    }  # fmt: skip


class History:
    """Takes steps, and remembers how much of each trade has gone on to which enterprises, in fen."""

    def __init__(self, ledger: Ledger) -> None:
        """Begins without a step."""
        self.ledger = ledger
        self.gone_to: dict[UUID, Counter[int]] = defaultdict(Counter)
        self._transfers = 0

    def take(self, kind: str, what: Any) -> None:
        """Takes a step."""
        getattr(self, f"_{kind}")(what)

    def _load(self, load: dict[str, Any]) -> None:
        bodies = []
        for n in range(load["residents"]):
            day = load["day"] + datetime.timedelta(days=load["second_day"] and n % 2)
            declarant = load["declarants"][n % len(load["declarants"])] if load["declarants"] else None
            body = _body(n + 1, day, BELOW if n < load["below"] else AT)
            body |= {name: load[name] for name in ("consignment", "vehicle_plate", "seller", "trade_point")}
            body["declarant_id"] = None if declarant is None else f"R{declarant:08d}"
            bodies.append(body)
        ids = _post(self.ledger, bodies)
        if load["gone_to"] and ids:
            for number, delivery in enumerate(load["gone_to"]):
                own = ids[delivery.first :: delivery.step]
                self._transfer(own, delivery, is_gone_back=load["is_gone_back"] and number == 0)

    def _transfer(self, ids: Sequence[UUID], delivery: Delivery, *, is_gone_back: bool) -> None:
        self._transfers += 1
        recorded = {"recorded_at": NOW, "recorded_by": 0}
        with self.ledger.database.writing() as connection:
            chosen = sa.select(journal.c.seq).where(journal.c.transaction_id.in_(ids))
            places = connection.execute(chosen).scalars().all()
            if not places:
                return
            row = {"id": self._transfers, "enterprise": delivery.enterprise, "purpose": "processing", "quantity_g": 1}
            row |= {"transferred_on": YEAR.end, "lines": len(places), "residents": 1, "amount_fen": 1}
            connection.execute(sa.insert(transfer), row | {"lines_digest": b"x"} | recorded)
            each = {"transfer": self._transfers, "quantity_g": 1, "amount_fen": delivery.amount_fen, "is_whole": False}
            lines = [each | {"no": no, "place": place} for no, place in enumerate(places, 1)]
            connection.execute(sa.insert(transfer_line), lines)
            if is_gone_back:
                back = {"transfer": self._transfers, "reason": "x"} | recorded
                connection.execute(sa.insert(transfer_reversal), back)
        for one in () if is_gone_back else ids:
            self.gone_to[one][delivery.enterprise] += delivery.amount_fen

    def _hour(self, hour: dict[str, Any]) -> None:
        start = NOW - datetime.timedelta(days=2) + datetime.timedelta(minutes=hour["minute"])
        last = hour["residents"] - 1
        for n in range(hour["residents"]):
            after_us = hour["last_after_us"] if n == last else 60_000_000 * n
            set_clock(self.ledger, start + datetime.timedelta(microseconds=after_us))
            body = _body(n + 1, hour["day"], "1.00", trade_point=hour["trade_point"])
            _post(self.ledger, [body], hour["api_key"])
        set_clock(self.ledger, NOW)

    def _regular(self, regular: dict[str, Any]) -> None:
        places = [n + (regular["gap"] if n > regular["days"] // 2 else 0) for n in range(regular["days"])]
        first = FIRST + datetime.timedelta(days=regular["first"])
        bodies = [_body(regular["resident"], first + datetime.timedelta(days=n)) for n in places]
        _post(self.ledger, bodies)

    def _priced(self, goods: dict[str, Any]) -> None:
        more = {"quantity_kg": "1", "commodity": "羊绒", "trade_point": goods["trade_point"]}
        more["direction"] = goods["direction"]
        bodies = [
            _body(n % 20 + 1, goods["day"], f"{price / 100:.2f}", **more) for n, price in enumerate(goods["prices"])
        ]
        _post(self.ledger, bodies)

    def _reverse(self, chosen: Sequence[int]) -> None:
        known = [entry.transaction_id for entry in read_journal(self.ledger)]
        free = [one for one in known if one not in self.gone_to]
        for one in chosen:
            if free:
                own = free[one % len(free)]
                reversal = Reverse(key_digest(1, "r", a_key()), reversal_fingerprint(own, "x"), "t", own, "x")
                post(self.ledger, [reversal._replace(rights=OPERATOR_RIGHTS)])


def _plain(signal: Signal) -> Plain:
    compared = tuple((one.figure, one.value, one.threshold) for one in signal.compared)
    buyer, scope = None if signal.buyer is None else tuple(signal.buyer), signal.scope
    apart: Any = {
        "consignment-one-buyer": min(scope.trade_points or ["all"]),
        "key-many-residents": scope.recorded_from,
        "price-of-month": scope.direction,
    }.get(signal.rule)
    return signal.rule, signal.subject_kind, signal.subject, compared, buyer, scope.period, apart


def _sums(behind: Behind) -> EntrySums:
    residents, amount_fen = {one.resident for one in behind}, sum(one.amount_fen for one in behind)
    return EntrySums(len(behind), len(residents), amount_fen, [one.transaction_id for one in behind][:IDS_MAX])


def _listed(ledger: Ledger, signal: Signal) -> set[UUID]:
    """The trades that the list of transactions finds by the filters of a signal."""
    query = TransactionsQuerySchema().read(transaction_filters(signal))
    names = {each.name for each in dataclasses.fields(TransactionFilters)}
    wanted = TransactionFilters(**{name: value for name, value in query.items() if name in names})
    return {one.transaction.transaction_id for one in stream_transactions(ledger, wanted, "oldest")}


TRUCK = {
    "residents": 12, "below": 1, "day": FIRST, "second_day": True, "consignment": "C-1", "vehicle_plate": None,
    "seller": "Sain", "declarants": (), "trade_point": POINTS[0], "gone_to": (), "is_gone_back": False,
}  # fmt: skip
QUICKLY = (Phase.explicit, Phase.generate)
"""Each example fills a ledger, so that to look for a smaller one that fails would take minutes."""


@settings(max_examples=15, phases=QUICKLY, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@example(history=[("load", TRUCK | {"gone_to": (Delivery(1),), "is_gone_back": True})], period=ALL, points=None)
@example(history=[("load", TRUCK | {"gone_to": ONE_ELSEWHERE})], period=ALL, points=POINTS[0])
@example(history=[("load", TRUCK | {"gone_to": SECOND_TAKES_MORE})], period=ALL, points=POINTS[0])
@example(history=[("load", TRUCK | {"gone_to": BOTH_ALIKE})], period=ALL, points=POINTS[0])
@example(history=[("load", TRUCK | {"gone_to": WITHOUT_SOME})], period=ALL, points=POINTS[0])
@example(history=[("load", TRUCK), ("reverse", [4])], period=ALL, points=POINTS[0])
@given(history=st.lists(steps, min_size=3, max_size=9), period=periods, points=st.sampled_from([None, *POINTS]))
def test_signals_equal_a_plain_recount(
    new_database: Callable[[], str],
    environment: dict[str, str],
    history: list[Any],
    period: Period,
    points: str | None,
) -> None:
    with opened(new_database(), environment) as ledger:
        taken = History(ledger)
        _post(ledger, [_body(22, FIRST, "1.00", trade_point=POINTS[1])])
        for kind, what in history:
            taken.take(kind, what)
        entries = read_journal(ledger)
        filters = () if points is None else (("trade_point", frozenset({points})),)
        recount = SignalRecount(entries, taken.gone_to)
        for asked in (period, ALL):
            found = Reporter(ledger).signals(Question(asked, "none", (), filters), RULES).answer.found
            expected = recount.signals(asked, None if points is None else {points})
            reported = {_plain(signal): entries for each in found for signal, entries in each.signals}
            assert reported == {plain: _sums(behind) for plain, behind in expected.items()}
            assert [each.found for each in found] == [len(each.signals) for each in found]
            for signal in (signal for each in found for signal, _ in each.signals):
                ids = {one.transaction_id for one in expected[_plain(signal)]}
                assert ids <= _listed(ledger, signal) if lists_others(signal.scope) else ids == _listed(ledger, signal)
