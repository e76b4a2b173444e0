"""Secrets of another ledger: every command that opens a ledger refuses them, and leaves it as it is."""

import json
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import click
import psutil
import pytest

from service.cli.main import hushi
from service.commands.groups import create_group
from service.commands.keys import create_key
from service.config import SettingError, read_settings
from service.ledger import Ledger, open_ledger
from service.queries.backing_up import back_up
from service.queries.secrets import refuse_foreign_secrets
from service.queries.verifying import verify
from service.storage import copying
from service.storage.engine import Database
from service.vault import create_secrets
from tests.builders import a_trade, secrets_with_another_ring
from tests.conftest import Caller
from tests.servers import call_hushi, free_port, run_hushi, serving

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"
OPENS_NO_LEDGER = {"completion", "secrets create"}
REPORT = ("--period", "2024-06")
CALLED_WITH: dict[str, tuple[str, ...]] = {
    "backup": ("{folder}/new.zip",),
    "batches add": (
        "--enterprise-id",
        "E00000001",
        "--transfer-id",
        "T00000001",
        "--processed-on",
        "2024-07-05",
        "--commodity",
        "切片熟牛肉",
        "--quantity-kg",
        "23500",
    ),
    "batches list": (),
    "batches reverse": ("B00000001", "--reason", "x"),
    "batches show": ("B00000001",),
    "consignments list": (),
    "consignments propose": ("EL-1", "--day", "2024-06-30", "--group-id", "G000001"),
    "consignments register": (
        "--consignment",
        "EL-1",
        "--arrived-at",
        "2024-06-30T09:30:00+08:00",
        "--category",
        "meat",
        "--commodity",
        "冻马肉",
        "--origin",
        "MN",
        "--quantity-kg",
        "25000",
        "--amount-cny",
        "416750.00",
    ),
    "consignments reverse": ("EL-1", "--reason", "x"),
    "consignments show": ("EL-1",),
    "consignments split": ("EL-1", "--proposal", "x"),
    "db check": (),
    "db upgrade": (),
    "demo": ("--if-empty",),
    "enterprises add": (
        "--name",
        "示例肉类加工厂",
        "--credit-code",
        "91350100M000100Y43",
        "--kind",
        "processor",
        "--valid-from",
        "2024-01-01",
    ),
    "enterprises list": (),
    "enterprises status": ("E00000001", "suspended", "--reason", "x"),
    "export": ("--format", "csv"),
    "fold": (),
    "import": (str(EXAMPLES / "transactions-en.csv"),),
    "keys create": ("--name", "clerk", "--scope", "admin"),
    "keys list": (),
    "keys revoke": ("1",),
    "mandates give": (
        "--representative-id",
        "R00000001",
        "--resident-id",
        "R00000002",
        "--valid-from",
        "2024-06-30",
        "--valid-until",
        "2024-12-31",
    ),
    "mandates list": (),
    "mandates withdraw": ("M00000001", "--reason", "x"),
    "report brief": REPORT,
    "report processing": REPORT,
    "report residents": REPORT,
    "report signals": ("--period", "2024-06"),
    "report trade": REPORT,
    "report warnings": REPORT,
    "residents import": (str(EXAMPLES / "residents-zh.csv"),),
    "restore": ("{folder}/backup.zip",),
    "rules add": (str(EXAMPLES / "rules.json"),),
    "rules check": (str(EXAMPLES / "rules.json"),),
    "rules list": (),
    "serve": ("--port", "{port}"),
    "transfers add": (
        "--enterprise-id",
        "E00000001",
        "--purpose",
        "processing",
        "--transferred-on",
        "2024-07-01",
        "--consignment",
        "EL-1",
    ),
    "transfers import": (str(EXAMPLES / "deliveries-zh-gb18030.csv"),),
    "transfers list": (),
    "transfers reverse": ("T00000001", "--reason", "x"),
    "transfers show": ("T00000001",),
    "verify": (),
    "welcome": (),
}


