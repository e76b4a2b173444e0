"""Every test that takes `database_url` runs twice: on SQLite and on a real PostgreSQL, both built by the migrations."""

import gc
import itertools
import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.app import create_app
from service.commands.keys import create_key
from service.config import read_settings
from service.domain.macs import MacKeys, Macs
from service.ledger import Ledger, open_ledger
from service.storage import schema
from service.storage.engine import Database
from tests import postgresql as postgresql_server
from tests.builders import a_key, a_registration
from tests.postgresql import PostgreSQL
from tests.recycling import TEMPLATE, Databases
from tests.temporary_files import write_to_memory

# A loaded machine is slow, and that is nobody's fault.
hypothesis.settings.register_profile("hushi", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("hushi")

# Looking for cycles again and again takes an eighth of all that tests do.
gc.set_threshold(200_000, 20, 50)
write_to_memory()

_database_numbers = itertools.count(1)


LONGEST = (
    "test_dashboard.py", "test_record.py", "test_server.py", "test_survival.py", "test_dashboard_use.py",
    "test_pictures.py",
    "test_demo.py", "test_refusals.py", "test_cli.py", "test_golden_reports.py", "test_bulletin.py",
    "test_reference.py", "test_exactness.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first: one that came last would run alone, beside an idle processor."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


def pytest_collection_finish() -> None:
    """What is collected stays: nobody need look for cycles in it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A server for this test process, with a migrated template database."""
    with postgresql_server.running() as server:
        server.execute(f"CREATE DATABASE {TEMPLATE}")
        _migrate(server.url(TEMPLATE))
        yield server


@pytest.fixture(scope="session")
def databases(postgresql: PostgreSQL) -> Iterator[Databases]:
    """Databases of that server, for one test after the other."""
    databases = Databases(postgresql)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A migrated, empty SQLite ledger to copy."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    database = Database(url)
    nothing_older = MacKeys([b"k"])  # A new database holds nothing that would need a MAC.
    schema.upgrade(database, Macs(nothing_older, nothing_older))
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """The engine that the test runs on."""
    return str(request.param)


@pytest.fixture
def new_database(
    engine_name: str, tmp_path: pathlib.Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], str]]:
    """Makes fresh, migrated, empty ledgers and returns their URLs."""
    made: list[str] = []

    def make() -> str:
        if engine_name == "sqlite":
            name = f"ledger_{next(_database_numbers)}"
            shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / f"{name}.db")
            return f"sqlite:///{tmp_path}/{name}.db"
        databases: Databases = request.getfixturevalue("databases")
        made.append(databases.take())
        return databases.server.url(made[-1])

    yield make
    for name in made:
        request.getfixturevalue("databases").give_back(name)


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """A fresh, migrated, empty ledger's URL."""
    return new_database()


@pytest.fixture
def environment(database_url: str, tmp_path: pathlib.Path) -> dict[str, str]:
    """The HUSHI_ variables of a fresh ledger with secrets of its own."""
    from service.vault import create_secrets

    secrets = tmp_path / "secrets.json"
    create_secrets(secrets)
    return {
        "HUSHI_DATABASE_URL": database_url,
        "HUSHI_DATA_DIR": str(tmp_path),
        "HUSHI_SECRETS_FILE": str(secrets),
        "HUSHI_LOG_LEVEL": "WARNING",
    }


@pytest.fixture
def ledger(environment: dict[str, str]) -> Iterator[Ledger]:
    """A fresh ledger."""
    ledger = open_ledger(read_settings(environment))
    yield ledger
    ledger.database.close()


@pytest.fixture
def other_ledger(environment: dict[str, str]) -> Iterator[Ledger]:
    """The same ledger, opened by another process as it were: connections of its own."""
    other = open_ledger(read_settings(environment))
    yield other
    other.database.close()


class Caller:
    """A caller of the API with one key: paths and bodies in, responses out."""

    def __init__(self, client: FlaskClient, key: str | None) -> None:
        """Without a key, the requests bear none."""
        self.client = client
        self.headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """GET with the key."""
        return self.client.get(path, headers={**self.headers, **kwargs.pop("headers", {})}, **kwargs)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **kwargs: Any) -> TestResponse:
        """POST of JSON, with an idempotency key if one is given."""
        headers = {**self.headers, **({} if key is None else {"Idempotency-Key": key}), **kwargs.pop("headers", {})}
        if body is not None:
            kwargs["json"] = body
        return self.client.post(path, headers=headers, **kwargs)

    def trade(self, body: dict[str, Any], key: str | None = None) -> TestResponse:
        """POST of a trade, under a new key unless one is given."""
        return self.post("/v1/transactions", body, key=key or a_key())

    def reverse(self, transaction_id: str, reason: str = "wrong weight", key: str | None = None) -> TestResponse:
        """POST of a reversal, under a new key unless one is given."""
        return self.post(f"/v1/transactions/{transaction_id}/reversal", {"reason": reason}, key=key or a_key())

    def register(self, count: int, **changes: Any) -> list[str]:
        """Registers residents in one go and returns their ids."""
        answers = [self.post("/v1/residents", a_registration(n, **changes)) for n in range(count)]
        return [str(answer.get_json()["resident_id"]) for answer in answers]


@pytest.fixture
def call(ledger: Ledger) -> Iterator[Callable[..., Caller]]:
    """Makes callers with the given scopes (admin without any; None for no key at all)."""
    app = create_app(ledger)

    def make(*scopes: str | None) -> Caller:
        if scopes == (None,):
            return Caller(app.test_client(), None)
        _, key = create_key(ledger, "test", [str(scope) for scope in scopes] or ["admin"])
        return Caller(app.test_client(), key)

    yield make
    app.extensions["hushi"].committer.close()


@pytest.fixture
def admin(call: Callable[..., Caller]) -> Caller:
    """A caller who may do everything."""
    return call()
