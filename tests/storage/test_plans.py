"""How PostgreSQL runs the statements of a post: by index, planned in no time, and never compiled."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from service.commands.posting import Post, post
from service.commands.residents import Registration, register
from service.config import read_settings
from service.domain.transactions import MARKET_TIME, Trade
from service.ledger import Ledger, open_ledger
from service.storage import postgresql, schema
from service.storage.engine import Connection
from service.storage.tables import journal
from tests import postgresql as server_of_tests
from tests.builders import a_citizen_number, a_key, a_trade
from tests.conftest import Caller
from tests.postgresql import PostgreSQL

GROWING = {"journal", "idempotency", "allowance_use", "resident", "resident_status", "resident_group"}
AS_QUICK = 0.9
"""Posts a second, of those on the wheel's server."""
POSTS_IN_A_TURN = 15
TURNS_MAX = 40
COMPILED_OVER_COST = 100_000
"""The default of `jit_above_cost`."""

_FILL = """
INSERT INTO journal (transaction_id, resident, day, quantity_g, amount_fen, exempt_fen, exempt_quantity_g, traded_at,
  recorded_at, category, commodity, origin, direction, trade_point, rule_version, reference)
SELECT gen_random_uuid(), mod(n, 500) + 1, 20230101 + mod(n, 28), 1, 1, 1, 1, 0, 0,
  'meat', 'beef', 'MN', 'import', 'erenhot', 'r', 'r' || n FROM generate_series(1, 20000) n;
INSERT INTO idempotency (digest, mac, transaction_id)
SELECT gen_random_uuid(), gen_random_uuid(), transaction_id FROM journal;
INSERT INTO allowance_use SELECT n / 28 + 1, 20230101 + mod(n, 28), '', 1, 0, 800000, 0
FROM generate_series(1, 20000) n;
INSERT INTO resident SELECT n, sha256(n::text::bytea), '', '', 20200101, NULL, NULL, 0 FROM generate_series(3, 5000) n;
INSERT INTO resident_status (resident, effective_on, status, reason, recorded_at)
SELECT ordinal, 20200101, 'active', '', 0 FROM resident;
INSERT INTO resident_group (resident, effective_on, recorded_at) SELECT ordinal, 20200101, 0 FROM resident
"""


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


def _fill(ledger: Ledger) -> None:
    """Many rows more, in every table that grows."""
    with ledger.database.writing() as connection:
        connection.exec_driver_sql(_FILL)


@contextlib.contextmanager
def _recorded(ledger: Ledger) -> Iterator[list[tuple[str, Any]]]:
    """The statements that writers run, with their parameters."""
    statements: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append((statement, parameters))

    engine = ledger.database.engines[0]
    sa.event.listen(engine, "before_cursor_execute", record)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", record)


def _statements_of_posts(ledger: Ledger, admin: Caller) -> list[tuple[str, Any]]:
    """The statements of trades of two residents, who have to be looked up, and of a reversal."""
    with _recorded(ledger) as statements:
        trade = admin.trade(a_trade(reference=a_key(), hs_code="51011100", category="wool")).get_json()
        assert admin.trade(a_trade(reference=a_key(), resident_id="R00000002")).status_code == 201
        assert admin.reverse(trade["transaction_id"]).status_code == 201
    assert len(statements) >= 15
    return statements


def _plans(connection: Connection, statement: str, parameters: Any) -> Iterator[dict[str, Any]]:
    """The plan for these parameters, and the one for any."""
    yield connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()[0]["Plan"]
    names: dict[str, int] = {}
    any_parameters = re.sub(
        r"%\((\w+)\)s|%s", lambda found: f"${names.setdefault(found[0], len(names) + 1)}", statement
    )
    yield connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {any_parameters}").scalar_one()[0]["Plan"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


def _read_whole(plan: dict[str, Any]) -> set[str]:
    return {node["Relation Name"] for node in _nodes(plan) if node["Node Type"] == "Seq Scan"} & GROWING


def test_every_statement_of_a_post_finds_its_rows_by_index(ledger: Ledger, admin: Caller) -> None:
    admin.register(2)
    _fill(ledger)
    with ledger.database.writing() as connection:  # The server does it within a minute by itself, before or after.
        connection.exec_driver_sql("ANALYZE")
    statements = _statements_of_posts(ledger, admin)
    with ledger.database.writing() as connection:
        for statement, parameters in statements:
            for plan in _plans(connection, statement, parameters):
                assert _read_whole(plan) == set(), statement
                assert plan["Total Cost"] < COMPILED_OVER_COST / 20, statement


def test_no_statement_of_a_post_costs_much_on_an_empty_ledger(ledger: Ledger, admin: Caller) -> None:
    admin.register(2)
    statements = _statements_of_posts(ledger, admin)
    with ledger.database.writing() as connection:
        for statement, parameters in statements:
            for plan in _plans(connection, statement, parameters):
                assert plan["Total Cost"] < COMPILED_OVER_COST / 20, statement


def test_no_writer_forbids_a_way_to_read(ledger: Ledger) -> None:
    """A scan that a setting has to forbid has a cost for which everything is compiled."""
    with ledger.database.writing() as connection:
        changed = connection.exec_driver_sql(
            "SELECT name FROM pg_settings WHERE name LIKE 'enable%%' AND setting <> boot_val"
        )
        assert changed.all() == []


