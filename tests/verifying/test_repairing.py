"""`hushi verify --repair-cells` builds wrong cells again while the service goes on, whole or not at all."""

import pathlib
import random
import signal
import threading
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from pyroaring import BitMap

from service.commands import repairing
from service.commands.folding import fold, fold_all
from service.commands.processing_folding import fold_all_transfers
from service.commands.repairing import TooFarBehind, repair_cells
from service.ledger import Ledger
from service.queries.verifying import Wrong, tell_nobody, verify
from service.queries.verifying import cells as verifying_cells
from service.queries.verifying.counting import CountedRow
from service.queries.verifying.repairs import find_wrong_cells
from service.server.self_checking import SelfChecker
from service.storage.tables import cell_repair
from tests.builders import a_trade
from tests.conftest import Caller
from tests.forked import run_together
from tests.servers import call_hushi
from tests.tampering import UNPROTECTED, blob, engine_of
from tests.verifying import repair_worker
from tests.verifying.checked_market import CHANGES, PROCESSING, REPORT, fill
from tests.verifying.repair_worker import POINTS

MORE = {
    **{kind: statement for kind, (statement, _) in CHANGES.items()},
    "all cells deleted": "DELETE FROM cell",
    "all processing cells deleted": "DELETE FROM processing_cell",
    "a grain that nobody knows": "UPDATE cell SET grain = 9 WHERE grain = 2",
    "no set": "UPDATE cell SET residents = {no set} WHERE grain = 2",
    "dimensions with a space": "UPDATE cell SET dimensions = replace(dimensions, ',', ', ') WHERE grain = 1",
    "another block": "UPDATE cell SET block = 7",
}


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Caller:
    """The market, and a caller with the scope admin."""
    fill(ledger, admin)
    return admin


def _change(ledger: Ledger, statement: str) -> None:
    for mark, value in {"{others}": BitMap([1]).serialize(), "{no set}": b"\x00\xff"}.items():
        statement = statement.replace(mark, blob(ledger, value))
    with ledger.database.writing() as connection:
        connection.exec_driver_sql(statement)


def _repair(ledger: Ledger) -> tuple[int, int]:
    _, wrong = find_wrong_cells(ledger, None, tell_nobody)
    repair_cells(ledger, wrong, 0)
    return len(wrong.trade), len(wrong.processing)


def _current(admin: Caller, path: str) -> Any:
    return admin.get(path).get_json()["total"]


@pytest.mark.parametrize("kind", MORE)
def test_every_kind_of_wrong_cell_is_built_again(ledger: Ledger, market: Caller, kind: str) -> None:
    _change(ledger, MORE[kind])
    with pytest.raises(Wrong):
        verify(ledger)
    assert sum(_repair(ledger)) > 0
    verify(ledger)
    assert _repair(ledger) == (0, 0)


def test_the_command_says_and_records_what_it_changed_and_ends_the_alarm(
    ledger: Ledger, market: Caller, environment: dict[str, str]
) -> None:
    right = _current(market, REPORT)
    _change(ledger, CHANGES["an amount"][0])
    checker = SelfChecker(ledger, random.Random(7))
    while market.get("/health/ready").status_code == 200:
        checker.check()
    repaired = call_hushi(environment, "verify", "--repair-cells")
    assert repaired.exit_code == 0, repaired.stdout
    assert "Repaired: The cell of 2024-06-29, grain 1" in repaired.stdout
    assert "1 cells and 0 processing cells were built again." in repaired.stdout
    assert market.get("/health/ready").status_code == 200
    assert _current(market, REPORT) == right
    with ledger.database.reading() as connection:
        (row,) = connection.execute(sa.select(cell_repair)).all()
    assert (row.cells, row.processing_cells) == (1, 0)
    assert "2024-06-29" in orjson.loads(row.changes)[0]


