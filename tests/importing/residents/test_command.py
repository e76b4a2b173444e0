"""`hushi residents import` as clerks use it: cut off and run again, twice at once, on a terminal."""

import os
import pathlib
import pty
import signal
import subprocess
import threading
import time

import pytest

from service.domain.keys import OPERATOR_KEY_ID, OPERATOR_NAME
from service.importing.registering import LINES_PER_COMMIT
from service.ledger import Ledger
from service.queries.residents import get_resident
from service.queries.verifying import verify
from service.storage.keys import Recorder
from tests.importing.files import write_csv
from tests.importing.residents.tables import row, run
from tests.servers import HUSHI, call_hushi, run_hushi

EXAMPLE = pathlib.Path(__file__).parents[3] / "examples" / "residents-zh.csv"


def _registered(ledger: Ledger) -> int:
    with ledger.database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM resident").scalar_one())


def test_an_import_that_was_killed_is_finished_by_running_it_again(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    lines = LINES_PER_COMMIT * 16
    path = write_csv(tmp_path, *(row(n) for n in range(lines)))
    running = subprocess.Popen([HUSHI, "residents", "import", str(path)], env={**os.environ, **environment})
    while not _registered(ledger):
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    before = _registered(ledger)
    assert 0 < before < lines
    assert before % LINES_PER_COMMIT == 0

    again = run_hushi(environment, "residents", "import", str(path))

    assert again.stdout == f"{lines - before} registered, {before} known already, 0 refused\n"
    assert _registered(ledger) == lines
    verify(ledger)


def test_two_imports_of_one_table_at_once_register_each_resident_once(
    ledger: Ledger, other_ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    path = write_csv(tmp_path, *(row(n) for n in range(LINES_PER_COMMIT * 4)))
    tallies: list[list[int]] = []
    together = threading.Barrier(2)

    def register(one: Ledger) -> None:
        together.wait()
        tallies.append(run(one, path)[0])

    threads = [threading.Thread(target=register, args=[one]) for one in (ledger, other_ledger)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(tally[0] for tally in tallies) == _registered(ledger) == LINES_PER_COMMIT * 4
    assert [sum(tally) for tally in tallies] == [LINES_PER_COMMIT * 4] * 2
    assert [tally[2] for tally in tallies] == [0, 0]
    verify(ledger)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_refused_lines_are_told_one_a_line_and_written_to_no_file(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    rows = [row(0), *(row(n, 姓名="1") for n in range(1, 31))]
    path = write_csv(tmp_path, *rows)
    checked = call_hushi(environment, "residents", "import", str(path), "--check")
    assert checked.exit_code == 1
    assert checked.stdout == "1 would be registered, 0 known already, 30 would be refused; nothing is written\n"
    assert _registered(ledger) == 0
    ran = call_hushi(environment, "residents", "import", str(path))
    assert (ran.exit_code, ran.stdout) == (1, "1 registered, 0 known already, 30 refused\n")
    assert ran.stderr == checked.stderr
    assert [line.partition(":")[0] for line in ran.stderr.splitlines()] == [f"line {n}" for n in range(3, 33)]
    assert sorted(each.name for each in tmp_path.glob("*.csv*")) == [path.name]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_table_that_breaks_off_late_tells_how_far_it_came(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    path = write_csv(tmp_path, *(row(n) for n in range(300)))
    path.write_text(path.read_text("utf-8") + "x" * 1_000_001 + "\n", "utf-8")
    broken = call_hushi(environment, "residents", "import", str(path))
    assert (broken.exit_code, broken.stdout) == (1, "300 registered, 0 known already, 0 refused\n")
    assert "Line 302 is longer than" in broken.stderr


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_example_is_registered_in_order(ledger: Ledger, environment: dict[str, str]) -> None:
    ran = call_hushi(environment, "residents", "import", str(EXAMPLE))
    assert (ran.exit_code, ran.stdout) == (0, "8 registered, 0 known already, 0 refused\n")
    last = get_resident(ledger, 8)
    assert (last.name, last.recorded_by) == ("示****仁", Recorder(OPERATOR_KEY_ID, OPERATOR_NAME))


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_progress_bar_moves_on_a_terminal_only(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    path = write_csv(tmp_path, row(0))
    shown, terminal = pty.openpty()
    command = [str(HUSHI), "residents", "import", str(path)]
    subprocess.run(command, env={**os.environ, **environment}, stderr=terminal, stdout=terminal)
    os.close(terminal)
    text = b""
    while piece := _read(shown):
        text += piece
    os.close(shown)
    assert "━━━━━" in text.decode()
    assert "100%" in text.decode()
    assert run_hushi(environment, "residents", "import", str(path)).stderr == ""


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # A pseudo terminal whose other side is closed ends so.
        return b""
