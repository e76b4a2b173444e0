"""The filling of a demo is cut off at any point. The part is never taken for the whole; the next run completes it."""

import contextlib
import dataclasses
import datetime
import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.config import SettingError, read_settings
from service.demo import filling
from service.demo.after_market import plan_after_market
from service.demo.filling import NotFilled, fill
from service.demo.mark import (
    FIRST_RESIDENT,
    ROUTE,
    TRADES_BEFORE,
    is_cut,
    is_demo,
    is_whole,
    refuse_cut_demo,
    trade_digest,
)
from service.demo.plan import DemoPlan, make_plan
from service.domain.idempotency import key_digest
from service.domain.keys import OPERATOR_KEY_ID
from service.ledger import Ledger, open_ledger
from service.queries.verifying import verify
from service.storage.engine import Database
from service.vault import create_secrets
from tests.builders import a_trade
from tests.conftest import Caller
from tests.recounting import read_journal
from tests.servers import call_hushi, free_port

Kept = tuple[Any, ...]
RESIDENTS, GROUPS = 300, 4


class _Cut(BaseException):
    """An exception that, like that of Ctrl-C, no code catches on its way."""


@pytest.fixture(scope="module")
def whole_plan() -> DemoPlan:
    return make_plan()


@pytest.fixture(scope="module")
def plan(whole_plan: DemoPlan) -> DemoPlan:
    """The first residents of the demo, in four groups, with some of their trades. Some of these are reversed."""
    people = [
        dataclasses.replace(
            person,
            group=None if person.group is None else person.group % GROUPS,
            moves_to=None if person.moves_to is None else (person.group or 0) % GROUPS ^ 1,
        )
        for person in whole_plan.residents
        if person.ordinal <= RESIDENTS
    ]
    trades = [planned for planned in whole_plan.trades if planned.trade.resident <= RESIDENTS]
    reversed_ones = [planned for planned in trades if planned.reversed_because is not None][:6]
    live = [planned for planned in trades if planned.reversed_because is None][:60]
    mixed = [planned for pair in zip(live[:36:6], reversed_ones, strict=True) for planned in pair] + live[40:]
    live_imports = {
        n: one.trade for n, one in enumerate(mixed[:-1]) if one.reversed_because is None and one.trade.is_import
    }
    after_market = plan_after_market(live_imports)
    first, *others = after_market.deliveries
    corrected = [dataclasses.replace(first, contract="x", reversed_because="y"), first, *others]
    batches = [
        dataclasses.replace(batch, deliveries=[place + 1 for place in batch.deliveries])
        for batch in after_market.batches
    ]
    assert len(batches) > 1
    return DemoPlan(
        whole_plan.groups[:GROUPS],
        people,
        mixed,
        dataclasses.replace(after_market, deliveries=corrected, batches=batches),
    )


@pytest.fixture
def small_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "TRADES_PER_COMMIT", 5)
    monkeypatch.setattr(filling, "RESIDENTS_PER_COMMIT", 150)


@pytest.fixture
def new_ledger(tmp_path: pathlib.Path, sqlite_template: pathlib.Path) -> Iterator[Callable[[], Ledger]]:
    """Makes empty ledgers on SQLite, which is what the demo is for."""
    opened: list[Ledger] = []
    create_secrets(tmp_path / "secrets.json")

    def make() -> Ledger:
        shutil.copy(sqlite_template, tmp_path / f"{len(opened)}.db")
        url = f"sqlite:///{tmp_path}/{len(opened)}.db"
        opened.append(open_ledger(read_settings({"HUSHI_DATA_DIR": str(tmp_path), "HUSHI_DATABASE_URL": url})))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.database.close()


