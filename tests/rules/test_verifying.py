"""Verifying judges again by the files that an entry names, and finds a file or a version that was changed."""

import datetime
import pathlib
from collections.abc import Callable

import pytest

from service.commands.folding import fold_all
from service.commands.restoring import restore
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.backing_up import back_up
from service.queries.rules import read_rulebook
from service.queries.verifying import verify
from service.storage.rule_files import digest_of_text
from tests.builders import a_trade
from tests.conftest import Caller
from tests.rules.rule_documents import a_limit, a_list_group, a_text
from tests.rules.test_judging import add, judged, wheat
from tests.tampering import RIGHT, UNPROTECTED, blob, engine_of, verdict_after

DAY = datetime.date(2024, 6, 30)


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Ledger:
    """Two files; a trade before them, one between them and one behind them, all of one resident, goods and day."""
    admin.register(1)
    admin.trade(wheat("10"))
    add(ledger, list_groups=[a_list_group(free_kg="15.000")])
    admin.trade(wheat("10"))
    add(ledger, value_limits=[a_limit(limit_cny="20.00")], list_groups=[a_list_group(free_kg="40.000")])
    admin.trade(wheat("10"))
    return ledger


def test_each_entry_is_judged_again_by_the_files_that_it_names(market: Ledger) -> None:
    assert verify(market).transactions == 3
    fold_all(market)
    assert verify(market).transactions == 3
    with market.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT exempt_fen, rule_version FROM journal ORDER BY seq").all()
    assert [tuple(row) for row in rows] == [
        (1000, "2010-05-01"), (500, "2024-05-01+1"), (500, "2024-05-01+2"),
    ]  # fmt: skip


@pytest.mark.parametrize("is_folded", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        "rule_version = '2024-05-01+2' WHERE seq = 2", "rule_version = '2024-05-01+1' WHERE seq = 3",
        "rule_version = '2010-05-01' WHERE seq = 2", "rule_version = '2024-05-01+3' WHERE seq = 3",
        "rule_version = '2024-05-01' WHERE seq = 2", "rule_version = '2024-05-01+x' WHERE seq = 2",
    ],
)  # fmt: skip
def test_a_changed_version_is_found(market: Ledger, change: str, *, is_folded: bool) -> None:
    if is_folded:
        fold_all(market)
    assert verdict_after(market, f"UPDATE journal SET {change}") != RIGHT


def test_a_limit_that_is_not_the_greatest_of_the_rules_is_found(market: Ledger) -> None:
    wheat_row = "list_group = 'wheat'"
    for limit, said in ((41_000, "names the limits"), (40_000, "names the limits"), (50_000, RIGHT)):
        found = verdict_after(market, f"UPDATE allowance_use SET limit_g = {limit} WHERE {wheat_row}")
        assert said in found, limit


def test_a_reversal_under_a_greater_limit_is_right(market: Ledger, admin: Caller) -> None:
    first = admin.get("/v1/transactions").get_json()["items"][-1]["transaction_id"]
    add(market, list_groups=[a_list_group(free_kg="60.000")])
    assert admin.reverse(first).status_code == 201
    assert verify(market).transactions == 4
    for limit, said in ((60_000, RIGHT), (59_999, "names the limits"), (61_000, "names the limits")):
        found = verdict_after(market, f"UPDATE allowance_use SET limit_g = {limit} WHERE list_group = 'wheat'")
        assert said in found, limit


@pytest.mark.parametrize("kind", ["text", "text and digest", "digest", "name", "deleted", "invented", "recorded_by"])
def test_a_changed_file_is_found_and_named(market: Ledger, kind: str) -> None:
    text = a_text("File 2", list_groups=[a_list_group(free_kg="99.000")])
    digest = blob(market, digest_of_text(text))
    statement = {
        "text": f"UPDATE rule_file SET text = '{text}' WHERE id = 2",
        "text and digest": f"UPDATE rule_file SET text = '{text}', sha256 = {digest} WHERE id = 2",
        "digest": f"UPDATE rule_file SET sha256 = {digest} WHERE id = 2",
        "name": "UPDATE rule_file SET name = 'x' WHERE id = 2",
        "recorded_by": "UPDATE rule_file SET recorded_by = 1 WHERE id = 2",
        "deleted": "DELETE FROM rule_file WHERE id = 2",
        "invented": f"INSERT INTO rule_file VALUES (3, 'x', '{text}', {digest}, 0, 0)",
    }[kind]
    said = verdict_after(market, statement)
    assert said.startswith("Row 3 of rule_file " if kind == "invented" else "Row 2 of rule_file ")


def test_a_file_refuses_to_be_changed_or_deleted(market: Ledger) -> None:
    for statement in ("UPDATE rule_file SET name = 'x'", "DELETE FROM rule_file"):
        with pytest.raises(Exception, match="rule_file"), market.database.writing() as connection:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("text", ["{}", a_text("File 1", list_groups=[a_list_group(free_kg="16.000")])])
def test_nobody_is_judged_by_a_damaged_file(market: Ledger, environment: dict[str, str], text: str) -> None:
    with market.database.writing() as connection:
        for statement in (
            *UNPROTECTED[engine_of(market)],
            f"UPDATE rule_file SET text = '{text}' WHERE id = 1",
        ):
            connection.exec_driver_sql(statement)
    fresh = open_ledger(read_settings(environment))
    with pytest.raises(Exception, match="Rule file 1 of the ledger is damaged"):
        read_rulebook(fresh)
    fresh.database.close()
    assert read_rulebook(market).newest_file == 2  # A process that has read the files before goes on.


def test_a_restored_ledger_judges_as_the_ledger_did(
    market: Ledger, admin: Caller, new_database: Callable[[], str], environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    back_up(market, tmp_path / "backup.zip")
    restored = open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": new_database()}))
    restore(restored, tmp_path / "backup.zip")
    assert verify(restored).transactions == 3
    assert read_rulebook(restored).on(DAY).version == "2024-05-01+2"
    assert read_rulebook(restored).on(DAY).list_groups["wheat"].free_g == 40_000
    assert judged(admin.trade(a_trade(amount_cny="1.00"))) == (201, "0.00", "2024-05-01+2")
    restored.database.close()
