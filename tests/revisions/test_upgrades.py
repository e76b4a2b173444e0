"""From every revision of the schema: a ledger that the code of that time has made is upgraded, verifies and goes on."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from service.app import create_app
from service.commands.folding import fold_all
from service.config import read_settings
from service.ledger import open_ledger
from service.storage import schema
from service.storage.engine import Database
from tests.builders import a_trade
from tests.conftest import Caller
from tests.postgresql import PostgreSQL
from tests.revisions.kept import ENGINES, LEDGER, Kept, load, revisions, unpack
from tests.servers import call_hushi

VERSIONS = pathlib.Path(schema.__file__).parents[1] / "migrations/versions"
TRADES, REVERSALS = 12, 1


def test_a_ledger_is_kept_of_every_revision_before_this_one() -> None:
    known = sorted(path.name[:4] for path in VERSIONS.glob("0*.py"))
    assert [*revisions(), schema.NEWEST_REVISION] == known


@pytest.fixture(params=revisions())
def kept(request: pytest.FixtureRequest, engine: str, tmp_path: pathlib.Path) -> Kept:
    return unpack(str(request.param), engine, tmp_path)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(
    kept: Kept, engine: str, request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> Iterator[dict[str, str]]:
    """The settings of the kept ledger, which is in a place of its own."""
    found = {"HUSHI_DATA_DIR": str(tmp_path), "HUSHI_SECRETS_FILE": str(kept.secrets), "HUSHI_LOG_LEVEL": "WARNING"}
    if engine == "sqlite":
        yield found | {"HUSHI_DATABASE_URL": f"sqlite:///{kept.folder / LEDGER[engine]}"}
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    yield found | {"HUSHI_DATABASE_URL": load(kept, server, "of_before")}
    server.execute("DROP DATABASE of_before WITH (FORCE)")


def test_a_ledger_of_each_revision_is_upgraded_and_goes_on(
    kept: Kept, engine: str, settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """Every figure agrees, each idempotency key gets its first answer, and reports hold what was posted before."""
    revision = str(request.node.callspec.params["kept"])
    database = Database(settings["HUSHI_DATABASE_URL"])
    assert schema.find_revision(database) == revision
    database.close()
    assert call_hushi(settings, "db", "upgrade").output == f"The schema is at revision {schema.NEWEST_REVISION}.\n"
    assert call_hushi(settings, "db", "check").exit_code == 0
    verified = call_hushi(settings, "verify")
    assert (verified.exit_code, verified.output.split()[0]) == (0, str(TRADES + REVERSALS)), verified.output
    ledger = open_ledger(read_settings(settings))
    app = create_app(ledger)
    clerk = Caller(app.test_client(), kept.told["key"])
    _goes_on(clerk, kept.told)
    fold_all(ledger)
    app.extensions["hushi"].committer.close()
    ledger.database.close()
    assert call_hushi(settings, "verify").exit_code == 0


def _goes_on(clerk: Caller, told: dict[str, Any]) -> None:
    for name, trade in told["trades"].items():
        again = clerk.trade(a_trade(), name)
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true"), again.get_json()
        assert {**again.get_json(), **trade} == again.get_json()
    refused = clerk.trade(a_trade(amount_cny="9000.00", over_allowance="refuse"), "refused")
    assert (refused.status_code, refused.get_json()["code"]) == (422, told["refusal"])
    assert _count(clerk) == TRADES - REVERSALS
    assert clerk.trade(a_trade(traded_at="2024-07-01T09:00:00+08:00")).status_code == 201
    assert _count(clerk) == TRADES - REVERSALS + 1


def _count(clerk: Caller) -> int:
    report = clerk.get("/v1/reports/trade?period=2024&compare=none").get_json()
    return int(report["total"]["transactions"]["current"])
