"""Fingerprints of a posting's meaning. They must stay the same for ever, because ledgers remember them."""

import collections
import datetime
import hashlib
import json
from typing import Annotated, Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.fields import Mark
from service.domain.idempotency import json_writer, trade_fingerprint
from service.domain.transactions import MARKET_TIME, Trade

texts = st.text(max_size=20)
perhaps = st.none() | texts
trades = st.builds(
    Trade,
    resident=st.integers(1, 99_999_999),
    category=texts,
    commodity=texts,
    origin=texts,
    quantity_g=st.integers(1, 10**13),
    amount_fen=st.integers(1, 10**12),
    traded_at=st.datetimes(timezones=st.just(MARKET_TIME)),
    hs_code=perhaps,
    direction=st.sampled_from(["import", "export"]),
    trade_point=texts,
    consignment=perhaps,
    vehicle_plate=perhaps,
    seller=perhaps,
    reference=perhaps,
    refuse_over_allowance=st.booleans(),
    metadata=st.dictionaries(texts, texts, max_size=3),
    declarant=st.none(),
    consignment_line=st.none(),
)


@given(trades)
def test_a_fingerprint_is_of_the_compact_json_of_the_values(trade: Trade) -> None:
    values = [
        trade.resident, trade.category, trade.commodity, trade.origin, trade.quantity_g, trade.amount_fen,
        trade.traded_at.timestamp(), trade.traded_at.microsecond, trade.hs_code, trade.direction, trade.trade_point,
        trade.consignment, trade.vehicle_plate, trade.seller, trade.reference, trade.refuse_over_allowance,
        sorted(trade.metadata.items()),
    ]  # fmt: skip
    text = json.dumps(values, separators=(",", ":"))
    assert trade_fingerprint(trade) == hashlib.blake2b(text.encode(), digest_size=16).digest()


@pytest.mark.parametrize("place", range(len(Trade._fields) - len(Trade._field_defaults), len(Trade._fields) + 1))
def test_a_stated_field_that_is_added_later_changes_nothing_of_what_was_stated_before(place: int) -> None:
    """Else a retry would be another request, and the MACs of older answers would not fit. The place does not matter."""
    named = list(get_type_hints(Trade, include_extras=True).items())
    named.insert(place, ("witness", Annotated[int | None, Mark(since=3)]))
    defaults = Trade._field_defaults | {"witness": None}
    make: Any = collections.namedtuple  # noqa: PYI024 (made of the names of another)
    grown = make("Grown", [name for name, _ in named], defaults=[defaults[n] for n, _ in named if n in defaults])
    grown.__annotations__ = dict(named)
    trade = Trade(1, "meat", "x", "MN", 1, 1, datetime.datetime(2024, 6, 30, tzinfo=MARKET_TIME), metadata={"a": "b"})
    write = json_writer(grown)
    assert write(grown(**trade._asdict())) == json_writer(Trade)(trade)
    assert write(grown(**trade._asdict(), witness=7)) == json_writer(Trade)(trade)[:-1] + ',"witness",7]'
