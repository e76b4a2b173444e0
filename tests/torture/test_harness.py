"""The parts of the harness that need no server: what the check finds in a journal, the table, and runs in parts."""

import contextlib
import itertools
import pathlib
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator

import pytest

from service.commands.posting import post
from service.domain.transactions import Transaction
from tests.recounting import read_journal
from tests.small_market import opened, post_of
from tests.torture import __main__ as torture
from tests.torture import markets
from tests.torture.asking import Address, Log, NoAnswer, Request, Wire
from tests.torture.checking import Findings, compare_with_journal, over_the_limit, reversed_twice
from tests.torture.progress import Progress
from tests.torture.registry import BY_NAME, FAULTS, named
from tests.torture.running import Count, Failed, Fault, Plan
from tests.torture.table import BEGIN, END, HEAD, row_of, write_row

KILL = BY_NAME["kill-worker"]


@pytest.fixture
def engine_name() -> str:
    """One engine is enough: the check reads the journal through the service."""
    return "sqlite"


@pytest.fixture
def entry(database_url: str, environment: dict[str, str]) -> Transaction:
    """A trade of 8,000 CNY, all of it exempt."""
    with opened(database_url, environment) as ledger:
        post(ledger, [post_of({"amount_cny": "8000.00", "metadata": {"mark": "m"}})])
        return read_journal(ledger)[0]


def _other(entry: Transaction, **changes: object) -> Transaction:
    return entry._replace(transaction_id=uuid.uuid4(), **changes)  # type: ignore[arg-type] # (fields by their names)


def _told_of(*entries: Transaction) -> Log:
    log = Log()
    for entry in entries:
        answer = {"transaction_id": str(entry.transaction_id)}
        log.add(Request("trade", "/v1/transactions", {}, "k", ("m",), 201, answer))
    return log


