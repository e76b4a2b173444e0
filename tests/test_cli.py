"""The hushi command: settings, keys, the schema, importing."""

import dataclasses
import datetime
import json
import pathlib
import subprocess

import pytest

from service.commands.folding import fold
from service.commands.residents import Registration, register
from service.config import SettingError
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache, list_api_keys
from service.queries.ledger_state import LedgerStateReader
from service.queries.secrets import refuse_foreign_secrets
from service.vault import load_vault
from tests.builders import a_citizen_number, a_trade, secrets_with_another_ring
from tests.conftest import Caller
from tests.servers import HUSHI, call_hushi, free_port, run_hushi

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUSHI_DATABASE_URL", "mysql://localhost/x"),
        ("HUSHI_DATABASE_URL", "nonsense"),
        ("HUSHI_DATABASE_URL", "sqlite://"),
        ("HUSHI_DATABASE_URL", "sqlite:///x.db?mode=ro"),
        ("HUSHI_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/x"),
        ("HUSHI_DATABASE_URL", "postgresql+psycopg://u:p@host:abc/x"),
        ("HUSHI_DATA_DIR", __file__),
        ("HUSHI_DATA_DIR", "/proc/nothing"),
        ("HUSHI_LOG_LEVEL", "LOUD"),
        ("HUSHI_SECRETS_FILE", "/nonexistent/secrets.json"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    tmp_path: pathlib.Path, name: str, value: str
) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    environment = {"HUSHI_DATA_DIR": str(tmp_path), "HUSHI_LOG_LEVEL": "INFO"}
    if value.startswith("postgresql"):
        from service.vault import create_secrets

        (tmp_path / "secrets.json").unlink()
        create_secrets(tmp_path / "secrets.json")
        environment["HUSHI_SECRETS_FILE"] = str(tmp_path / "secrets.json")
    stopped = run_hushi({**environment, name: value}, "serve", "--port", str(free_port()))
    assert stopped.returncode == 2, stopped
    assert len(stopped.stderr.splitlines()) == 1
    assert name in stopped.stderr


