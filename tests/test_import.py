"""hushi import as clerks use it: cut off and run again, on a terminal, beside files that must not be lost."""

import csv
import datetime
import os
import pathlib
import pty
import signal
import subprocess
import time

import pytest

from service.commands.residents import Registration, register
from service.importing.sharing import ENTRIES_PER_TURN
from service.ledger import Ledger
from tests.builders import a_citizen_number
from tests.servers import HUSHI, call_hushi, run_hushi

HEADINGS = "备案号,类别,品名,原产国,重量(千克),金额(元),交易时间,单据号\n"
LINES = 7_000


def _line(number: int, **changes: str) -> str:
    cells = {
        "resident": "R00000001", "category": "肉类", "commodity": "马肉", "origin": "蒙古国", "quantity": "100",
        "amount": f"{number}.00", "at": "2024-04-01 09:30", "reference": f"D-{number}" if number % 2 else "",
    }  # fmt: skip
    return ",".join((cells | changes).values()) + "\n"


@pytest.fixture
def market(ledger: Ledger) -> Ledger:
    """A ledger with one resident."""
    register(ledger, Registration("巴特尔", a_citizen_number(0), datetime.date(2023, 6, 1), None, None, None))
    return ledger


def _file(folder: pathlib.Path, *lines: str) -> pathlib.Path:
    path = folder / "day.csv"
    path.write_text(HEADINGS + "".join(lines), "utf-8")
    return path


def _amounts(ledger: Ledger) -> list[int]:
    with ledger.database.reading() as connection:
        return sorted(row[0] for row in connection.exec_driver_sql("SELECT amount_fen FROM journal"))


def test_an_import_that_was_killed_is_finished_by_running_it_again(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = _file(tmp_path, *(_line(n) for n in range(1, LINES + 1)))
    running = subprocess.Popen([HUSHI, "import", str(file)], env={**os.environ, **environment})
    while not (posted := len(_amounts(market))):
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    posted = len(_amounts(market))
    assert ENTRIES_PER_TURN <= posted < LINES

    again = run_hushi(environment, "import", str(file))

    assert again.stdout == f"{LINES - posted} accepted, {posted} known already, 0 refused\n"
    assert _amounts(market) == [n * 100 for n in range(1, LINES + 1)]
    assert [path.name for path in tmp_path.glob("day.csv.*")] == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_file_that_breaks_off_late_tells_how_far_it_came(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = _file(tmp_path, *(_line(n) for n in range(1, 1_501)), "x" * 1_000_001 + "\n")
    broken = call_hushi(environment, "import", str(file))
    assert (broken.exit_code, broken.stdout) == (1, "1500 accepted, 0 known already, 0 refused\n")
    assert "Line 1502 is longer than" in broken.stderr
    assert len(_amounts(market)) == 1_500


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_report_of_refused_lines_opens_in_a_spreadsheet_and_goes_when_nothing_is_refused(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = _file(tmp_path, _line(1, resident="=1+1"), _line(2, category="肉"))
    report = tmp_path / "day.csv.refused.csv"
    refused = call_hushi(environment, "import", str(file))
    content = report.read_bytes()
    rows = list(csv.reader(report.read_text("utf-8-sig").splitlines()))

    assert refused.exit_code == 1
    assert content.startswith(b"\xef\xbb\xbfline,code,reason,text\r\n")
    assert [row[0] for row in rows] == ["line", "2", "3"]
    assert rows[1][3].startswith("'=1+1,")
    assert "肉类 (meat)" in rows[2][2]
    # Off a terminal, a refused line is one line, however long its reason is.
    assert len(refused.stderr.splitlines()) == 3

    _file(tmp_path, _line(1), _line(3, category="Meat"))
    clean = call_hushi(environment, "import", str(file))
    assert (clean.exit_code, clean.stdout) == (0, "2 accepted, 0 known already, 0 refused\n")
    assert "is removed: no line is refused any more" in clean.stderr
    assert not report.exists()


@pytest.mark.parametrize("name", ["day.csv", "other.csv", "/dev/null"])
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_only_an_earlier_report_is_overwritten(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path, name: str
) -> None:
    file = _file(tmp_path, _line(1, category="肉"))
    (tmp_path / "other.csv").write_text("the only copy")
    kept = {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")}
    refused = call_hushi(environment, "import", str(file), "--refused", str(tmp_path / name))
    assert refused.exit_code == 2
    assert "is no report of refused lines, and is not overwritten" in refused.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.csv*")} == kept


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_nothing_is_posted_when_the_report_can_not_be_written(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = _file(tmp_path, _line(1))
    failed = call_hushi(environment, "import", str(file), "--refused", str(tmp_path / "none" / "refused.csv"))
    assert isinstance(failed.exception, FileNotFoundError)
    assert _amounts(market) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_document_number_of_another_trade_is_called_by_its_name(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = _file(tmp_path, _line(1), _line(1, amount="2.00"))
    refused = call_hushi(environment, "import", str(file)).stderr
    assert (
        "line 3: reference-exists: In the ledger the document number (单据号) D-1 stands for another trade." in refused
    )


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_progress_bar_moves_on_a_terminal_only(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = _file(tmp_path, _line(1))
    shown, terminal = pty.openpty()
    subprocess.run([HUSHI, "import", str(file)], env={**os.environ, **environment}, stderr=terminal, stdout=terminal)
    os.close(terminal)
    text = b""
    while piece := _read(shown):
        text += piece
    os.close(shown)
    assert "━━━━━" in text.decode()
    assert "100%" in text.decode()
    assert run_hushi(environment, "import", str(file)).stderr == ""


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # A pseudo terminal whose other side is closed ends so.
        return b""