def _fill_until(ledger: Ledger, plan: DemoPlan, commits: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Fills until so many transactions are committed, and is cut then; how many there were."""
    count, writing = 0, Database.writing

    @contextlib.contextmanager
    def counted(self: Database, **how: Any) -> Iterator[Any]:
        nonlocal count
        if count == commits:
            raise _Cut
        with writing(self, **how) as connection:
            yield connection
        count += 1

    with monkeypatch.context() as patched, contextlib.suppress(_Cut):
        patched.setattr(Database, "writing", counted)
        fill(ledger, plan)
    return count


def _content(ledger: Ledger) -> Kept:
    """The rows from which reports are made, without ids and times of recording."""
    entries = [
        (e.resident, e.day, e.amount_fen, e.exempt_fen, e.group, e.settlement, e.reference, e.reverses is None)
        for e in read_journal(ledger)
    ]
    with ledger.database.reading() as connection:
        facts = [
            connection.exec_driver_sql(f"SELECT {columns} FROM {table} ORDER BY {columns}").all()
            for table, columns in (
                ("resident_status", "resident, effective_on, status, reason"),
                ("resident_group", "resident, effective_on, market_group"),
                ("market_group", "ordinal, name, kind"),
                ("resident", "ordinal, registered_on, settlement"),
                ("enterprise", "id, name, credit_code"),
                ("enterprise_status", "id, enterprise, effective_on, status, reason"),
                ("transfer", "id, enterprise, purpose, transferred_on, contract, paid_fen, lines, amount_fen"),
                ("transfer_line", "transfer, no, place, quantity_g, amount_fen, paid_fen"),
                ("transfer_reversal", "id, transfer, reason"),
                ("processing_batch", "id, enterprise, processed_on"),
                ("processing_input", "id, batch, transfer, nth"),
                ("processing_output", "id, batch, no, commodity, quantity_g, amount_fen"),
            )
        ]
    return entries, facts


@pytest.mark.usefixtures("small_commits")
def test_wherever_it_is_cut_the_next_run_makes_it_whole(
    new_ledger: Callable[[], Ledger], plan: DemoPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncut = new_ledger()
    commits = _fill_until(uncut, plan, 10_000, monkeypatch)
    wanted = _content(uncut)
    assert is_whole(uncut)
    for cut_after in (1, 3, 7, 9, 12, *range(20, commits, 3)):
        ledger = new_ledger()
        assert _fill_until(ledger, plan, cut_after, monkeypatch) == cut_after
        if not is_whole(ledger):
            assert is_cut(ledger), cut_after
            with pytest.raises(SettingError, match="part of the demo"):
                refuse_cut_demo(ledger)
            _fill_until(ledger, plan, 2, monkeypatch)  # Cut once more.
            if not is_whole(ledger):
                fill(ledger, plan)
        assert (is_whole(ledger), is_demo(ledger), is_cut(ledger)) == (True, True, False)
        assert _content(ledger) == wanted, cut_after
        with pytest.raises(NotFilled, match="not empty"):
            fill(ledger, plan)
    assert verify(ledger).transactions == verify(uncut).transactions


@pytest.mark.usefixtures("small_commits")
def test_a_part_of_the_demo_with_entries_of_somebody_else_is_refused(
    new_ledger: Callable[[], Ledger], plan: DemoPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.app import create_app
    from service.commands.keys import create_key

    ledger = new_ledger()
    commits = _fill_until(new_ledger(), plan, 10_000, monkeypatch)
    _fill_until(ledger, plan, commits - 8, monkeypatch)
    somebody = Caller(create_app(ledger).test_client(), create_key(ledger, "x", ["admin"])[1])
    assert somebody.trade(a_trade()).status_code == 201
    somebody.client.application.extensions["hushi"].committer.close()
    before = _content(ledger)
    with pytest.raises(NotFilled, match="entries of somebody else"):
        fill(ledger, plan)
    assert _content(ledger) == before


@pytest.mark.usefixtures("small_commits")
def test_no_command_serves_or_plays_with_a_part(
    new_ledger: Callable[[], Ledger], plan: DemoPlan, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = new_ledger()
    _fill_until(ledger, plan, 2, monkeypatch)
    environment = {"HUSHI_DATA_DIR": str(tmp_path), "HUSHI_DATABASE_URL": str(ledger.database.url)}
    for command in (("serve", "--port", str(free_port())), ("welcome",), ("report", "brief", "--period", "2024")):
        refused = call_hushi(environment, *command)
        assert isinstance(refused.exception, SettingError), refused.output
        assert "part of the demo" in str(refused.exception)
    played = call_hushi(environment, "demo", "--live")
    assert (played.exit_code, "fill it first" in played.stderr) == (1, True)


def test_the_command_goes_on_where_it_was_cut_also_where_it_would_do_nothing(
    new_ledger: Callable[[], Ledger], plan: DemoPlan, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `make run` calls it."""
    ledger = new_ledger()
    _fill_until(ledger, plan, 3, monkeypatch)
    monkeypatch.setattr("service.demo.terminal.make_plan", lambda: plan)
    environment = {"HUSHI_DATA_DIR": str(tmp_path), "HUSHI_DATABASE_URL": str(ledger.database.url)}
    filled = call_hushi(environment, "demo", "--if-empty")
    assert (filled.exit_code, "going on where it stopped" in filled.stderr) == (0, True), filled.output
    assert is_whole(ledger)
    again = call_hushi(environment, "demo", "--if-empty")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "")


def test_what_tells_the_demo_is_what_the_plan_says(whole_plan: DemoPlan) -> None:
    assert whole_plan.residents[0].id_number == FIRST_RESIDENT
    to_june = [one for one in whole_plan.trades if one.trade.day <= datetime.date(2024, 6, 30)]
    assert len(to_june) == TRADES_BEFORE
    assert whole_plan.trades[:TRADES_BEFORE] == to_june
    before = key_digest(OPERATOR_KEY_ID, ROUTE, f"trade-{TRADES_BEFORE - 1}")
    assert before not in {trade_digest(number) for number in range(len(whole_plan.trades))}