@contextlib.contextmanager
def answering_once_per_connection() -> Iterator[Address]:
    """A server that answers a request on each connection, promises to keep it, and ends it."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.close()

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield listening.getsockname()
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            serving.join()


def test_a_trade_that_is_there_once_is_well(entry: Transaction) -> None:
    found = Findings()
    compare_with_journal(_told_of(entry), [entry], found)
    assert found.is_well
    assert over_the_limit([entry]) == reversed_twice([entry]) == []


def test_a_trade_that_is_missing_is_lost_and_one_too_many_is_doubled(entry: Transaction) -> None:
    lost, doubled, unknown = Findings(), Findings(), Findings()
    compare_with_journal(_told_of(entry), [], lost)
    compare_with_journal(_told_of(entry), [entry, _other(entry)], doubled)
    compare_with_journal(Log(), [entry], unknown)
    assert [len(lost.lost), len(doubled.doubled), len(unknown.wrong)] == [1, 1, 1]


def test_a_second_use_of_the_allowance_and_a_second_reversal_are_found(entry: Transaction) -> None:
    reversal = _other(entry, reverses=entry.transaction_id, exempt_fen=-entry.exempt_fen)
    assert over_the_limit([entry, _other(entry)])
    assert over_the_limit([entry, reversal]) == []
    assert reversed_twice([entry, reversal, _other(reversal)])


def _count(acknowledged: int) -> Count:
    return Count(2, Findings(acknowledged=acknowledged))


def test_each_row_of_the_table_is_replaced_by_its_own_program_only(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    order = [fault.told for fault in FAULTS]
    plans = [Plan(fault, engine, 2, 1, tmp_path) for engine in ("sqlite", "postgresql") for fault in FAULTS[:2]]
    for plan in reversed(plans):
        write_row(row_of(plan, _count(5)), order, page)
    write_row(row_of(plans[0], _count(1234)), order, page)
    rows = page.read_text().splitlines()[4:-2]
    assert page.read_text().startswith(f"before\n{BEGIN}\n{HEAD[0]}\n")
    assert [(row.split(" | ")[1], row.split(" | ")[3]) for row in rows] == [
        ("postgresql", "5"), ("sqlite", "1,234"), ("postgresql", "5"), ("sqlite", "5"),
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]


def test_a_part_that_has_run_is_not_run_again_with_the_same_seed(tmp_path: pathlib.Path) -> None:
    Progress(KILL, "sqlite", 1, 40, tmp_path).keep(21, _count(7))
    found = Progress(KILL, "sqlite", 1, 40, tmp_path).find(21)
    assert found is not None
    assert (found.cycles, found.findings.acknowledged) == (2, 7)
    assert Progress(KILL, "sqlite", 1, 40, tmp_path).find(1) is None
    assert Progress(KILL, "sqlite", 2, 40, tmp_path).find(21) is None


def test_a_seed_decides_a_cycle_and_a_failure_names_the_command_that_runs_it_again(tmp_path: pathlib.Path) -> None:
    plan = Plan(KILL, "sqlite", 20, 5, tmp_path, first=21)
    assert plan.chance(37).random() == Plan(KILL, "sqlite", 1, 5, tmp_path, first=37).chance(37).random()
    assert plan.chance(37).random() != plan.chance(38).random()
    assert plan.replay(37) == "make torture FAULTS=kill-worker ENGINES=sqlite CYCLES=1 SEED=5 FIRST=37"


def test_faults_are_named_by_name_or_group() -> None:
    assert [fault.name for fault in named("kill-folder, kill-worker")] == ["kill-worker", "kill-folder"]
    assert {fault.group for fault in named("kills storms")} == {"kills", "storms"}
    assert named("") == list(FAULTS)
    with pytest.raises(SystemExit, match="no fault nothing"):
        named("nothing")


def test_a_read_is_asked_again_on_a_kept_connection_that_has_ended_and_a_post_is_not() -> None:
    with answering_once_per_connection() as address:
        wire = Wire(lambda: address, {})
        assert wire.ask("GET", "/")[0] == 200
        assert wire.ask("GET", "/")[0] == 200
        with pytest.raises(NoAnswer):
            wire.ask("POST", "/", {})
        assert wire.ask("POST", "/", {})[0] == 200
        wire.close()


BYTES = 12


def _strike_at_each(plan: Plan) -> Count:
    """A fault that has a cycle for each of 12 bytes, in no time, and that fails at byte 7."""
    if 7 in plan.numbers and plan.seed == 7:
        raise Failed("at byte 7")
    return Count(cycles=len([byte for byte in plan.numbers if byte <= BYTES]))


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_parts_run_at_once_until_there_are_no_more(
    jobs: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fault = Fault("each-byte", "connections", 0, _strike_at_each, part=5)
    monkeypatch.setattr(torture, "FAULTS", (fault,))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for seed, counted in (("6", [(5, 5), (5, 5), (5, 2)]), ("7", [(5, 5), (5, None), (5, 2)])):
        monkeypatch.setattr("sys.argv", ["torture", "--jobs", jobs, "--seed", seed])
        progress = Progress(fault, "sqlite", int(seed), 0, tmp_path)
        found = torture._counts(fault, "sqlite", torture._arguments(), progress)
        assert [(size, count and count.cycles) for size, count in itertools.islice(found, 3)] == counted
        found.close()
        assert {first: part["cycles"] for first, part in progress.parts.items()} == {
            str(1 + 5 * place): cycles for place, (_, cycles) in enumerate(counted) if cycles
        }
    assert capfd.readouterr().err.startswith("FAILED at byte 7\n")


TAKES_A_PORT = "from tests.torture.markets import quiet_port; print(quiet_port(), flush=True); input()"


def test_a_port_is_taken_by_one_process_also_while_its_server_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", TAKES_A_PORT], stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        monkeypatch.setattr(markets, "PORTS", range(port, port + 1))
        with pytest.raises(AssertionError, match="every port"):
            markets.quiet_port()
        other.communicate("\n")
    assert markets.quiet_port() == port
