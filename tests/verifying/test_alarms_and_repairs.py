"""The self-check, a repair and a verification at the same time: no alarm is lost, and none is raised for nothing."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from service.cli import verifying
from service.commands.repairing import repair_cells
from service.commands.verification import record_self_check
from service.ledger import Ledger
from service.queries.health import count_mismatches
from service.queries.verifying import tell_nobody, verify
from service.queries.verifying.one_day import CheckedDay, check_random_day
from service.queries.verifying.repairs import find_wrong_cells
from service.server import self_checking
from service.server.self_checking import SelfChecker
from service.storage import self_checks
from tests.conftest import Caller
from tests.servers import call_hushi
from tests.verifying.checked_market import CHANGES, REPORT, fill

WAITS_S = 1.0
"""How long a check is seen to wait: without the lock it ends sooner, and records its alarm."""


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Caller:
    """The market, and a caller with the scope admin."""
    fill(ledger, admin)
    return admin


def _change(ledger: Ledger, kind: str = "an amount") -> None:
    with ledger.database.writing() as connection:
        connection.exec_driver_sql(CHANGES[kind][0])


def _check_until_found(ledger: Ledger) -> None:
    checker = SelfChecker(ledger, random.Random(7))
    while (checked := checker.check()) is None or not checked.wrong:
        pass


def _first_then(found: Callable[..., Any], then: Callable[[], None]) -> Callable[..., Any]:
    """A function that does what `found` does; after its first call, something else happens before it returns."""
    called: list[None] = []

    def do(*arguments: Any, **named: Any) -> Any:
        value = found(*arguments, **named)
        if not called:
            called.append(None)
            then()
        return value

    return do


def _repair(ledger: Ledger) -> None:
    _, wrong = find_wrong_cells(ledger, None, tell_nobody)
    assert repair_cells(ledger, wrong, count_mismatches(ledger))


def test_a_check_that_began_before_a_repair_raises_no_alarm_after_it(
    ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    _change(ledger)
    repaired: list[None] = []

    def check(*arguments: Any) -> CheckedDay:
        checked = check_random_day(*arguments)
        assert checked is not None
        if checked.wrong:
            _repair(ledger)
            repaired.append(None)
        return checked

    monkeypatch.setattr(self_checking, "check_random_day", check)
    checker = SelfChecker(ledger, random.Random(7))
    while not repaired:
        checker.check()
    ready = market.get("/health/ready")
    assert (ready.status_code, ready.get_json()["integrity"]) == (200, "ok")
    assert market.get(REPORT).status_code == 200


def test_the_first_check_of_a_ledger_waits_for_a_repair_as_well(ledger: Ledger, market: Caller) -> None:
    """No check was recorded before, so there is no row of one that the repair could lock."""
    _change(ledger)
    checked = check_random_day(ledger, random.Random(7), 60.0, lambda: False)
    while checked is None or not checked.wrong:
        checked = check_random_day(ledger, random.Random(), 60.0, lambda: False)
    day, fault, told = checked.day, checked.wrong[0], list[bool]()
    checking = threading.Thread(target=lambda: told.append(record_self_check(ledger, day, fault, checked.repairs)))
    with ledger.database.writing() as connection:
        self_checks.lock(connection)
        self_checks.record_repair(connection, ledger.now(), (0, 0), (1, 0), [])
        self_checks.clear(connection)
        checking.start()
        checking.join(WAITS_S)
    checking.join()
    assert told == [False]


def test_a_cell_that_is_found_wrong_during_a_repair_is_repaired_as_well(
    ledger: Ledger, market: Caller, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _change(ledger)
    _check_until_found(ledger)

    def change_another() -> None:
        _change(ledger, "a weight")
        _check_until_found(ledger)

    monkeypatch.setattr(verifying, "find_wrong_cells", _first_then(find_wrong_cells, change_another))
    done = call_hushi(environment, "verify", "--repair-cells")
    assert done.exit_code == 0, done.output
    assert "all cells are counted once more" in done.output
    assert done.output.count("1 cells and 0 processing cells were built again.") == 2
    assert market.get("/health/ready").status_code == 200
    assert call_hushi(environment, "verify").exit_code == 0


def test_a_verification_does_not_end_an_alarm_that_was_raised_while_it_ran(
    ledger: Ledger, market: Caller, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change() -> None:
        _change(ledger)
        _check_until_found(ledger)

    with monkeypatch.context() as patched:
        patched.setattr(verifying, "verify", _first_then(verify, change))
        done = call_hushi(environment, "verify")
    assert (done.exit_code, "every figure" in done.output) == (1, False), done.output
    assert "WRONG: The cell of 2024-06-29, grain 1" in done.output
    assert market.get("/health/ready").status_code == 503
    assert market.get("/v1/ledger").get_json()["verified_at"] is None
    assert call_hushi(environment, "verify", "--repair-cells").exit_code == 0
    assert market.get("/health/ready").status_code == 200
