"""The quick reader does the same as the schema: it accepts and refuses the same trades, in the same words."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields

from schemas.json_texts import parse_with_care, plain_object
from schemas.quick import QuickReader, QuickWriter
from schemas.strict import StrictSchema
from schemas.transactions import TradeSchema, TransactionSchema
from service.domain.errors import ValidationFailed
from service.domain.transactions import Trade, Transaction
from tests.builders import a_trade
from tests.domain.chain_vectors import KEYS, answered, transactions

SCHEMA = TradeSchema()
RIGHT: dict[str, list[Any]] = {
    "resident_id": ["R00000001", "R99999999"],
    "category": ["meat", "wool"],
    "commodity": ["冻马肉", "x" * 100],
    "origin": ["MN"],
    "quantity_kg": ["1", "0.001", "9999999999.999"],
    "amount_cny": ["1", "0.01", "9999999999.99", "7800.5"],
    "traded_at": ["2024-06-30T09:30:00+08:00", "2024-06-29T16:00:00.5Z", "2000-01-01T00:00:00+08:00"],
    "hs_code": ["020500", None, "0205000000"],
    "direction": ["import", "export"],
    "trade_point": ["erenhot", "a-1"],
    "consignment": ["P1", None],
    "vehicle_plate": ["蒙H10000"],
    "seller": ["Дорж"],
    "reference": ["EL-1", None],
    "over_allowance": ["tax", "refuse"],
    "metadata": [{}, {"a": "b"}],
}
WRONG = st.one_of(
    st.sampled_from(
        [None, "", " ", "１", "1.555", "-1", "+1", "1_000", "01", "0", "0.00", "1e3", " 5 ", "R1", "r00000001", "MEAT"]
    ),
    st.sampled_from([" DOC-9\u200b", "\ufeff", "e\u0301", "冻\u3000马肉", "\u182d\u180e\u1820", "a\tb"]),
    st.sampled_from(["\u0000", "a\u202eb", "2024-02-30T09:30:00+08:00", "2024-06-30", "1999-12-31T23:59:59+08:00"]),
    st.just("2024-06-30T00:00:00+08:60"),
    st.sampled_from([0, 1, 1.5, True, [], {}, {"a": 1}, ["x"]]),
    st.text(max_size=120),
)
documents = st.fixed_dictionaries(
    {}, optional={name: st.one_of(st.sampled_from(values), WRONG) for name, values in RIGHT.items()}
).flatmap(lambda some: st.sampled_from([some, {**a_trade(), **some}, {**a_trade(), **some, "unknown": "x"}]))


def _outcome(read: Any, document: object) -> object:
    try:
        return read(document)
    except ValidationFailed as refusal:
        return refusal.code, refusal.detail, refusal.errors


@settings(max_examples=600, deadline=None)
@given(documents)
def test_a_trade_is_read_alike_quickly_and_by_the_schema(document: dict[str, Any]) -> None:
    by_the_schema = _outcome(lambda one: StrictSchema.read(SCHEMA, one), document)
    assert _outcome(SCHEMA.read, document) == by_the_schema
    # A second time, when repeated values are known.
    assert _outcome(SCHEMA.read, document) == by_the_schema


def test_a_value_of_another_kind_is_refused_in_each_field() -> None:
    values: tuple[Any, ...] = (0, 1, 1.5, True, None, [], {}, {"a": 1}, ["x"])
    for document in ({**a_trade(), name: value} for name in RIGHT for value in values):
        assert _outcome(SCHEMA.read, document) == _outcome(lambda one: StrictSchema.read(SCHEMA, one), document)


def test_plain_trades_are_read_quickly() -> None:
    """Else the property above would compare the schema with itself."""
    quick = QuickReader(SCHEMA, Trade)
    assert quick.read(a_trade()) is not None
    assert quick.read(a_trade(seller="Дорж")) is not None
    assert quick.read(a_trade(metadata={"a": "b"})) is None
    documents_of_other_kinds: tuple[Any, ...] = (None, [], "x", {})
    for document in documents_of_other_kinds:
        assert quick.read(document) is None


def test_only_so_many_shapes_of_documents_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.quick.SHAPES_KNOWN_MAX", 3)
    quick = QuickReader(SCHEMA, Trade)
    for number in range(10):
        assert quick.read({**a_trade(), f"unknown{number}": "x"}) is None
        assert len(quick._readers) <= 3
    assert quick.read(a_trade()) is not None


texts = st.text(max_size=8)


@given(
    st.lists(st.tuples(texts, st.one_of(texts, st.integers(-9, 9), st.none())), max_size=5),
    st.sampled_from([":", " : "]),
)
def test_a_plain_object_is_what_the_careful_reading_makes_of_it(members: list[tuple[str, Any]], colon: str) -> None:
    import orjson

    text = b"{" + b",".join(orjson.dumps(k) + colon.encode() + orjson.dumps(v) for k, v in members) + b"}"
    found = plain_object(text)
    if found is not None:
        assert found == parse_with_care(text)


def test_a_repeated_name_is_never_read_quickly() -> None:
    assert plain_object(b'{"a":"1","b":"2"}') == {"a": "1", "b": "2"}
    assert plain_object(b'{"a":"1","a":"1"}') is None
    assert plain_object(b'{"a" :"1","a":"1"}') is None
    assert plain_object(b'{"a":"1","a":2}') is None
    assert plain_object(b'{"a":"\xff"}') is None
    assert plain_object(b"[]") is None


@given(transactions)
def test_an_entry_is_written_alike_quickly_and_by_the_schema(entry: Transaction) -> None:
    quickly = answered(entry)
    key: Any = None if entry.recorded_by is None else {"id": entry.recorded_by, "name": KEYS.get(entry.recorded_by)}
    by_the_schema = TransactionSchema().dump(entry._replace(recorded_by=key))
    assert list(quickly.items()) == list(by_the_schema.items())


def test_a_field_that_is_not_understood_is_refused() -> None:
    class Nested(StrictSchema):
        """A schema inside of a schema."""

        inside = fields.Nested(TradeSchema)

    with pytest.raises(TypeError, match="Nested"):
        QuickWriter(Nested())