def _all_commands(group: click.Group, before: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _all_commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_no_command_is_forgotten_here() -> None:
    """A new command has to be called below, or to open no ledger."""
    assert set(_all_commands(hushi)) == {*CALLED_WITH, *OPENS_NO_LEDGER}


def _rows(database: Database) -> dict[str, list[bytes]]:
    with database.reading() as connection:
        return {table: list(copying.read_lines(connection, table)) for table in copying.columns()}


@pytest.fixture
def foreign(environment: dict[str, str], tmp_path: pathlib.Path) -> dict[str, str]:
    """The same ledger with the secrets of another one."""
    create_secrets(tmp_path / "foreign.json")
    return {**environment, "HUSHI_SECRETS_FILE": str(tmp_path / "foreign.json")}


def test_every_command_refuses_them_where_only_a_key_was_made(
    ledger: Ledger, foreign: dict[str, str], tmp_path: pathlib.Path, subtests: pytest.Subtests
) -> None:
    """There is no resident yet whose name would not open: the register tells."""
    create_key(ledger, "first", ["admin"])
    back_up(ledger, tmp_path / "backup.zip")
    before = _rows(ledger.database)
    for name, arguments in CALLED_WITH.items():
        with subtests.test(name):
            said = [text.format(folder=tmp_path, port=free_port()) for text in arguments]
            refused = call_hushi(foreign, *name.split(), *said)
            assert isinstance(refused.exception, SettingError), refused.output
            assert "names the wrong secrets" in str(refused.exception)
            assert refused.stdout == ""
            assert _rows(ledger.database) == before
    assert not (tmp_path / "new.zip").exists()


@pytest.mark.parametrize("ring", ["encryption", "index"])
def test_every_command_refuses_another_ring(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path, ring: str,
    subtests: pytest.Subtests,
) -> None:  # fmt: skip
    admin.register(2)
    admin.trade(a_trade())
    back_up(ledger, tmp_path / "backup.zip")
    other = secrets_with_another_ring(pathlib.Path(environment["HUSHI_SECRETS_FILE"]), ring)
    before = _rows(ledger.database)
    for name, arguments in CALLED_WITH.items():
        with subtests.test(name):
            said = [text.format(folder=tmp_path, port=free_port()) for text in arguments]
            refused = call_hushi({**environment, "HUSHI_SECRETS_FILE": str(other)}, *name.split(), *said)
            assert isinstance(refused.exception, SettingError), refused.output
            assert _rows(ledger.database) == before


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_verify_names_wrong_secrets_in_one_line_and_no_tampering(
    ledger: Ledger, admin: Caller, foreign: dict[str, str]
) -> None:
    admin.register(1)
    admin.trade(a_trade())
    said = run_hushi(foreign, "verify")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("hushi: HUSHI_SECRETS_FILE names the wrong secrets: it does not belong to this ledg")
    assert len(said.stderr.splitlines()) == 1


def _rotated(environment: dict[str, str], *kept: str) -> dict[str, Any]:
    """The secrets with a second key in both rings, which is the current one; only some are kept."""
    document: dict[str, Any] = json.loads(pathlib.Path(environment["HUSHI_SECRETS_FILE"]).read_bytes())
    more = pathlib.Path(environment["HUSHI_DATA_DIR"]) / "more.json"
    if not more.exists():
        create_secrets(more)
    newest = json.loads(more.read_bytes())
    for ring in ("encryption", "index"):
        keys = {"k1": document[ring]["keys"]["k1"], "k2": newest[ring]["keys"]["k1"]}
        document[ring] = {"current": kept[-1], "keys": {name: keys[name] for name in kept}}
    return document


def _with(environment: dict[str, str], *kept: str) -> dict[str, str]:
    path = pathlib.Path(environment["HUSHI_DATA_DIR"]) / f"{'-'.join(kept)}.json"
    path.touch(0o600)
    path.write_text(json.dumps(_rotated(environment, *kept)))
    return {**environment, "HUSHI_SECRETS_FILE": str(path)}


def test_keys_can_be_rotated_and_none_of_them_may_be_lost(
    ledger: Ledger, admin: Caller, environment: dict[str, str]
) -> None:
    """What was recorded before the rotation and after it is verified with both, and neither alone will do."""
    admin.register(3)
    create_group(ledger, "东", "village")
    both = _with(environment, "k1", "k2")
    rotated = open_ledger(read_settings(both))
    for number in range(4):
        create_group(rotated, f"西{number}", "village")

    right = call_hushi(both, "verify")
    assert right.exit_code == 0, right.output
    refuse_foreign_secrets(rotated)
    rotated.database.close()
    for lost in ("k1", "k2"):
        left = _with(environment, *({"k1", "k2"} - {lost}))
        for command in (("verify",), ("keys", "list")):
            refused = call_hushi(left, *command)
            assert isinstance(refused.exception, SettingError), refused.output
    assert call_hushi(both, "keys", "list").exit_code == 0


def test_a_changed_fact_is_no_foreign_secret_to_verify(ledger: Ledger, admin: Caller) -> None:
    """Those who may write stop at it; `hushi verify` is asked what it is, and says which row it is."""
    admin.register(1)
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("UPDATE resident SET settlement = 'x' WHERE ordinal = 1")
    with pytest.raises(SettingError, match="hushi verify would tell"):
        refuse_foreign_secrets(ledger)
    with pytest.raises(Exception, match="Row 1 of resident is not what was recorded as fact 2"):
        verify(ledger)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_worker_that_takes_anothers_place_looks_at_the_secrets_again(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """The file was exchanged while the server ran: nobody is registered under the keys of another ledger."""
    create_key(ledger, "first", ["admin"])
    log, secrets = tmp_path / "log", pathlib.Path(environment["HUSHI_SECRETS_FILE"])
    with serving(environment, log, "--workers", "1") as server:
        secrets.rename(tmp_path / "kept.json")
        create_secrets(secrets)
        for child in psutil.Process(server.process.pid).children():
            if "service.server.folder" not in child.cmdline():
                child.kill()
        until = time.monotonic() + 15
        while "names the wrong secrets" not in log.read_text() and time.monotonic() < until:
            time.sleep(0.05)
    assert "names the wrong secrets" in log.read_text()