def test_a_process_that_serves_drops_the_wrong_cells_that_it_had_loaded(ledger: Ledger, market: Caller) -> None:
    right = _current(market, REPORT), _current(market, PROCESSING)
    for kind in ("an amount", "what was paid"):
        _change(ledger, CHANGES[kind][0])
    market.trade(a_trade(traded_at="2024-05-01T10:00:00+08:00"))  # Memory is brought up to date, and loads no old cell.
    assert (_current(market, REPORT), _current(market, PROCESSING)) == right, "the control: memory was loaded before"
    _change(ledger, "UPDATE cell SET block = block + 1 WHERE day = 20240629")
    _change(ledger, "UPDATE processing_cell SET fold = fold + 1")
    fold_all(ledger)
    assert _current(market, REPORT) != right[0]
    _repair(ledger)
    assert (_current(market, REPORT), _current(market, PROCESSING)) == right


def test_what_does_not_verify_is_not_counted_from(ledger: Ledger, market: Caller, environment: dict[str, str]) -> None:
    for statement in (*UNPROTECTED[engine_of(ledger)], CHANGES["an amount"][0]):
        _change(ledger, statement)
    _change(ledger, "UPDATE journal SET amount_fen = amount_fen + 1 WHERE seq = 2")
    refused = call_hushi(environment, "verify", "--repair-cells")
    assert refused.exit_code == 1
    assert "WRONG: Block 1 sealed other entries" in refused.stdout
    assert "Nothing was repaired" in refused.stdout
    with ledger.database.reading() as connection:
        assert connection.execute(sa.select(cell_repair)).all() == []


@pytest.mark.parametrize("point", POINTS)
def test_a_repair_that_is_killed_has_not_happened(
    ledger: Ledger, market: Caller, environment: dict[str, str], tmp_path: pathlib.Path, point: str
) -> None:
    for kind in ("an amount", "what was paid"):
        _change(ledger, CHANGES[kind][0])
    (worker,) = run_together(repair_worker.main, [[point]], environment, tmp_path)
    assert worker.returncode == -signal.SIGKILL
    with ledger.database.reading() as connection:
        assert connection.execute(sa.select(cell_repair)).all() == []
    assert _repair(ledger) == (1, 1), "both are as wrong as before"
    verify(ledger)


def test_what_is_folded_between_the_count_and_the_repair_is_in_the_cells(
    ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = market.trade(a_trade(traded_at="2024-06-29T11:00:00+08:00")).get_json()["transaction_id"]
    fold_all(ledger)
    _change(ledger, "UPDATE cell SET quantity_g = quantity_g + 1")
    _change(ledger, "UPDATE processing_cell SET quantity_g = quantity_g + 1")
    _, wrong = find_wrong_cells(ledger, None, tell_nobody)
    market.trade(a_trade(traded_at="2024-06-29T12:00:00+08:00", resident_id="R00000002"))
    fold(ledger)
    market.reverse(first)
    market.post("/v1/transfers/T00000001/reversal", {"reason": "退货"}, key="back")
    fold_all(ledger)
    fold_all_transfers(ledger)
    monkeypatch.setattr(repairing, "CAUGHT_UP_MAX", 1)
    with pytest.raises(TooFarBehind):
        repair_cells(ledger, wrong, 0)
    monkeypatch.undo()
    repair_cells(ledger, wrong, 0)
    verify(ledger)


def test_posts_and_reports_go_on_and_are_exact_during_repairs(
    ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All cells are built again and again while a thread posts and folds: each report has all that was acknowledged."""
    monkeypatch.setattr(CountedRow, "as_stored", lambda _row: ())
    monkeypatch.setattr(verifying_cells, "_why_wrong", lambda *_row: Wrong("built again, though it is right"))
    asked: list[tuple[int, int]] = []
    stopping = threading.Event()

    def post_and_ask() -> None:
        expected = 6
        while not stopping.is_set():
            body = a_trade(amount_cny="1.00", traded_at="2024-06-30T12:00:00+08:00")
            expected += market.trade(body).status_code == 201
            fold(ledger)
            asked.append((_current(market, REPORT)["transactions"]["current"], expected))

    poster = threading.Thread(target=post_and_ask)
    poster.start()
    repaired = [_repair(ledger) for _ in range(6)]
    stopping.set()
    poster.join()
    monkeypatch.undo()
    assert min(cells for cells, _ in repaired) > 0
    assert len(asked) > 1
    assert [told for told, _ in asked] == [expected for _, expected in asked]
    verify(ledger)
