"""`hushi transfers import` as clerks use it: checked first, cut off and run again, twice at once, refused in part."""

import csv
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.queries.verifying import verify
from service.storage.tables import metadata, transfer
from tests.builders import a_trade
from tests.conftest import Caller
from tests.importing.deliveries.tables import ON_SQLITE, PROCESSOR, Run, fill_market, recorded, row, run, truck_row
from tests.importing.files import write_bytes, write_csv
from tests.servers import HUSHI, call_hushi, run_hushi

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples"
MANY = 300


@pytest.fixture
def ids(admin: Caller) -> dict[str, str]:
    """The ids of the market's trades by their documents."""
    return fill_market(admin)


def _many_rows(admin: Caller) -> list[dict[str, object]]:
    """A delivery for each of many trades."""
    items = [
        {**a_trade(reference=f"M-{n}", quantity_kg="1", amount_cny="1.00"), "key": f"many-{n}"} for n in range(MANY)
    ]
    answer = admin.post("/v1/transactions/batch", {"items": items})
    assert answer.get_json()["accepted"] == MANY
    return [row(f"M-{n}", 合同号=f"HT-{n}") for n in range(MANY)]


def _transfers(ledger: Ledger) -> int:
    with ledger.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(transfer)).scalar_one())


def _everything(ledger: Ledger) -> str:
    with ledger.database.reading() as connection:
        return repr([connection.execute(sa.select(table)).all() for table in metadata.sorted_tables])


