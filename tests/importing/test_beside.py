"""A long file is read by a second process: what comes of it is the same, and neither process outlives the other."""

import io
import os
import pathlib
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable

import psutil
import pytest
from openpyxl import Workbook

from service.importing import beside, recording
from service.ledger import Ledger
from tests.conftest import Caller
from tests.recounting import read_journal
from tests.servers import call_hushi
from tests.small_market import opened
from tests.waiting import wait_until

HEADINGS = ["备案号", "类别", "品名", "原产国", "重量(千克)", "金额(元)", "交易时间", "单据号"]
NEVER = 10**12

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the first process reads the file itself")


def _rows(count: int) -> list[list[str]]:
    """Trades of two residents; each seventh of somebody unknown, each fifth without a weight that can be read."""
    return [
        [f"R{1 + number % 2 if number % 7 else 9:08d}", "肉类", "马肉", "蒙古国", "100" if number % 5 else "x",
         f"{number}.00", "2024-04-01 09:30", f"D-{number}"]
        for number in range(1, count + 1)
    ]  # fmt: skip


def _csv(folder: pathlib.Path, count: int = 60) -> pathlib.Path:
    file = folder / "day.csv"
    file.write_text("".join(",".join(row) + "\n" for row in [HEADINGS, *_rows(count)]), "utf-8")
    return file


def _csv_that_breaks_off(folder: pathlib.Path) -> pathlib.Path:
    """Behind the lines stands one that does not end."""
    file = _csv(folder, 40)
    with file.open("a", encoding="utf-8") as more:
        more.write('R00000001,肉类,"' + "x" * 3_000_000)
    return file


def _workbook(folder: pathlib.Path) -> pathlib.Path:
    """With two hidden rows, a hidden column and a second sheet."""
    book, file = Workbook(), folder / "day.xlsx"
    sheet = book.worksheets[0]
    for row in [HEADINGS, *_rows(60)]:
        sheet.append(row)
    sheet.row_dimensions[3].hidden = sheet.row_dimensions[50].hidden = True
    sheet.column_dimensions["C"].hidden = True
    book.create_sheet("another").append(["x"])
    book.save(file)
    return file


def _broken_workbook(folder: pathlib.Path) -> pathlib.Path:
    """The sheet is cut off, as by a full stick."""
    whole, file = _workbook(folder), folder / "cut.xlsx"
    with zipfile.ZipFile(io.BytesIO(whole.read_bytes())) as parts, zipfile.ZipFile(file, "w") as cut:
        for name in parts.namelist():
            content = parts.read(name)
            cut.writestr(name, content[: len(content) * 2 // 3] if name == "xl/worksheets/sheet1.xml" else content)
    return file


@pytest.mark.parametrize("make", [_csv, _csv_that_breaks_off, _workbook, _broken_workbook])
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_is_told_and_written_is_the_same(
    make: Callable[[pathlib.Path], pathlib.Path],
    new_database: Callable[[], str],
    environment: dict[str, str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recording, "LINES_PER_COMMIT", 7)
    file, found = make(tmp_path), []
    for from_bytes in (NEVER, 0):
        monkeypatch.setattr(beside, "BESIDE_FROM_BYTES", from_bytes)
        theirs = {**environment, "HUSHI_DATABASE_URL": new_database()}
        with opened(theirs["HUSHI_DATABASE_URL"], environment) as ledger:
            report = tmp_path / f"refused-{from_bytes}.csv"
            told = call_hushi(theirs, "import", str(file), "--refused", str(report))
            written = [(entry.resident, entry.amount_fen, entry.reference) for entry in read_journal(ledger)]
        # Each report bears its own name.
        outputs = [text.replace(str(report), "REPORT") for text in (told.stdout, told.stderr)]
        found.append((told.exit_code, str(told.exception), outputs, written, report.read_bytes()))
    assert found[0] == found[1]
    assert "accepted" in found[0][2][0]
    assert found[0][3], "something is written"


def _run(environment: dict[str, str], file: pathlib.Path) -> psutil.Popen:
    """An import in a process group of its own, whose second process waits after its first chunks."""
    program = (
        "import sys, service.importing.beside as beside, service.importing.recording as recording\n"
        "beside.BESIDE_FROM_BYTES, recording.LINES_PER_COMMIT = 0, 50\n"
        f"sys.argv = ['hushi', 'import', {str(file)!r}]\n"
        "from service.cli.main import main\n"
        "main()\n"
    )
    output = subprocess.PIPE
    return psutil.Popen(
        [sys.executable, "-c", program], env={**os.environ, **environment}, stdout=output, stderr=output,
        start_new_session=True, text=True,
    )  # fmt: skip


def _reader_of(running: psutil.Popen) -> psutil.Process:
    wait_until(running.children)
    (reader,) = running.children()
    return reader


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_second_process_ends_with_the_first(
    how: signal.Signals, ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with _run(environment, _csv(tmp_path, 20_000)) as running:
        reader = _reader_of(running)
        os.killpg(running.pid, how) if how == signal.SIGINT else running.send_signal(how)
        said = running.communicate(timeout=20)[1]
        wait_until(lambda: not reader.is_running() or reader.status() == psutil.STATUS_ZOMBIE)
    assert "Traceback" not in said


def test_a_second_process_that_is_killed_is_told_and_a_second_run_adds_the_rest(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    admin.register(2)
    file = _csv(tmp_path, 4_000)
    with _run(environment, file) as running:
        reader = _reader_of(running)
        wait_until(lambda: read_journal(ledger))
        reader.kill()
        said = running.communicate(timeout=20)[1]
        assert running.returncode == 1, said
    assert "The process that read the file was ended. Run the same command again." in said
    call_hushi(environment, "import", str(file))
    entries = [entry.reference for entry in read_journal(ledger)]
    assert entries == [f"D-{number}" for number in range(1, 4_001) if number % 7 and number % 5]
