"""A long batch of plain posts is judged and answered as each post would be alone, by the careful way."""

import datetime
import itertools
import time
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.commands.posting import EntryBatch, Outcome, Post
from service.domain.allowance import Use
from service.domain.idempotency import trade_fingerprint
from service.domain.macs import MacKeys
from service.domain.mandates import Mandate, pairs_of
from service.domain.plain_judging import PLAIN_FROM_ENTRIES, PlainJudge
from service.domain.residents import Eligibility, Membership, StatusChange
from service.domain.transactions import MARKET_TIME, Trade, Transaction
from service.judging import Judge, _limits
from service.rules import load_rulebook
from service.storage.observing import Observer
from service.storage.prices import PriceBook, _Commodity

RULEBOOK = load_rulebook()
NOW = datetime.datetime(2026, 7, 4, 12, tzinfo=MARKET_TIME)
DAYS = [datetime.date(2026, 7, 4), datetime.date(2026, 7, 1), datetime.date(2026, 6, 20), datetime.date(2026, 7, 5)]
NUMBER = "152501199001011238"
ELIGIBILITIES = {
    1: Eligibility(1, datetime.date(2010, 1, 1), None, "牧区"),
    2: Eligibility(2, DAYS[1], None, None, memberships=[Membership(DAYS[2], 7), Membership(DAYS[0], 8)]),
    3: Eligibility(3, datetime.date(2010, 1, 1), None, None, statuses=[StatusChange(DAYS[1], "suspended")]),
}  # fmt: skip

MANDATE = Mandate(1, 2, 1, DAYS[2], DAYS[3], None, NOW, 1)

trades = st.builds(
    Trade,
    resident=st.sampled_from([1, 1, 1, 2, 3, 4]),
    category=st.sampled_from(["meat", "meat", "grain", "nothing"]),
    commodity=st.sampled_from(["much traded", "little traded", "never traded"]),
    origin=st.sampled_from(["MN", "MN", "CN", "ZZ"]),
    quantity_g=st.sampled_from([1000, 20_000, 60_000]),
    amount_fen=st.sampled_from([1000, 300_000, 402_000, 779_000, 1_206_000]),
    traded_at=st.builds(
        lambda day, hour: datetime.datetime(day.year, day.month, day.day, hour, tzinfo=MARKET_TIME),
        st.sampled_from(DAYS), st.integers(0, 23),
    ),
    hs_code=st.sampled_from([None, "02050000", "020500", "11010000", "00990000"]),
    direction=st.sampled_from(["import", "import", "import", "export"]),
    trade_point=st.sampled_from(["erenhot", "zamynuud"]),
    seller=st.sampled_from([None, None, "x" * 30, NUMBER]),
    reference=st.sampled_from([None, None, "A", "B"]),
    refuse_over_allowance=st.sampled_from([False, False, True]),
    metadata=st.sampled_from([{}, {}, {"a": "b"}, {"a": NUMBER}]),
    declarant=st.sampled_from([None, None, None, 2]),
)  # fmt: skip
posts = st.lists(st.tuples(st.integers(0, 25), trades, st.booleans(), st.sampled_from([1, 1, 1, 2])), min_size=8)


def _batch(of: list[Trade]) -> EntryBatch:
    """A batch for these trades, with all that a ledger would know. Two calls give equal batches."""
    numbers = itertools.count(1)
    prices = PriceBook()
    for commodity, trades_a_day in (("much traded", 9), ("little traded", 1)):
        windows: Any = {
            ("import", DAYS[0] - datetime.timedelta(n)): [20 * 10**12 + n * 10**10] * trades_a_day for n in range(30)
        }
        days = DAYS[2] - datetime.timedelta(400), DAYS[3]
        prices._known[commodity] = _Commodity(time.monotonic(), days, windows)
    limits = _limits(RULEBOOK, [(trade, trade.day) for trade in of if trade.resident in ELIGIBILITIES], [])
    uses = {key: Use() for key in limits}
    known = (1, DAYS[0], "")
    if known in uses:
        uses[known] = Use(10_000, 0, True)
    judge = Judge(
        rulebook=RULEBOOK, now=NOW, new_id=lambda: uuid.UUID(int=next(numbers)), eligibilities=ELIGIBILITIES,
        uses=uses, limits=limits, trades={}, reversals={}, transfers={},
        references={("erenhot", "B"): uuid.UUID(int=0)},
        mandates={pair: [MANDATE] if pair.resident == 1 else [] for pair in pairs_of(of)},
        observer=Observer(RULEBOOK, NOW.date(), prices, {}),
    )  # fmt: skip
    return EntryBatch(judge, {}, frozenset({2}), frozenset(), MacKeys([bytes(32)]), prices)


