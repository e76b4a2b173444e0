"""What an error of PostgreSQL means for a post: each code at each moment, from a real server, and the retry that tells.

The server itself raises each code, in a trigger that runs for the first entry only; and real connections are ended.
"""

import os
import pathlib
import re
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from service.app import create_app
from service.commands import posting
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.storage import meanings, schema
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.meanings import MEANINGS, Ending, Meaning
from service.vault import create_secrets
from tests.builders import a_trade
from tests.conftest import Caller
from tests.postgresql import PostgreSQL, running
from tests.standbys import WAITING, without_its_standby
from tests.waiting import wait_until

PAGE = pathlib.Path(__file__).parents[1] / "docs/RELIABILITY.md"
RAISED = [meaning for meaning in MEANINGS if meaning.wrote is not None and meaning.codes]
"""What a statement can meet. The server raises a whole class by one of its codes."""
ONE_OF = {"23": "23505", "53": "53100", "08": "08006"}
TOLD = {
    Ending.RACE: (NotWritten, True),
    Ending.NOT_WRITTEN: (NotWritten, False),
    Ending.UNKNOWN: (OutcomeUnknown, None),
}


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


def _raise_once(ledger: Ledger, code: str, *, at_commit: bool) -> None:
    """Lets the server raise an error for the first entry of the journal. It counts with a sequence: none rolls back."""
    when = "CONSTRAINT TRIGGER fails AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED"
    when = when if at_commit else "TRIGGER fails AFTER INSERT ON journal"
    for statement in (
        "CREATE SEQUENCE failures",
        f"""CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('failures') = 1 THEN
        RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END IF; RETURN NULL; END $$""",
        f"CREATE {when} FOR EACH ROW EXECUTE FUNCTION fail()",
    ):
        with ledger.database.engines[0].connect() as connection:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("at_commit", [False, True], ids=["in a statement", "at COMMIT"])
@pytest.mark.parametrize("meaning", RAISED, ids=lambda meaning: meaning.codes[0])
def test_each_code_means_what_the_table_says(
    ledger: Ledger, admin: Caller, meaning: Meaning, at_commit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception] = []
    real = posting.post

    def post(*given: object) -> object:
        try:
            return real(*given)  # type: ignore[arg-type] # (what the committer hands over)
        except Exception as fault:
            faults.append(fault)
            raise

    monkeypatch.setattr("service.commands.committer.post", post)
    admin.register(1)
    code = meaning.codes[0]
    _raise_once(ledger, ONE_OF.get(code, code), at_commit=at_commit)
    answered = admin.trade(a_trade(amount_cny="10.00"), "k")
    expected = (meaning.committed or Ending.UNKNOWN) if at_commit else meaning.wrote
    assert expected is not None
    kind, is_race = TOLD[expected]
    assert [(type(fault), getattr(fault, "is_race", None)) for fault in faults] == [(kind, is_race)]
    if kind is OutcomeUnknown:
        assert (answered.status_code, answered.get_json()["code"]) == (503, "unavailable")
        assert int(answered.headers["Retry-After"]) > 0
        answered = admin.trade(a_trade(amount_cny="10.00"), "k")
    assert answered.status_code == 201
    assert _recorded(admin) == 1


def _recorded(caller: Caller) -> int:
    items: list[object] = caller.get("/v1/transactions").get_json()["items"]
    return len(items)


def _end_own_session(ledger: Ledger, when: str, *, how: Callable[[Ledger, int], None]) -> list[int]:
    """Ends the session of the next post at a moment: at its BEGIN, its INSERT into the journal, or its COMMIT."""
    engine, ended = ledger.database.engines[0], list[int]()

    def end(connection: sa.Connection) -> None:
        if not ended:
            driver = connection.connection.driver_connection
            assert driver is not None
            ended.append(driver.info.backend_pid)
            how(ledger, ended[0])

    if when == "commit":
        sa.event.listen(engine, "commit", end)
    elif when == "begin":
        sa.event.listen(engine, "begin", end)
    else:
        sa.event.listen(
            engine, "before_cursor_execute", lambda c, _, text, *__: end(c) if "INSERT INTO journal" in text else None
        )
    return ended


def _terminate(ledger: Ledger, pid: int) -> None:
    with ledger.database.engines[1].connect() as other:
        other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")


