"""At most 8 SQL statements for a batch of any size, and 2 for its warnings: counted, so no quiet machine is needed."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from service.commands.rules import add_rule_file
from service.ledger import Ledger
from service.storage.prices import FEW_TRADES
from tests.builders import a_key, a_trade
from tests.conftest import Caller
from tests.rules.rule_documents import a_limit, a_text

STATEMENTS_MAX = 10
"""Eight, one for trades that look like one of the batch, and one for the prices of its one commodity."""


@contextlib.contextmanager
def _counted(ledger: Ledger) -> Iterator[list[str]]:
    """Every statement of the committer's thread, transaction control aside (reads have threads of their own)."""
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if threading.current_thread().name == "committer" and not statement.startswith("BEGIN"):
            statements.append(statement)

    engine = ledger.database.engines[0]
    sa.event.listen(engine, "before_cursor_execute", count)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", count)


def _lines(count: int, residents: int) -> list[dict[str, Any]]:
    return [
        a_trade(
            key=a_key(),
            resident_id=f"R{n % residents + 1:08d}",
            reference=a_key(),
            hs_code=["02044200", "51011100", "10063000", "12040000"][n % 4],
            category=["meat", "wool", "grain", "grain"][n % 4],
            traded_at=f"2024-0{n % 9 + 1}-15T12:00:00+08:00",
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("size", [1, 10, 1000, 10_000])
def test_a_batch_of_any_size_takes_at_most_ten_statements(ledger: Ledger, admin: Caller, size: int) -> None:
    admin.register(60)
    # Some residents are known to the process, some are not; some allowance rows are there, some are not.
    admin.post("/v1/transactions/batch", {"items": _lines(40, residents=5)})
    lines = _lines(size, residents=60)

    with _counted(ledger) as statements:
        answer = admin.post("/v1/transactions/batch", {"items": lines})

    assert answer.get_json()["accepted"] == size
    assert len(statements) == (STATEMENTS_MAX if size > 60 else len(statements))
    assert len(statements) <= STATEMENTS_MAX


def test_a_post_of_a_known_resident_takes_five_and_two_for_warnings(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    admin.trade(a_trade())

    with _counted(ledger) as statements:
        assert admin.trade(a_trade()).status_code == 201

    assert len(statements) == 7


def test_a_first_post_of_goods_whose_prices_are_known_takes_none_for_warnings(ledger: Ledger, admin: Caller) -> None:
    admin.register(60)
    same_day = [{**line, "traded_at": a_trade()["traded_at"]} for line in _lines(2 * FEW_TRADES, residents=59)]
    for lines in (same_day[:FEW_TRADES], same_day[FEW_TRADES:]):
        assert admin.post("/v1/transactions/batch", {"items": lines}).get_json()["accepted"] == FEW_TRADES
    admin.post("/v1/transactions/quote", a_trade(resident_id="R00000060"))

    with _counted(ledger) as statements:
        assert admin.trade(a_trade(resident_id="R00000060")).status_code == 201

    assert [statement for statement in statements if "JOIN journal" in statement or "FROM journal" in statement] == [
        statements[0]
    ]


def test_the_first_post_behind_a_new_rule_file_reads_the_files(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    admin.trade(a_trade())
    add_rule_file(ledger, a_text(value_limits=[a_limit()]), "a-request")

    counts = []
    for _ in range(2):
        with _counted(ledger) as statements:
            assert admin.trade(a_trade()).status_code == 201
        counts.append(len(statements))

    assert counts[0] == counts[1] + 1


def test_a_reversal_and_a_replay_take_no_more(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    trade = admin.trade(a_trade(), key="once").get_json()

    with _counted(ledger) as of_replay:
        admin.trade(a_trade(), key="once")
    with _counted(ledger) as of_reversal:
        assert admin.reverse(trade["transaction_id"]).status_code == 201

    # On PostgreSQL a replay also makes a commit of its own that waits for disk and standby.
    assert len(of_replay) == (1 if ledger.database.is_sqlite else 2)
    assert len(of_reversal) <= STATEMENTS_MAX


def test_a_connection_keeps_its_statements_prepared(ledger: Ledger) -> None:
    """SQLite asks the authorizer about each statement that it prepares, and about none that is prepared already."""
    if not ledger.database.is_sqlite:
        pytest.skip("PostgreSQL's driver has another cache")
    prepared: list[int] = []

    def note(*_: object) -> int:
        prepared.append(1)
        return 0

    with ledger.database.reading() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_authorizer(note)
        for number in range(300):
            driver.execute(f"SELECT {number}").fetchall()
        for _ in range(2):
            prepared.clear()
            for number in range(8):
                driver.execute(f"SELECT max(seq) + {number} FROM journal").fetchall()
        driver.set_authorizer(None)
    assert prepared == []
