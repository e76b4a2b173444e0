"""The metrics of a real server: those of two processes that serve, and of the process that folds."""

import pathlib
import signal
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import a_citizen_number, a_key, a_trade
from tests.servers import Server, environment_of_new_ledger, run_hushi, serving


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment_of_new_ledger(tmp_path_factory.mktemp("watched"))


@pytest.fixture(scope="module")
def watched(environment: dict[str, str]) -> Iterator[tuple[Server, dict[str, str]]]:
    key = run_hushi(environment, "keys", "create", "--name", "k", "--scope", "admin").stdout.strip()
    log = pathlib.Path(environment["HUSHI_DATA_DIR"]) / "log"
    with serving(environment, log, "--workers", "2") as server:
        yield server, {"Authorization": f"Bearer {key}"}


def _samples(server: Server) -> dict[str, float]:
    """Each figure by its name and labels, as the text writes them."""
    text = server.ask("GET", "/metrics")[1].decode()
    return {
        sample.name + "".join(f" {label}={value}" for label, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _until(is_so: Callable[[], bool], timeout_s: float = 20) -> None:
    until = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.05)


def _post(server: Server, headers: dict[str, str], count: int) -> None:
    for _ in range(count):
        sent = {**headers, "Idempotency-Key": a_key()}
        assert server.ask("POST", "/v1/transactions", a_trade(amount_cny="10.00"), sent)[0] == 201


def test_the_process_that_folds_counts_with_those_that_serve(watched: tuple[Server, dict[str, str]]) -> None:
    server, headers = watched
    resident = {"name": "巴特尔", "id_number": a_citizen_number(1), "registered_on": "2023-06-01"}
    server.ask("POST", "/v1/residents", resident, headers)
    before = _samples(server)["hushi_entries_folded_total"]
    _post(server, headers, 8)
    _until(lambda: _samples(server)["hushi_entries_folded_total"] == before + 8)
    assert _samples(server)["hushi_fold_duration_seconds_count"] >= 1


def test_a_folder_that_begins_again_goes_on_counting(watched: tuple[Server, dict[str, str]]) -> None:
    server, headers = watched
    before = _samples(server)["hushi_entries_folded_total"]
    children = psutil.Process(server.process.pid).children()
    next(one for one in children if "service.server.folder" in one.cmdline()).send_signal(signal.SIGKILL)
    _post(server, headers, 3)
    _until(lambda: _samples(server)["hushi_entries_folded_total"] == before + 3)