def _crash_another(ledger: Ledger, _pid: int) -> None:
    """Kills another process of the server with SIGKILL: the server ends all sessions, and recovers."""
    with ledger.database.engines[1].connect() as other:
        driver = other.connection.driver_connection
        assert driver is not None
        os.kill(driver.info.backend_pid, signal.SIGKILL)
        other.invalidate()


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger on a server of its own, which may crash."""
    folder = tmp_path_factory.mktemp("fragile")
    create_secrets(folder / "secrets.json")
    with running({"restart_after_crash": "on"}) as server:
        environment = {
            "HUSHI_DATABASE_URL": server.url("postgres"),
            "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
        }
        ledger = open_ledger(read_settings(environment))
        schema.upgrade(ledger.database, ledger.vault.macs)
        yield ledger
        ledger.database.close()


@pytest.mark.parametrize("how", [_terminate, _crash_another], ids=["57P01", "57P02"])
@pytest.mark.parametrize(("when", "status"), [("begin", 201), ("insert", 201), ("commit", 503)])
def test_a_session_that_is_ended_at_any_moment_loses_and_doubles_nothing(
    fragile: Ledger, when: str, status: int, how: Callable[[Ledger, int], None]
) -> None:
    """The server that crashed takes a moment to recover; until then it refuses connections (57P03)."""
    app = create_app(fragile)
    caller = Caller(app.test_client(), create_key(fragile, f"{when}", ["admin"])[1])
    caller.register(1)
    before, key = _recorded(caller), f"{when}-{how.__name__}"
    ended = _end_own_session(fragile, when, how=how)
    statuses: list[int] = []

    def is_posted() -> bool:
        statuses.append(caller.trade(a_trade(amount_cny="10.00"), key).status_code)
        return statuses[-1] == 201

    wait_until(is_posted)
    assert ended
    assert set(statuses) <= {201, 503}
    if how is _terminate:
        assert statuses[0] == status
    wait_until(lambda: caller.get("/v1/transactions").status_code == 200)
    assert _recorded(caller) == before + 1
    app.extensions["hushi"].committer.close()


@pytest.mark.parametrize("how", ["pg_terminate_backend", "pg_cancel_backend"])
def test_a_wait_for_the_standby_that_is_cut_short_is_unknown_and_the_retry_waits(
    admin: Caller, postgresql: PostgreSQL, how: str
) -> None:
    """57P01 after the commit, and the warning 01000: the entry is on the primary only."""
    admin.register(1)
    statuses: list[int] = []

    def post() -> None:
        statuses.append(admin.trade(a_trade(amount_cny="10.00"), "k").status_code)

    with without_its_standby(postgresql) as server:
        for number in (1, 2):
            asking = threading.Thread(target=post)
            asking.start()
            wait_until(lambda: server.execute(WAITING).fetchone() is not None)
            server.execute(f"SELECT {how}(pid) FROM ({WAITING}) AS w")
            asking.join(20)
            assert statuses == [503] * number
    told = admin.trade(a_trade(amount_cny="10.00"), "k")
    assert (told.status_code, told.headers["Idempotency-Replayed"]) == (201, "true")
    assert _recorded(admin) == 1


def test_a_server_without_a_free_connection_refuses_and_nothing_is_written(tmp_path: pathlib.Path) -> None:
    """53300 comes when a connection is made, and so does 57P03."""
    create_secrets(tmp_path / "secrets.json")
    with running(
        {"max_connections": "5", "superuser_reserved_connections": "0", "reserved_connections": "0"}
    ) as server:
        url = {"HUSHI_DATABASE_URL": server.url("postgres"), "HUSHI_SECRETS_FILE": str(tmp_path / "secrets.json")}
        ledger, others = open_ledger(read_settings(url)), open_ledger(read_settings(url))
        taken = [others.database.engines[1].connect() for _ in range(5)]
        with pytest.raises(DatabaseUnavailable, match="too many clients"), ledger.database.writing():
            pass
        for one in taken:
            one.close()
        others.database.close()
        ledger.database.close()


def _row(meaning: Meaning) -> str:
    codes = ", ".join(f"{code}xxx" if len(code) == 2 else code for code in meaning.codes) or "none, or any other"
    outcomes = " | ".join(
        "" if each is None else str(each) for each in (meaning.began, meaning.wrote, meaning.committed)
    )
    return re.sub(r" +", " ", f"| {codes} | {meaning.what} | {outcomes} |")


def test_the_page_shows_the_table_of_the_code() -> None:
    page = re.sub(r" +", " ", PAGE.read_text("utf-8"))
    assert "\n".join(map(_row, MEANINGS)) in page


def test_without_the_table_every_error_at_a_commit_would_be_unknown(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a deadlock at COMMIT is told as unknown when the table does not name it."""
    monkeypatch.setattr(meanings, "_BY_CODE", {})
    admin.register(1)
    _raise_once(ledger, "40P01", at_commit=True)
    assert admin.trade(a_trade(amount_cny="10.00"), "k").status_code == 503
