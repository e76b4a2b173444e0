"""A ledger that is built once for each engine. Tests roll their changes back (tests.tampering.verdict_after)."""

import contextlib
import itertools
import pathlib
import shutil
from collections.abc import Iterator

import pytest

from service.app import create_app
from service.commands.folding import fold
from service.commands.keys import create_key, revoke_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.vault import create_secrets
from tests.builders import a_registration, a_trade
from tests.conftest import Caller
from tests.postgresql import PostgreSQL
from tests.recycling import TEMPLATE
from tests.verifying.sent_on import send_on

_numbers = itertools.count(1)


@contextlib.contextmanager
def _environment(engine: str, request: pytest.FixtureRequest, folder: pathlib.Path) -> Iterator[dict[str, str]]:
    """The variables of a migrated, empty ledger of its own."""
    name = f"verified_{next(_numbers)}"
    url = f"sqlite:///{folder}/{name}.db"
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / f"{name}.db")
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        url = server.url(name)
    create_secrets(folder / "secrets.json")
    yield {
        "HUSHI_DATABASE_URL": url,
        "HUSHI_DATA_DIR": str(folder),
        "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
        "HUSHI_LOG_LEVEL": "WARNING",
    }
    if engine == "postgresql":
        request.getfixturevalue("postgresql").execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def built_environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The variables of the ledger of the market."""
    with _environment(request.param, request, tmp_path_factory.mktemp("verified")) as environment:
        yield environment


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def sent_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger whose goods have gone on, and that was never folded (tests.verifying.sent_on tells what is in it)."""
    with _environment(request.param, request, tmp_path_factory.mktemp("sent_on")) as environment:
        ledger = open_ledger(read_settings(environment))
        send_on(ledger)
        yield ledger
        ledger.database.close()


@pytest.fixture(scope="session")
def market(built_environment: dict[str, str]) -> Iterator[Ledger]:
    """Three blocks and a tail of eight: trades, some taxed, some reversed before and after their fold.

    Residents 1 to 3 trade, 4 is suspended, was in both groups and was revealed; keys 1 and 2 live, 3 is revoked.
    """
    ledger = open_ledger(read_settings(built_environment))
    admin = _people(ledger)
    posted = []
    for number in range(24):
        body = a_trade(
            resident_id=f"R0000000{number % 3 + 1}",
            amount_cny=f"{1000 + number}.00",
            hs_code=["02044200", "110100"][number % 2],
            category=["meat", "grain"][number % 2],
            traded_at=f"2024-0{number % 4 + 1}-10T10:00:00+08:00",
        )
        posted.append(admin.trade(body, f"trade-{number}").get_json()["transaction_id"])
        if number in (5, 11):
            admin.reverse(posted[number - 1])
        if number in (5, 11, 17):
            fold(ledger)
    admin.reverse(posted[0])
    admin.reverse(posted[-1])
    for number in range(2):
        refused = admin.trade(a_trade(amount_cny=f"900{number}.00", over_allowance="refuse"), f"refused-{number}")
        assert refused.status_code == 422
    admin.client.application.extensions["hushi"].committer.close()
    yield ledger
    ledger.database.close()


def _people(ledger: Ledger) -> Caller:
    """Four residents in two groups of three, and who did what to the fourth; a caller with the first key."""
    _, key = create_key(ledger, "market", ["admin"])
    create_key(ledger, "reader", ["reports:read"])
    create_key(ledger, "gone", ["admin"])
    assert revoke_key(ledger, 3)
    admin = Caller(create_app(ledger).test_client(), key)
    for name in ("东", "西", "空"):
        admin.post("/v1/groups", {"name": name, "kind": "village"})
    for number in range(4):
        settlement = ["乌兰社区", "额仁社区"][number % 2]
        group = {"group_id": "G000001"} if number % 2 else {}
        admin.post("/v1/residents", a_registration(number, settlement=settlement, valid_until="2030-12-31", **group))
    admin.post("/v1/groups/G000002/members", {"resident_ids": ["R00000003", "R00000004"]})
    for status in ("suspended", "active", "suspended"):
        admin.post("/v1/residents/R00000004/status", {"status": status, "reason": "证件", "effective_on": "2024-06-01"})
    for reason in ("窗口核对", "再次核对"):
        admin.post("/v1/residents/R00000004/reveal", {"reason": reason})
    return admin
