"""The version: one number, wherever Hushi tells it."""

import dataclasses
import pathlib
import subprocess
import sys
import tomllib
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from service import __version__
from service.app import FAMILIES, create_app
from service.cli.main import hushi
from service.http.openapi import build_document
from service.ledger import Ledger
from service.storage.engine import Database
from service.storage.revisions import NEWEST_REVISION
from tests.conftest import Caller

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture
def engine_name() -> str:
    """The version does not depend on the engine; one is enough."""
    return "sqlite"


def test_the_package_is_built_under_the_version_that_the_service_tells() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__


def test_anybody_may_ask_for_the_version(call: Callable[..., Caller]) -> None:
    answer = call(None).get("/version")
    assert answer.status_code == 200
    assert answer.get_json() == {"name": "hushi", "version": __version__, "schema_revision": NEWEST_REVISION}


def test_the_version_is_told_while_the_database_is_away(ledger: Ledger, tmp_path: pathlib.Path) -> None:
    gone = Database(f"sqlite:///{tmp_path}/nowhere/ledger.db")
    caller = Caller(create_app(dataclasses.replace(ledger, database=gone)).test_client(), None)
    assert caller.get("/health/ready").status_code == 503
    assert caller.get("/version").get_json()["version"] == __version__


def test_the_reference_and_the_command_tell_the_same_version() -> None:
    assert build_document(FAMILIES)["info"]["version"] == __version__
    assert CliRunner().invoke(hushi, ["--version"]).output == f"hushi, version {__version__}\n"


def test_a_checkout_that_is_not_installed_knows_its_version() -> None:
    """Without the folder of the installed packages there is no metadata to read a version from."""
    asked = "import sys; sys.path.insert(0, '.'); import service; print(service.__version__)"
    told = subprocess.run([sys.executable, "-I", "-S", "-c", asked], cwd=ROOT, capture_output=True, text=True)
    assert told.stdout.strip() == __version__, told.stderr


@pytest.mark.parametrize("package", ["service", "schemas"])
def test_the_packages_are_marked_as_typed(package: str) -> None:
    """What a wheel holds of the packages is tests/test_deployment.py's: every file of theirs."""
    assert (ROOT / package / "py.typed").is_file()
