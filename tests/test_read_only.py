"""A ledger that can't be written: a standby, a database that was made read-only, a file without permission.

Reports are served. A command or request that writes says at once that it can't, in one line or a problem document.
"""

import os
import pathlib
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.app import create_app
from service.commands.folding import fold
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.keys import list_api_keys
from service.storage import schema
from service.storage.faults import ReadOnlyDatabase, ReadOnlyFolder
from service.vault import create_secrets
from tests import postgresql
from tests.builders import a_key, a_registration, a_trade
from tests.conftest import Caller
from tests.postgresql import PostgreSQL
from tests.servers import Server, call_hushi, run_hushi, serving

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"
REFUSED_WITHIN_S = 2.0
NOBODY = 65534
REPORT = "/v1/reports/trade?period=2024"
WRITING = (
    ("keys", "create", "--name", "n", "--scope", "admin"),
    ("keys", "revoke", "1"),
    ("fold",),
    ("import", str(EXAMPLES / "transactions-zh-gb18030.csv")),
)


class Market:
    """A ledger with a block and a tail, a key, and its settings."""

    def __init__(self, url: str, folder: pathlib.Path) -> None:
        create_secrets(folder / "secrets.json")
        self.folder = folder
        ledger = open_ledger(read_settings(self.environment(url)))
        schema.upgrade(ledger.database, ledger.vault.macs)
        _, self.key = create_key(ledger, "test", ["admin"])
        app = create_app(ledger)
        caller = Caller(app.test_client(), self.key)
        caller.register(1)
        caller.trade(a_trade())
        fold(ledger)
        caller.trade(a_trade())
        app.extensions["hushi"].committer.close()
        ledger.database.close()

    def environment(self, url: str) -> dict[str, str]:
        """The settings for the ledger at a URL."""
        return {
            "HUSHI_DATABASE_URL": url,
            "HUSHI_DATA_DIR": str(self.folder),
            "HUSHI_SECRETS_FILE": str(self.folder / "secrets.json"),
            "HUSHI_LOG_LEVEL": "ERROR",
        }


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgreSQL]:
    with postgresql.running() as server:
        yield server


