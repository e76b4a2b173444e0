"""Another ledger answers under the same address, after a fail-over to a standby that was behind, or after a restore.

A serving process goes on. It must give no caller anything that it has in memory of the ledger before.
"""

import datetime
import itertools
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from service.app import create_app
from service.commands.folding import fold
from service.commands.keys import create_key
from service.commands.rules import add_rule_file
from service.commands.sessions import end_session
from service.domain.cells import CountedEntry
from service.queries.cube import CubeKeeper
from service.queries.sessions import EndedSessions
from service.queries.verifying import verify
from service.storage import tail
from service.storage.engine import Connection
from service.storage.lineage import Lineage
from tests.builders import a_registration, a_trade
from tests.conftest import Caller
from tests.failing_over import Market, serving_market
from tests.postgresql import PostgreSQL
from tests.rules.rule_documents import a_limit, a_text

REPORT = "/v1/reports/trade?period=2024&by=category"
PEOPLE = "/v1/reports/residents?period=2024"
_numbers = itertools.count(1)


@pytest.fixture
def market(postgresql: PostgreSQL, tmp_path: pathlib.Path) -> Iterator[Market]:
    """A market whose process serves."""
    with serving_market(postgresql, tmp_path) as served:
        yield served


def _trades(caller: Caller, count: int, **changes: Any) -> None:
    for _ in range(count):
        assert _asked_again(caller, a_trade(amount_cny="10.00", **changes)) == 201


def _asked_again(caller: Caller, body: dict[str, Any]) -> int:
    """The status of a post; as its callers do, it is asked again once after a 503."""
    key = f"trade-{next(_numbers)}"
    answer = caller.trade(body, key)
    return caller.trade(body, key).status_code if answer.status_code == 503 else answer.status_code


def _counted(caller: Caller) -> tuple[int, str]:
    """The trades that the serving process reports, after 503s while its connections are replaced."""
    total = caller.get(REPORT).get_json()["total"]
    return total["transactions"]["current"], total["amount_cny"]["current"]


def _recounted(market: Market) -> tuple[int, str]:
    """The same by a process that has just begun."""
    app = create_app(market.ledger)
    caller = Caller(app.test_client(), create_key(market.ledger, "recount", ["admin"])[1])
    return _counted(caller)


@pytest.mark.parametrize("folds_after", [0, 1, 2])
@pytest.mark.parametrize("trades_after", [0, 4, 6])
def test_reports_are_those_of_the_ledger_that_answers(market: Market, folds_after: int, trades_after: int) -> None:
    """With a chain that is shorter, as long, and longer than before; with as many entries behind it, and others."""
    caller = market.caller()
    caller.register(2)
    _trades(caller, 3)
    fold(market.ledger)
    _trades(caller, 2)
    market.copy()
    _trades(caller, 3)
    fold(market.ledger)
    _trades(caller, 1)
    assert _counted(caller)[0] == 9
    market.fail_over()
    assert _counted(caller)[0] == 5
    for number in range(trades_after):
        assert _asked_again(caller, a_trade(amount_cny="70.00")) == 201
        if number < folds_after:
            fold(market.ledger)
    assert _counted(caller) == _recounted(market)
    assert _counted(caller)[0] == 5 + trades_after
    verify(market.ledger)


