"""The warnings of an entry are remembered by what their sentences say, and are those that are composed anew."""

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import warnings
from schemas.warnings import warnings_document
from service.domain.transactions import Transaction
from service.domain.warnings import warnings_of
from tests.domain.chain_vectors import the_entries

ONE = "01a20a10-feae-77e7-9b8f-f3bdba051bec"
STORED = [
    None, "weight-not-checked", "back-dated=9", "back-dated=10", "hs-code-unknown", "near-limit=7880.00/8000.00",
    f"looks-doubled={ONE}", "looks-doubled=elsewhere", "price-unusual=15.8/17.6/124",
    "weight-not-checked price-unusual=15.8/17.6/124 back-dated=8",
]  # fmt: skip
TRADE = next(entry for entry in the_entries() if entry.reverses is None)
entries = st.builds(
    TRADE._replace,
    warnings=st.sampled_from(STORED),
    rule_verified=st.sampled_from([None, True, False]),
    day=st.sampled_from([datetime.date(2024, 6, 30), datetime.date(2024, 7, 1)]),
    category=st.sampled_from(["meat", "grain"]),
    hs_code=st.sampled_from([None, "0205", "99990000"]),
    commodity=st.sampled_from(["冻马肉", "小麦"]),
    amount_fen=st.sampled_from([100, 200]),
    quantity_g=st.sampled_from([1000, 2000]),
    reverses=st.sampled_from([None, None, TRADE.transaction_id]),
)


def _anew(entry: Transaction) -> list[dict[str, str]]:
    return [warning._asdict() for warning in warnings_of(entry)]


@settings(max_examples=500)
@given(entries)
def test_what_is_remembered_is_what_is_composed_anew(entry: Transaction) -> None:
    assert warnings_document(entry) == _anew(entry)


@pytest.mark.parametrize("field", ["day", "category", "hs_code"])
def test_the_control_a_memory_that_leaves_a_value_out_is_found(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first entry teaches the memory; the second differs in this value alone."""
    values: dict[str, Any] = {
        "day": datetime.date(2024, 7, 2), "category": "wool", "hs_code": "88880000", "rule_verified": False,
    }  # fmt: skip
    first = TRADE._replace(warnings="weight-not-checked hs-code-unknown", rule_verified=False, hs_code="99990000")
    second = first._replace(**{field: values[field]})

    class Blind(dict[tuple[Any, ...], Any]):
        """Forgets one of the values of its keys."""

        def get(self, key: tuple[Any, ...], _default: Any = None) -> Any:
            """What is known of the other values."""
            return next(iter(self.values()), None)

    monkeypatch.setattr(warnings, "_known", Blind())
    assert warnings_document(first) == _anew(first)
    assert warnings_document(second) != _anew(second)