def test_an_import_that_was_killed_is_finished_by_running_it_again(
    admin: Caller, ids: dict[str, str], ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    path = write_csv(tmp_path, *_many_rows(admin))
    running = subprocess.Popen([HUSHI, "transfers", "import", str(path)], env={**os.environ, **environment})
    while not _transfers(ledger):
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    before = _transfers(ledger)
    assert 0 < before < MANY

    again = run_hushi(environment, "transfers", "import", str(path))

    left = MANY - before
    assert again.stdout == f"{left} transfers of {left} lines recorded, {before} known already, 0 lines refused\n"
    assert _transfers(ledger) == MANY
    verify(ledger)


def test_two_imports_of_one_table_at_once_record_each_delivery_once(
    admin: Caller, ids: dict[str, str], ledger: Ledger, other_ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    path = write_csv(tmp_path, *_many_rows(admin)[:60])
    runs: list[Run] = []
    together = threading.Barrier(2)

    def record(one: Ledger) -> None:
        together.wait()
        runs.append(run(one, path))

    threads = [threading.Thread(target=record, args=[one]) for one in (ledger, other_ledger)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.refused for one in runs] == [[], []]
    assert sum(one.tally.recorded for one in runs) == _transfers(ledger) == 60
    assert [one.tally.recorded + one.tally.known for one in runs] == [60, 60]
    verify(ledger)


@ON_SQLITE
def test_a_check_says_what_the_import_would_do_and_writes_nothing(
    ids: dict[str, str], ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    rows = [
        row("D-1", 金额="1500"),
        row("D-2"),
        row("D-3", 合同号="HT-2", **{"数量(公斤)": "60"}),
        row("D-3", 合同号="HT-3", **{"数量(公斤)": "60"}),
        row("D-4", 合同号="HT-4"),
        truck_row(合同号="HT-5"),
    ]
    path, before = write_csv(tmp_path, *rows), _everything(ledger)
    checked = call_hushi(environment, "transfers", "import", str(path), "--check")
    assert (checked.exit_code, checked.stderr) == (1, "")
    *lines, counted = checked.stdout.splitlines()
    going = "would go on to E00000001 for processing:"
    assert lines[0] == f"lines 2-3: {going} 2 trades, 200.000 kg, 3000.02 CNY"
    assert lines[1] == f"line 4: {going} 1 trade, 60.000 kg, 1800.01 CNY"
    assert lines[2].startswith("line 5: refused: quantity-exceeded: transaction_id (交易号) D-3: 40.000 kg of ")
    assert lines[3] == f"line 6: {going} 1 trade, 100.000 kg, 4000.01 CNY"
    assert lines[4] == f"line 7: {going} 1 trade, 40.000 kg, 1200.00 CNY", "what the truck has left"
    would = "4 transfers of 5 lines would be recorded, 0 known already, 1 lines would be refused"
    assert counted == f"{would}; nothing is written"
    assert _everything(ledger) == before
    assert sorted(each.name for each in tmp_path.glob("*.csv*")) == [path.name]
    ran = call_hushi(environment, "transfers", "import", str(path))
    assert (ran.exit_code, ran.stdout) == (
        1,
        "4 transfers of 5 lines recorded, 0 known already, 1 lines refused\n",
    )
    again = call_hushi(environment, "transfers", "import", str(path), "--check")
    assert again.stdout.splitlines()[0] == "lines 2-3: known already as T00000001"
    assert len(recorded(ledger)) == 4


@ON_SQLITE
def test_refused_lines_are_in_a_file_until_none_is_refused(
    ids: dict[str, str], environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    path = write_csv(tmp_path, row("D-1"), row("D-9"), row("D-3", 合同号="HT-2"), encoding="gb18030")
    refused = path.with_name(f"{path.name}.refused.csv")
    ran = call_hushi(environment, "transfers", "import", str(path))
    assert (ran.exit_code, ran.stdout) == (1, "1 transfers of 1 lines recorded, 0 known already, 2 lines refused\n")
    assert f"The refused lines are in {refused}." in ran.stderr
    lines = list(csv.reader(refused.read_text("utf-8-sig").splitlines()))
    assert [line[:2] for line in lines] == [["line", "code"], ["2", "delivery-refused"], ["3", "unknown-trade"]]
    assert lines[2][3].startswith(f"{PROCESSOR},,落地加工,2024/7/1,,D-9")
    write_csv(tmp_path, row("D-1"), row("D-2"), row("D-3", 合同号="HT-2"), encoding="gb18030")
    right = call_hushi(environment, "transfers", "import", str(path))
    assert (right.exit_code, right.stdout) == (0, "1 transfers of 2 lines recorded, 1 known already, 0 lines refused\n")
    assert not refused.exists()


@ON_SQLITE
def test_a_file_with_a_line_that_can_not_be_read_says_why_nothing_is_recorded(
    ids: dict[str, str], environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    path = write_csv(tmp_path, row("D-1"), row("D-2", 日期="昨天"))
    ran = call_hushi(environment, "transfers", "import", str(path))
    assert (ran.exit_code, ran.stdout) == (1, "0 transfers of 0 lines recorded, 0 known already, 1 lines refused\n")
    assert "Nothing is recorded, because a line that can't be read may be of any delivery." in ran.stderr
    assert recorded(ledger) == []


@ON_SQLITE
@pytest.mark.parametrize(
    ("command", "headings", "nothing"),
    [
        (("transfers", "import"), "企业,用途,日期,交易号", "0 transfers of 0 lines"),
        (("import",), "备案号,类别,品名,原产国,重量(千克),金额(元),交易时间", "0 accepted"),
    ],
)
def test_a_table_without_a_line_is_told(
    ledger: Ledger,
    environment: dict[str, str],
    tmp_path: pathlib.Path,
    command: tuple[str, ...],
    headings: str,
    nothing: str,
) -> None:
    path = write_bytes(tmp_path, f"{headings}\n".encode())
    for more in ([], ["--check"]):
        ran = call_hushi(environment, *command, str(path), *more)
        assert (ran.exit_code, ran.stderr, nothing in ran.stdout) == (0, "", True)


@ON_SQLITE
def test_a_file_that_is_no_table_of_deliveries_is_refused(
    ids: dict[str, str], environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    path = write_csv(tmp_path, {"企业": "x", "备注": "y"})
    ran = call_hushi(environment, "transfers", "import", str(path))
    assert ran.exit_code == 1
    assert '"备注" is no known heading. Known headings: enterprise (企业), credit_code (统一社会信用代码)' in ran.stderr
    other = tmp_path / "only.csv"
    other.write_text("important", "utf-8")
    kept = call_hushi(environment, "transfers", "import", str(path), "--refused", str(other))
    assert kept.exit_code in {1, 2}
    assert other.read_text("utf-8") == "important"


@ON_SQLITE
def test_the_examples_say_the_same_in_both_shapes(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    for words in (("residents", "import", "residents-zh.csv"), ("import", "transactions-zh.xlsx")):
        *command, name = words
        assert call_hushi(environment, *command, str(EXAMPLES / name)).exit_code == 0
    for name, code, kind in (
        ("示例肉类加工厂", "91152501MAEXAMP01F", "processor"),
        ("示例边贸批发行", "91152501MAEXAMP02J", "trader"),
    ):
        options = ("--name", name, "--credit-code", code, "--kind", kind, "--valid-from", "2024-01-01")
        assert call_hushi(environment, "enterprises", "add", *options).exit_code == 0
    refused = ("--refused", str(tmp_path / "refused.csv"))
    ran = call_hushi(environment, "transfers", "import", str(EXAMPLES / "deliveries-zh-gb18030.csv"), *refused)
    assert (ran.exit_code, ran.stdout) == (0, "2 transfers of 12 lines recorded, 0 known already, 0 lines refused\n")
    again = call_hushi(environment, "transfers", "import", str(EXAMPLES / "deliveries-zh.xlsx"), *refused)
    assert (again.exit_code, again.stdout) == (0, "0 transfers of 0 lines recorded, 2 known already, 0 lines refused\n")
    processing, second_market = recorded(ledger)
    assert (processing[1], len(processing[6]), processing[5]) == ("processing", 8, 5_600_000)
    assert (second_market[1], second_market[6][0][0], second_market[5]) == ("secondary_market", 34_000, None)


@ON_SQLITE
def test_a_delivery_that_was_reversed_is_told(
    ids: dict[str, str], ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    from service.commands.transfers import reverse_transfer

    path = write_csv(tmp_path, row("D-1"))
    assert call_hushi(environment, "transfers", "import", str(path)).exit_code == 0
    reverse_transfer(ledger, 1, "重复登记")
    again = call_hushi(environment, "transfers", "import", str(path))
    assert (again.exit_code, again.stdout) == (0, "0 transfers of 0 lines recorded, 1 known already, 0 lines refused\n")
    assert again.stderr.startswith("line 2: known already as T00000001; it was reversed since. To record it again, use")