def _told(outcomes: list[Outcome]) -> list[object]:
    return [
        (*outcome[:2], outcome.refusal and (type(outcome.refusal), vars(outcome.refusal)), outcome.replayed)
        for outcome in outcomes
    ]


def _found(batch: EntryBatch) -> tuple[object, ...]:
    judge, known = batch.judge, batch.prices._known
    prices = {name: (one.prices, one.changes, one.computed) for name, one in known.items()}
    return batch.answered, batch.known, judge.uses, judge.references, judge.observer.doubles, prices


def _entries(stated: list[tuple[int, Trade, bool, int]]) -> list[Post]:
    return [
        Post(key.to_bytes(16), trade_fingerprint(trade), f"r{place}", trade, is_final, api_key)
        for place, (key, trade, is_final, api_key) in enumerate(stated)
        if trade.declarant != trade.resident
    ]


@settings(max_examples=400, deadline=None)
@given(posts)
def test_a_long_batch_is_judged_as_its_entries_alone(stated: list[tuple[int, Trade, bool, int]]) -> None:
    _is_judged_alike(_entries(stated))


def _is_judged_alike(entries: list[Post]) -> None:
    long, alone = (_batch([entry.trade for entry in entries]) for _ in range(2))
    expected = [alone.settle(entry) for entry in entries]
    assert _told(long.settle_all(entries)) == _told(expected)
    assert _found(long) == _found(alone)


A_TRADE = Trade(
    1, "grain", "much traded", "MN", 20_000, 402_000, datetime.datetime(2026, 7, 4, 9, tzinfo=MARKET_TIME), "11010000"
)


def _much_trade() -> list[Post]:
    """Trades of one resident that use up the free weight and the value limit, with a look-alike or an odd price."""
    changes: list[dict[str, Any]] = [
        {}, {}, {"amount_fen": 779_000}, {"hs_code": None}, {"direction": "export"}, {"reference": "A"},
        {"quantity_g": 1000}, {"trade_point": "zamynuud"}, {"hs_code": "02050000", "category": "meat"},
    ]  # fmt: skip
    stated = [A_TRADE._replace(**one) for one in changes]
    return _entries([(place, trade, True, 1) for place, trade in enumerate(stated)])


def test_plain_trades_take_the_plain_way() -> None:
    """Else the property above would compare the careful way with itself."""
    entries = _much_trade()
    batch = _batch([entry.trade for entry in entries])
    settle = batch.settle
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EntryBatch, "settle", lambda *_: pytest.fail("the careful way"))
        assert len(batch.settle_all(entries)) == len(entries) >= PLAIN_FROM_ENTRIES
    assert settle(entries[0]).replayed
    _is_judged_alike(entries)


@pytest.mark.parametrize("broken", ["exempt_parts", "near_limit_from", "stored_warnings", "_holds_a_number"])
def test_the_property_sees_a_plain_way_that_judges_otherwise(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """The control: each part of the plain way is broken once."""
    instead: dict[str, Any] = {
        "exempt_parts": lambda *_: (0, 0),
        "near_limit_from": lambda _: 10**9,
        "stored_warnings": lambda *_: "back-dated=0",
        "_holds_a_number": lambda _: False,
    }
    monkeypatch.setattr(f"service.domain.plain_judging.{broken}", instead[broken])
    numbered = [(99, A_TRADE._replace(seller=NUMBER), True, 1)]
    with pytest.raises(AssertionError):
        _is_judged_alike([*_much_trade(), *_entries(numbered)])


def test_the_property_sees_a_plain_way_that_forgets_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: of two trades with one document number, the plain way would take both."""
    accept = PlainJudge.accept

    def forget_and_accept(judge: PlainJudge, trade: Trade, recorded_by: int | None) -> Transaction | None:
        judge._references = {}
        return accept(judge, trade, recorded_by)

    monkeypatch.setattr(PlainJudge, "accept", forget_and_accept)
    again = [(99, A_TRADE._replace(reference="A"), True, 1)]
    with pytest.raises(AssertionError):
        _is_judged_alike([*_much_trade(), *_entries(again)])
