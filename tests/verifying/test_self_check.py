"""The service recounts random days: a cell that was changed by hand is an alarm, and no report is made from it."""

import datetime
import random
import threading
from collections.abc import Callable

import pytest
from pyroaring import BitMap
from structlog.testing import capture_logs

import service.server.self_checking
from service.commands.verification import record_verification
from service.ledger import Ledger
from service.queries.verifying.one_day import Patience, TookTooLong, check_day
from service.server.self_checking import SelfChecker
from tests.builders import a_trade
from tests.conftest import Caller
from tests.tampering import blob
from tests.verifying.checked_market import CHANGES, DAYS, PROCESSING, REPORT, fill
from tests.waiting import wait_until

TURNS_MAX = 30
"""So many random days of a small market have each of its days among them, by this seed."""


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Caller:
    """The market, and a caller with the scope admin."""
    fill(ledger, admin)
    return admin


def _change(ledger: Ledger, statement: str) -> None:
    with ledger.database.writing() as connection:
        connection.exec_driver_sql(statement.replace("{others}", blob(ledger, BitMap([1]).serialize())))


def _checks_until_found(ledger: Ledger) -> int | None:
    """How many turns it takes to find a wrong figure; None when none is found in TURNS_MAX turns."""
    checker = SelfChecker(ledger, random.Random(7))
    for turn in range(TURNS_MAX):
        checked = checker.check()
        assert checked is not None
        if checked.wrong:
            return turn + 1
    return None


def test_nothing_is_found_where_nothing_is_wrong(ledger: Ledger, market: Caller) -> None:
    assert _checks_until_found(ledger) is None
    assert market.get("/health/ready").get_json()["integrity"] == "ok"
    metrics = market.get("/metrics").text
    assert "hushi_integrity_ok 1.0" in metrics
    assert f"hushi_integrity_checks_total {TURNS_MAX}.0" in metrics
    assert "hushi_integrity_mismatches_total 0.0" in metrics


@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_cell_is_found_named_and_told_everywhere(ledger: Ledger, market: Caller, kind: str) -> None:
    statement, measure = CHANGES[kind]
    _change(ledger, statement)
    before = market.get("/health/ready")
    assert (before.status_code, before.get_json()["integrity"]) == (200, "ok"), "without a check nothing is said"
    with capture_logs() as lines:
        assert _checks_until_found(ledger) is not None
    (line,) = [line for line in lines if line["event"] == "wrong-figure"]
    assert (line["log_level"], line["measure"]) == ("error", measure)
    ready = market.get("/health/ready")
    assert ready.status_code == 503
    for named in (line["day"], f"grain {line['grain']}", line["dimensions"], measure):
        assert named in ready.get_json()["integrity"]
    assert "hushi_integrity_ok 0.0" in market.get("/metrics").text


def test_while_a_figure_is_wrong_posts_are_written_and_no_report_is_made(ledger: Ledger, market: Caller) -> None:
    tag = market.get(REPORT).headers["ETag"]
    _change(ledger, CHANGES["an amount"][0])
    assert market.get(REPORT).status_code == 200, "the control: before a check nobody knows"
    assert _checks_until_found(ledger) is not None
    for path in (REPORT, PROCESSING):
        refused = market.get(path, headers={"If-None-Match": tag})
        assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
        assert "--repair-cells" in refused.get_json()["detail"]
    assert market.trade(a_trade()).status_code == 201


def test_a_verification_that_finds_all_cells_right_ends_the_alarm(ledger: Ledger, market: Caller) -> None:
    _change(ledger, CHANGES["an amount"][0])
    assert _checks_until_found(ledger) is not None
    _change(ledger, CHANGES["an amount"][0].replace("+", "-"))
    assert market.get(REPORT).status_code == 503
    assert record_verification(ledger, 1, 1) is None
    assert market.get("/health/ready").status_code == 200
    assert market.get(REPORT).get_json()["total"]["amount_cny"]["current"] == "6000.00"


def test_all_cells_of_a_day_are_recounted_in_bounded_time(ledger: Ledger, market: Caller) -> None:
    with ledger.database.reading() as connection:
        cells = [check_day(connection, datetime.date.fromisoformat(day), Patience(10.0)).cells for day in DAYS]
        with pytest.raises(TookTooLong):
            check_day(connection, datetime.date.fromisoformat(DAYS[0]), Patience(-1.0))
    # Three grains of trade a day, in two settlements or one; the middle day went on, and the last one took it.
    assert all(number >= 3 for number in cells)
    assert cells[1] > cells[0]
    assert cells[2] > cells[0]


def test_the_thread_checks_by_itself(ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.server.self_checking, "SELF_CHECK_INTERVAL_S", 0.01)
    _change(ledger, CHANGES["what was paid"][0])
    checker = SelfChecker(ledger, random.Random(7))
    checker.start()
    wait_until(lambda: market.get("/health/ready").status_code == 503)
    checker.stop()
    assert "self-check" not in {thread.name for thread in threading.enumerate() if thread.is_alive()}


def test_a_ledger_without_any_day_is_not_checked(ledger: Ledger, call: Callable[..., Caller]) -> None:
    assert SelfChecker(ledger, random.Random(1)).check() is None
    assert call().get("/health/ready").get_json()["integrity"] == "ok"