@pytest.fixture(scope="module")
def market(primary: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Market:
    return Market(primary.url("postgres"), tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="module")
def standby(primary: PostgreSQL, market: Market) -> Iterator[PostgreSQL]:
    with postgresql.standby_of(primary) as standby:
        yield standby


@pytest.fixture(params=["a standby", "made read-only"])
def environment(
    request: pytest.FixtureRequest, primary: PostgreSQL, standby: PostgreSQL, market: Market
) -> dict[str, str]:
    if request.param == "a standby":
        return market.environment(standby.url("postgres"))
    return market.environment(primary.url("postgres") + "&options=-c%20default_transaction_read_only%3Don")


@pytest.fixture
def ledger(environment: dict[str, str]) -> Iterator[Ledger]:
    ledger = open_ledger(read_settings(environment))
    yield ledger
    ledger.database.close()


@pytest.fixture
def admin(ledger: Ledger, market: Market) -> Iterator[Caller]:
    app = create_app(ledger)
    yield Caller(app.test_client(), market.key)
    app.extensions["hushi"].committer.close()


def test_what_is_read_is_served(admin: Caller, ledger: Ledger) -> None:
    assert ledger.database.is_read_only()
    assert admin.get(REPORT).get_json()["total"]["transactions"]["current"] == 2
    assert len(admin.get("/v1/transactions").get_json()["items"]) == 2
    assert admin.get("/v1/residents/R00000001/allowance?day=2024-06-30").get_json()["exempt_used_cny"] == "2000.00"
    assert admin.post("/v1/transactions/quote", a_trade()).status_code == 200


def test_the_use_of_a_key_is_not_noted_and_nothing_fails(admin: Caller, ledger: Ledger) -> None:
    uses = admin.client.application.extensions["hushi"].key_uses
    assert admin.get(REPORT).status_code == 200
    with capture_logs() as logged:
        uses.save()
    assert (logged, ledger.database.writes.failed_at) == ([], None)
    assert [listed.last_used_on for listed in list_api_keys(ledger)] == [None]


@pytest.mark.parametrize(
    "write",
    [
        lambda admin: admin.trade(a_trade()),
        lambda admin: admin.post("/v1/transactions/batch", {"items": [a_trade(key=a_key())]}),
        lambda admin: admin.post("/v1/residents", a_registration(5)),
        lambda admin: admin.post("/v1/groups", {"name": "互助组", "kind": "village"}),
        lambda admin: admin.post("/v1/residents/R00000001/reveal", {"reason": "court order"}),
    ],
    ids=["post", "batch", "registration", "group", "reveal"],
)
def test_what_writes_is_refused_at_once(admin: Caller, write: Callable[[Caller], Any]) -> None:
    started = time.monotonic()
    refused = write(admin)
    assert time.monotonic() - started < REFUSED_WITHIN_S
    assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
    assert "read-only" in refused.get_json()["detail"]
    assert int(refused.headers["Retry-After"]) > 0


@pytest.mark.parametrize("command", WRITING, ids=lambda command: " ".join(command[:2])[:12])
def test_a_command_that_writes_says_what_it_needs(environment: dict[str, str], command: tuple[str, ...]) -> None:
    refused = run_hushi(environment, *command)
    assert refused.returncode in {1, 2}
    said = [line for line in refused.stderr.splitlines() if "read-only" in line]
    assert len(said) == 1, refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_a_verification_is_made_and_not_noted(environment: dict[str, str]) -> None:
    verified = run_hushi(environment, "verify")
    assert verified.returncode == 0
    assert verified.stdout.startswith("2 transactions, 1 blocks")
    assert verified.stderr.count("\n") == 1
    assert "not noted" in verified.stderr


def test_the_check_of_the_schema_warns(environment: dict[str, str]) -> None:
    checked = run_hushi(environment, "db", "check")
    assert checked.returncode == 0
    assert "agree" in checked.stdout
    assert "read-only" in checked.stderr
    # Of the server of the tests, which is as dangerous as the check says.
    assert "fsync is off" in checked.stderr
    assert "full_page_writes is off" in checked.stderr
    assert "data_sync_retry is on" in checked.stderr


def _ask(server: Server, key: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}", **({"Idempotency-Key": "k"} if body else {})}
    return server.ask("POST" if body else "GET", path, body, headers)[:2]


def test_a_server_on_a_standby_serves_reports_and_posts_once_it_is_promoted(
    primary: PostgreSQL, market: Market, tmp_path: pathlib.Path
) -> None:
    with postgresql.standby_of(primary) as standby:
        environment = market.environment(standby.url("postgres"))
        with serving(environment, tmp_path / "log", "--workers", "1", ready="/health/live") as server:
            status, report = _ask(server, market.key, REPORT)
            assert (status, report["total"]["transactions"]["current"]) == (200, 2)
            assert _ask(server, market.key, "/v1/transactions", a_trade())[0] == 503
            standby.promote()
            assert _ask(server, market.key, "/v1/transactions", a_trade())[0] == 201
            assert _ask(server, market.key, REPORT)[1]["total"]["transactions"]["current"] == 3
            assert server.stop() == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.fixture
def sqlite_market() -> Iterator[Market]:
    """One in a folder that an ordinary user may look into."""
    with tempfile.TemporaryDirectory(prefix="hushi-tests-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        market = Market(f"sqlite:///{folder}/hushi.db", folder)
        if os.geteuid() == 0:
            os.chown(folder / "secrets.json", NOBODY, -1)
        yield market
        folder.chmod(0o700)


class _Ordinarily:
    """Runs the code inside as an ordinary user, because root may write under any permissions."""

    def __enter__(self) -> None:
        if os.getuid() == 0:
            os.seteuid(NOBODY)

    def __exit__(self, *_: object) -> None:
        if os.getuid() == 0:
            os.seteuid(0)


def test_a_file_that_may_not_be_written_is_read(sqlite_market: Market) -> None:
    environment = sqlite_market.environment(f"sqlite:///{sqlite_market.folder}/hushi.db")
    for command in (("report", "trade", "--period", "2024"), ("verify",), ("keys", "list")):
        assert call_hushi(environment, *command).exit_code == 0  # So that what it needs is loaded.
    sqlite_market.folder.chmod(0o777)
    for file in sqlite_market.folder.glob("hushi.db*"):
        file.chmod(0o444)
    with _Ordinarily():
        assert "2" in call_hushi(environment, "report", "trade", "--period", "2024").output
        assert "not noted" in call_hushi(environment, "verify").output
        for writes in (("keys", "create", "--name", "n", "--scope", "admin"), ("fold",)):
            assert isinstance(call_hushi(environment, *writes).exception, ReadOnlyDatabase)
        assert "read-only" in call_hushi(environment, "db", "check").output


def test_a_folder_that_may_not_be_written_is_named(sqlite_market: Market) -> None:
    """SQLite reads there only while somebody who may write has the ledger open."""
    environment = sqlite_market.environment(f"sqlite:///{sqlite_market.folder}/hushi.db")
    assert call_hushi(environment, "keys", "list").exit_code == 0
    for file in sqlite_market.folder.glob("hushi.db*"):
        file.chmod(0o644)
    sqlite_market.folder.chmod(0o555)
    with _Ordinarily():
        refused = call_hushi(environment, "keys", "list").exception
    assert isinstance(refused, ReadOnlyFolder)
    assert "folder" in str(refused)