def test_a_tail_of_the_same_length_and_place_is_another_one(market: Market) -> None:
    caller = market.caller()
    caller.register(2)
    _trades(caller, 2)
    fold(market.ledger)
    market.copy()
    _trades(caller, 3)
    before = caller.get(REPORT)
    assert before.get_json()["position"] == "1.3"
    market.fail_over()
    # Posted by another process: this one hears of nothing in between.
    other = Caller(create_app(market.ledger).test_client(), None)
    other.headers = caller.headers
    for _ in range(3):
        assert _asked_again(other, a_trade(amount_cny="70.00")) == 201
    after = caller.get(REPORT, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.get_json()["position"] == "1.3"
    assert after.get_json()["total"]["amount_cny"]["current"] == "230.00"


def _found(caller: Caller, name: str) -> list[str]:
    found = caller.post("/v1/residents/search", {"name": name}).get_json()["items"]
    return [item["resident_id"] for item in found]


def test_names_of_the_ledger_before_find_nobody(market: Market) -> None:
    caller = market.caller()
    caller.post("/v1/residents", a_registration(0, name="王明"))
    market.copy()
    caller.post("/v1/residents", a_registration(1, name="李雷"))
    assert _found(caller, "李雷") == ["R00000002"]
    market.fail_over()
    caller.get(PEOPLE)  # The connections are replaced.
    assert caller.post("/v1/residents", a_registration(2, name="白音")).status_code == 201
    assert _found(caller, "李雷") == []
    assert (_found(caller, "白音"), _found(caller, "王明")) == (["R00000002"], ["R00000001"])


def test_residents_of_the_ledger_before_are_unknown(market: Market) -> None:
    caller = market.caller()
    caller.register(1)
    market.copy()
    caller.post("/v1/residents", a_registration(1, settlement="社区1"))
    assert caller.get(PEOPLE).get_json()["total"]["registered_at_end"]["current"] == 2
    _trades(caller, 1, resident_id="R00000002")
    market.fail_over()
    assert caller.get(PEOPLE).get_json()["total"]["registered_at_end"]["current"] == 1
    assert _asked_again(caller, a_trade(resident_id="R00000002")) == 422
    # Another person gets the number that is free again: registered later, so not yet active on the trade's day.
    caller.post("/v1/residents", a_registration(2, registered_on="2024-12-01"))
    assert _asked_again(caller, a_trade(resident_id="R00000002")) == 422
    assert _asked_again(caller, a_trade(resident_id="R00000002", traded_at="2024-12-02T10:00:00+08:00")) == 201
    verify(market.ledger)


def test_a_key_of_the_ledger_before_lets_nobody_in(market: Market) -> None:
    """Such a key can neither read nor post, also when another key has its number by now."""
    keeper = market.caller()
    keeper.register(1)
    market.copy()
    lost = market.caller("lost")
    _trades(lost, 2)
    assert lost.get(REPORT).status_code == 200
    market.fail_over()
    found = market.caller("found")
    assert lost.get(REPORT).status_code == 401
    assert _asked_again(lost, a_trade()) == 401
    assert _asked_again(found, a_trade()) == 201


def test_without_the_chain_in_the_state_reports_stay_wrong(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control: the process does not learn that its cube belongs to another ledger."""
    monkeypatch.setattr(CubeKeeper, "_forget_another_ledger", lambda _self, _now: None)
    caller = market.caller()
    caller.register(2)
    _trades(caller, 2)
    market.copy()
    _trades(caller, 3)
    fold(market.ledger)
    assert _counted(caller)[0] == 5
    market.fail_over()
    assert _counted(caller)[0] != 2


def test_without_the_register_in_a_batch_a_lost_key_could_post(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control."""
    monkeypatch.setattr(Lineage, "confirm", lambda *_arguments: None)
    keeper = market.caller()
    keeper.register(1)
    market.copy()
    lost = market.caller("lost")
    _trades(lost, 1)
    market.fail_over()
    assert _asked_again(lost, a_trade()) == 201


def _caller_with_trades_in_block_and_tail(market: Market) -> Caller:
    """A caller who has seen five trades: three in a block, two in the tail."""
    caller = market.caller()
    caller.register(2)
    _trades(caller, 3)
    fold(market.ledger)
    _trades(caller, 2)
    assert _counted(caller)[0] == 5
    return caller


def _end_this_backend_once(monkeypatch: pytest.MonkeyPatch, market: Market) -> None:
    """The next time that the tail is read, the server ends the process that reads it: as its machine dies."""
    find_entries = tail.find_entries

    def dying(connection: Connection, after: int = 0) -> dict[int, CountedEntry]:
        monkeypatch.setattr(tail, "find_entries", find_entries)
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        market.server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        return find_entries(connection, after)

    monkeypatch.setattr(tail, "find_entries", dying)


def test_a_refresh_that_ends_half_way_leaves_nothing_of_the_ledger_that_is_lost(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cells of the newest block were loaded when the primary died, and the state of before is that of the copy."""
    caller = _caller_with_trades_in_block_and_tail(market)
    market.copy()
    _trades(caller, 3)
    fold(market.ledger)
    _end_this_backend_once(monkeypatch, market)
    assert caller.get(REPORT).status_code == 503
    market.fail_over()
    assert _counted(caller) == _recounted(market) == (5, "50.00")


def test_a_further_grain_that_can_not_be_loaded_takes_no_tail_away(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = _caller_with_trades_in_block_and_tail(market)
    _end_this_backend_once(monkeypatch, market)
    assert caller.get("/v1/reports/trade?period=2024&by=group_id,settlement").status_code == 503
    assert caller.get("/v1/reports/trade?period=2024").get_json()["total"]["transactions"]["current"] == 5


def test_sessions_that_ended_on_the_ledger_before_are_not_those_that_end_on_this_one(market: Market) -> None:
    """As many have ended, and no block was sealed in between."""
    market.caller()
    market.copy()
    app, ended = market.app.extensions["hushi"], EndedSessions(market.ledger)
    expires_at = market.ledger.now() + datetime.timedelta(hours=1)
    lost, kept = b"a" * 16, b"b" * 16
    end_session(market.ledger, lost, expires_at)
    before = app.state_reader.now()
    assert (ended.is_ended(lost, before), ended.is_ended(kept, before)) == (True, False)
    market.fail_over()
    end_session(market.ledger, kept, expires_at)
    after = app.state_reader.now()
    assert after != before
    assert (ended.is_ended(lost, after), ended.is_ended(kept, after)) == (False, True)


def test_rules_of_the_ledger_before_judge_nobody(market: Market) -> None:
    caller = market.caller()
    caller.register(1)
    market.copy()
    for limit_cny in ("5000.00", "3000.00"):  # The two ledgers have different files with the same number.
        add_rule_file(market.ledger, a_text(value_limits=[a_limit(limit_cny=limit_cny)]), "a-request")
        asked = [caller.post("/v1/transactions/quote", a_trade(amount_cny="9000.00")) for _ in range(2)][1]
        assert asked.get_json()["exempt_cny"] == limit_cny
        if limit_cny == "5000.00":
            market.fail_over()
            market.ledger.database.close()