def _rows_read_in_whole_tables(ledger: Ledger, admin: Caller) -> int:
    """How many rows of the growing tables a post reads because it reads the tables whole."""
    counted = sa.text("SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname = ANY(:names)")
    found = []
    for _ in range(2):
        with ledger.database.engines[0].connect() as connection:
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
            found.append(int(connection.execute(counted, {"names": list(GROWING)}).scalar_one()))
        assert admin.trade(a_trade()).status_code == 201
    return found[1] - found[0]


@pytest.mark.parametrize("kept_s", [0, 3600])
def test_a_plan_of_empty_tables_is_soon_forgotten(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch, kept_s: float
) -> None:
    """Where it is kept, the posts of that connection read tables whole: the control."""
    monkeypatch.setattr(postgresql, "PLANS_KEPT_S", 3600)
    monkeypatch.setattr(postgresql, "WRITERS_MAX", 1)
    admin.register(2)
    for _ in range(8):  # The driver prepares a statement when it comes for the sixth time.
        admin.trade(a_trade())
    _fill(ledger)
    monkeypatch.setattr(postgresql, "PLANS_KEPT_S", kept_s)
    assert admin.trade(a_trade()).status_code == 201
    read = _rows_read_in_whole_tables(ledger, admin)
    assert read < 1000 if kept_s == 0 else read > 20_000


Kind = Callable[[Ledger], contextlib.AbstractContextManager[Any]]
KINDS: dict[str, Kind] = {
    "writing": lambda ledger: ledger.database.writing(looks_at_revision=False),
    "at length": lambda ledger: ledger.database.writing(at_length=True, looks_at_revision=False),
    "reading": lambda ledger: ledger.database.reading(),
    "watching": lambda ledger: contextlib.closing(ledger.database.open_watching()),
}


@pytest.fixture(scope="module")
def compiling() -> Iterator[PostgreSQL]:
    """A PostgreSQL as people install it."""
    programs = server_of_tests.installed_programs()
    if programs is None:
        pytest.skip("no PostgreSQL with JIT is installed on this machine")
    with server_of_tests.running(programs=programs) as server:
        yield server


@pytest.fixture
def compiled_ledger(compiling: PostgreSQL, environment: dict[str, str]) -> Iterator[Ledger]:
    """On a server that compiles whatever it runs, if it is let."""
    url = f"{compiling.url('postgres')}&options=-c%20jit_above_cost%3D0"
    ledger = open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url}))
    yield ledger
    ledger.database.close()


def _compiles(ledger: Ledger, kind: str) -> bool:
    with KINDS[kind](ledger) as connection:
        asked = "EXPLAIN (ANALYZE, FORMAT JSON) SELECT count(*) FROM pg_class"
        if kind == "watching":
            answer = connection.cursor().execute(asked).fetchone()[0]
        else:
            answer = connection.exec_driver_sql(asked).scalar_one()
    return "JIT" in (orjson.loads(answer) if isinstance(answer, str) else answer)[0]


@pytest.mark.parametrize("kind", list(KINDS))
def test_nothing_is_compiled(compiled_ledger: Ledger, kind: str) -> None:
    assert not _compiles(compiled_ledger, kind)


def test_without_the_setting_it_is(compiled_ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_WRITING", postgresql._WRITING.replace("jit=off", "jit=on"))
    assert _compiles(compiled_ledger, "writing")


def _planned_for_any(ledger: Ledger) -> int:
    """How often PostgreSQL runs a plan for any parameters when a reader asks the same statement many times."""
    asked = sa.select(journal.c.seq).where(journal.c.seq == sa.bindparam("place"))
    with ledger.database.reading() as connection:
        for place in range(20):
            connection.execute(asked, {"place": place})
        counted = connection.exec_driver_sql("SELECT sum(generic_plans) FROM pg_prepared_statements").scalar_one()
    return int(counted or 0)


def test_what_is_read_is_planned_for_what_is_asked(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    if ledger.database.is_sqlite:
        pytest.skip("SQLite plans without looking at parameters")
    assert _planned_for_any(ledger) == 0
    monkeypatch.setattr(postgresql, "_READING", postgresql._READING.replace("force_custom_plan", "auto"))
    assert _planned_for_any(ledger) > 0, "PostgreSQL does so by itself"


def _with_a_resident(environment: dict[str, str], url: str) -> Ledger:
    ledger = open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url}))
    schema.upgrade(ledger.database, ledger.vault.macs)
    register(ledger, Registration("巴特尔", a_citizen_number(0), ledger.today(), None, None, None))
    return ledger


def _seconds_of_posts(ledger: Ledger) -> float:
    started = time.perf_counter()
    for _ in range(POSTS_IN_A_TURN):
        trade = Trade(1, "meat", "beef", "MN", 1000, 1, ledger.now().astimezone(MARKET_TIME))
        (outcome,) = post(ledger, [Post(ledger.new_id().bytes, bytes(16), "r", trade)])
        assert outcome.transaction is not None
    return time.perf_counter() - started


def test_posts_are_as_quick_where_plans_can_be_compiled(compiling: PostgreSQL, environment: dict[str, str]) -> None:
    """In turns with the wheel's server, which can't compile. Other work on the machine only makes a turn longer."""
    compiling.execute("CREATE DATABASE as_installed")
    ledgers = [
        _with_a_resident(environment, url) for url in (compiling.url("as_installed"), environment["HUSHI_DATABASE_URL"])
    ]
    best = [float("inf"), float("inf")]
    for _ in range(TURNS_MAX):
        best = [min(before, _seconds_of_posts(ledger)) for before, ledger in zip(best, ledgers, strict=True)]
        if best[1] / best[0] >= AS_QUICK:
            break
    for ledger in ledgers:
        ledger.database.close()
    assert best[1] / best[0] >= AS_QUICK