def test_postgresql_needs_a_secrets_file(tmp_path: pathlib.Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/x"
    stopped = run_hushi({"HUSHI_DATA_DIR": str(tmp_path), "HUSHI_DATABASE_URL": url}, "db", "check")
    assert stopped.returncode == 2
    assert stopped.stderr.startswith("hushi: HUSHI_SECRETS_FILE is required")


@pytest.mark.parametrize("ring", ["encryption", "index"])
def test_secrets_of_another_ledger_are_refused(environment: dict[str, str], ledger: Ledger, ring: str) -> None:
    """Each ring is checked: with another index key the same citizen would be registered a second time."""
    _register(ledger, 0)
    other = secrets_with_another_ring(pathlib.Path(environment["HUSHI_SECRETS_FILE"]), ring)
    serve = ("serve", "--port", str(free_port()))
    stopped = run_hushi({**environment, "HUSHI_SECRETS_FILE": str(other)}, *serve)
    assert stopped.returncode == 2
    assert "does not belong to this ledger" in stopped.stderr


@pytest.mark.parametrize("ring", ["encryption", "index"])
def test_secrets_without_the_newest_or_the_oldest_key_are_refused(
    environment: dict[str, str], ledger: Ledger, ring: str
) -> None:
    old = pathlib.Path(environment["HUSHI_SECRETS_FILE"])
    rotated = secrets_with_another_ring(old, ring)
    document, newest = json.loads(old.read_bytes()), json.loads(rotated.read_bytes())
    document[ring] = {"current": "k2", "keys": {**document[ring]["keys"], "k2": newest[ring]["keys"]["k1"]}}
    _register(ledger, 0)
    rotated.write_text(json.dumps(document))
    both = dataclasses.replace(ledger, vault=load_vault(rotated))
    _register(both, 1)

    refuse_foreign_secrets(both)
    del document[ring]["keys"]["k1"]
    rotated.write_text(json.dumps(document))
    for lacking in (ledger, dataclasses.replace(ledger, vault=load_vault(rotated))):
        with pytest.raises(SettingError, match="does not belong to this ledger"):
            refuse_foreign_secrets(lacking)


def _register(ledger: Ledger, number: int) -> None:
    day = datetime.date(2020, 1, 2)
    register(ledger, Registration("巴特尔", a_citizen_number(number), day, None, None, None))


def test_a_key_is_printed_alone_once_and_can_be_revoked(environment: dict[str, str], ledger: Ledger) -> None:
    made = call_hushi(environment, "keys", "create", "--name", "clerk", "--scope", "residents:read")
    key = made.stdout.strip()
    ring, state_reader = ApiKeyCache(ledger), LedgerStateReader(ledger)
    live = ring.find_live(key, state_reader.now())

    listed = call_hushi(environment, "keys", "list").stdout
    revoked = call_hushi(environment, "keys", "revoke", str(live.id if live else 0))

    assert made.stdout == f"{key}\n"
    assert key.startswith("hushi_")
    assert live is not None
    assert "clerk\tresidents:read" in listed
    assert key not in listed
    assert revoked.exit_code == 0
    # The ring has seen the key: another process's revocation reaches it with the next ledger state.
    assert ring.find_live(key, state_reader.now()) is None
    assert call_hushi(environment, "keys", "revoke", str(live.id)).exit_code == 1


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_key_that_could_not_be_shown_is_revoked(environment: dict[str, str], ledger: Ledger) -> None:
    with pathlib.Path("/dev/full").open("w") as full:
        failed = subprocess.run(
            [HUSHI, "keys", "create", "--name", "clerk", "--scope", "admin", "--scope", "admin"],
            env=environment, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert failed.returncode == 1
    assert failed.stderr.splitlines() == [
        "Key 1 for clerk: admin. It is shown this once.",
        "Key 1 could not be shown and is revoked.",
        "hushi: standard output: No space left on device",
    ]
    assert [listed.key.revoked_at is None for listed in list_api_keys(ledger)] == [False]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("keys", "create", "--scope", "admin", "--name", " "), "send 1 to 60 characters"),
        (("keys", "create", "--scope", "admin", "--name", "a\tb"), "without tabs or line breaks"),
        (("keys", "create", "--scope", "admin", "--name", "for 152501-19900101-1238"), "a citizen number stands here"),
        (("keys", "revoke", "99999999999999999999"), "is not in the range"),
        (("verify", "--head", ""), "64 hex digits"),
        (("verify", "--head", "notahash"), "64 hex digits"),
        (("verify", "--head", "0" * 63), "64 hex digits"),
    ],
)
def test_what_can_not_be_meant_is_a_wrong_use(command: tuple[str, ...], said: str) -> None:
    refused = call_hushi({}, *command)
    assert (refused.exit_code, said in refused.output) == (2, True), refused.output


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_head_is_found_however_it_was_noted(environment: dict[str, str], ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    admin.trade(a_trade())
    fold(ledger)
    head = admin.get("/v1/ledger").get_json()["hash"]
    noted = f" {head[:32].upper()} {head[32:]}\n"
    assert call_hushi(environment, "verify", "--head", noted).exit_code == 0
    assert "the chain was cut" in call_hushi(environment, "verify", "--head", "0" * 64).stdout


def test_db_check_tells_whether_schema_and_code_agree(environment: dict[str, str], ledger: Ledger) -> None:
    assert call_hushi(environment, "db", "check").exit_code == 0
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE cell ADD COLUMN surprise INTEGER")
    differing = call_hushi(environment, "db", "check")
    assert differing.exit_code == 1
    assert "surprise" in differing.stdout


@pytest.fixture
def eight_residents(ledger: Ledger) -> None:
    """The residents who trade in the example files."""
    import datetime

    for n in range(8):
        register(ledger, Registration("巴特尔", a_citizen_number(n), datetime.date(2023, 6, 1), None, None, None))


@pytest.mark.usefixtures("eight_residents")
def test_the_four_example_files_hold_the_same_trades(environment: dict[str, str], tmp_path: pathlib.Path) -> None:
    names = ("transactions-en.csv", "transactions-zh-gb18030.csv", "transactions-zh.xlsx", "transactions.ndjson")
    summaries = [
        call_hushi(environment, "import", str(EXAMPLES / name), "--refused", str(tmp_path / "refused.csv")).stdout
        for name in names
    ]
    assert summaries[0] == "40 accepted, 0 known already, 0 refused\n"
    assert set(summaries[1:]) == {"0 accepted, 40 known already, 0 refused\n"}


def test_refused_lines_are_named_and_can_be_imported_once_the_cause_is_gone(
    environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    import datetime

    file = tmp_path / "day.csv"
    file.write_text(
        "备案号,类别,品名,HS编码,原产国,重量(千克),金额(元),交易时间,单据号\n"
        "R00000001,肉类,马肉,02050000,蒙古国,100,2000.00,2024-04-01 09:30,D-1\n"
        "R00000001,肉类,马肉,02050000,蒙古国,1e3,2000.00,2024-04-01 09:30,D-2\n",
        "gb18030",
    )
    first = call_hushi(environment, "import", str(file))
    register(ledger, Registration("巴特尔", a_citizen_number(0), datetime.date(2023, 6, 1), None, None, None))
    second = call_hushi(environment, "import", str(file))

    assert (first.exit_code, first.stdout) == (1, "0 accepted, 0 known already, 2 refused\n")
    assert "line 2: unknown-resident" in first.stderr
    assert "line 3:" in first.stderr
    assert (second.exit_code, second.stdout) == (1, "1 accepted, 0 known already, 1 refused\n")
    refused = (tmp_path / "day.csv.refused.csv").read_text("utf-8-sig").splitlines()
    assert refused[0] == "line,code,reason,text"
    assert refused[1].startswith("3,")
    assert "D-2" in refused[1]


def test_a_file_that_is_no_export_is_refused_whole(
    environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "notes.csv"
    file.write_text("hello,world\n1,2\n")
    refused = call_hushi(environment, "import", str(file))
    assert refused.exit_code == 1
    assert "no known heading" in refused.stderr
