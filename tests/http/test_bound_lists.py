"""A key of one trade point: its totals and files, and what it reverses together."""

from collections.abc import Callable
from typing import Any

import pytest

from service.commands.keys import create_key
from service.ledger import Ledger
from tests.builders import a_key, a_trade
from tests.conftest import Caller

HERE, THERE = "erenhot", "zhuengadabuqi"
UNKNOWN = "01a20a10-feae-77e7-9b8f-f3bdba051bec"
WRITES = ("transactions:write", "transactions:read")
ID = "transaction_id"
REVERSALS = "/v1/transactions/reversals"


@pytest.fixture
def posted(admin: Caller) -> dict[str, list[str]]:
    """The ids of the trades of one truck number at two points, which a key of all points has posted."""
    admin.register(2)
    return {
        point: [
            str(admin.trade(a_trade(trade_point=point, amount_cny=amount, consignment="T-1")).get_json()[ID])
            for amount in amounts
        ]
        for point, amounts in ((HERE, ("500.00",)), (THERE, ("10.00", "20.00")))
    }


@pytest.fixture
def desk(ledger: Ledger, admin: Caller, posted: dict[str, list[str]]) -> Callable[..., Caller]:
    """Makes callers of the trade point THERE, who may write and have more scopes."""
    return lambda *scopes: Caller(admin.client, create_key(ledger, "desk", [*WRITES, *scopes], trade_point=THERE)[1])


def _reverse(caller: Caller, key: str | None = None, **body: Any) -> Any:
    return caller.post(REVERSALS, {"reason": "wrong truck", **body}, key=key or a_key())


def test_totals_are_of_the_keys_own_point(admin: Caller, desk: Callable[..., Caller]) -> None:
    own = desk().get("/v1/transactions/totals").get_json()
    assert own == admin.get(f"/v1/transactions/totals?trade_point={THERE}").get_json()
    assert (own["total"]["transactions"], own["total"]["amount_cny"]) == (2, "30.00")
    assert desk().get(f"/v1/transactions/totals?trade_point={HERE}").status_code == 404


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_file_is_of_the_keys_own_point(desk: Callable[..., Caller], posted: dict[str, list[str]], form: str) -> None:
    told = desk().get(f"/v1/transactions?format={form}").text
    assert all(each in told for each in posted[THERE])
    assert not [each for each in posted[HERE] if each in told]
    assert desk().get(f"/v1/transactions?format={form}&trade_point={HERE}").status_code == 404
    assert desk().get(f"/v1/transactions?format={form}&trade_point={HERE},{THERE}").status_code == 404


def test_trades_of_another_key_are_reversed_together_with_the_scope_only(
    desk: Callable[..., Caller], posted: dict[str, list[str]]
) -> None:
    refused = _reverse(desk(), transaction_ids=posted[THERE])
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert _reverse(desk("transactions:reverse_any"), transaction_ids=posted[THERE]).status_code == 201


def test_the_refusal_is_not_remembered(desk: Callable[..., Caller], posted: dict[str, list[str]]) -> None:
    one = desk()
    own = [str(one.trade(a_trade(amount_cny=amount)).get_json()[ID]) for amount in ("1.00", "2.00")]
    assert _reverse(one, "k", transaction_ids=[*own, posted[THERE][0]]).status_code == 403
    assert _reverse(one, "k", transaction_ids=own).status_code == 201


def test_none_is_reversed_when_one_is_of_another_point(
    admin: Caller, desk: Callable[..., Caller], posted: dict[str, list[str]]
) -> None:
    chief = desk("transactions:reverse_any")
    refused = _reverse(chief, transaction_ids=[*posted[THERE], posted[HERE][0]])
    unknown = _reverse(chief, transaction_ids=[*posted[THERE], UNKNOWN])
    assert refused.status_code == unknown.status_code == 404
    said = unknown.get_json()["detail"].replace(UNKNOWN, posted[HERE][0])
    assert refused.get_json()["detail"] == said
    assert {item["kind"] for item in admin.get("/v1/transactions").get_json()["items"]} == {"trade"}


def test_a_consignment_is_that_of_the_keys_own_point(
    admin: Caller, desk: Callable[..., Caller], posted: dict[str, list[str]]
) -> None:
    chief = desk("transactions:reverse_any")
    assert _reverse(chief, consignment="T-1", trade_point=HERE).status_code == 404
    items = _reverse(chief, consignment="T-1").get_json()["items"]
    assert [item["reverses"] for item in items] == posted[THERE]
    assert admin.get(f"/v1/transactions/{posted[HERE][0]}").get_json()["reversed_by"] is None
