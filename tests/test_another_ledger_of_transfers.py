"""Another ledger answers under the same address: what a process has in memory of transfers is dropped."""

import datetime
import pathlib
from collections.abc import Iterator

import pytest

from service.app import create_app
from service.commands.keys import create_key
from service.commands.processing_folding import fold_all_transfers
from service.queries.verifying import verify
from tests.builders import a_trade
from tests.conftest import Caller
from tests.failing_over import Market, serving_market
from tests.postgresql import PostgreSQL
from tests.small_transfers import register_enterprises, send_on


@pytest.fixture
def market(postgresql: PostgreSQL, tmp_path: pathlib.Path) -> Iterator[Market]:
    """A market whose process serves."""
    with serving_market(postgresql, tmp_path) as served:
        yield served


@pytest.mark.parametrize("transfers_after", [0, 1, 2])
def test_what_went_on_is_that_of_the_ledger_that_answers(market: Market, transfers_after: int) -> None:
    """With as many transfers as before, fewer and more; the folds of the lost ones are lost as well."""
    caller = market.caller()
    caller.register(2)
    register_enterprises(market.ledger, 1)
    for _ in range(6):
        assert caller.trade(a_trade(amount_cny="10.00")).status_code == 201
    _send_on(market, 1)
    market.copy()
    _send_on(market, 2)
    fold_all_transfers(market.ledger)
    assert _went_on(caller) == "20.00"
    market.fail_over()
    assert _went_on(caller) == "10.00"
    for place in range(3, 3 + transfers_after):
        _send_on(market, place, grams=1)
    fold_all_transfers(market.ledger)
    new = Caller(create_app(market.ledger).test_client(), create_key(market.ledger, "recount", ["admin"])[1])
    assert _went_on(caller) == _went_on(new) != "20.00"
    verify(market.ledger)


def _send_on(market: Market, place: int, grams: int = 10**9) -> None:
    assert send_on(market.ledger, 1, "processing", datetime.date(2024, 7, 1), {place: grams}) > 0


def _went_on(caller: Caller) -> str:
    """The value that the serving process reports, after 503s while its connections are replaced."""
    answer = caller.get("/v1/reports/processing?period=2024")
    answer = caller.get("/v1/reports/processing?period=2024") if answer.status_code == 503 else answer
    value: str = answer.get_json()["total"]["amount_cny"]["current"]
    return value
