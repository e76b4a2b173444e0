"""The metrics of a real server: those of two processes that serve, and of the process that folds."""

import contextlib
import pathlib
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service import __version__
from service.http.arriving import SIGN_INS_MAX
from service.storage.revisions import NEWEST_REVISION
from tests.builders import a_citizen_number, a_key, a_trade, an_enterprise
from tests.servers import Server, environment_of_new_ledger, run_hushi, serving

MAY_DAY = "2024-05-01T09:30:00+08:00"
"""Another day than that of the other trades, so that the whole allowance is there."""


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


def _grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What has grown of the figures of entries, requests and keys."""
    counted = ("entries_", "accepted_cny", "batch_lines", "refusals", "replays", "commit_requests_", "key_failures")
    return {
        name.removeprefix("hushi_"): after[name] - before[name]
        for name in after
        if name.removeprefix("hushi_").startswith(counted) and after[name] != before[name] and "bucket" not in name
    }


def _ask_all(server: Server, headers: dict[str, str]) -> None:
    """A trade of each kind, its replay, refusals, a reversal, a batch and a transfer, each on its own connection."""

    def post(path: str, body: Any, key: str | None = None) -> tuple[int, Any]:
        status, answer, _ = server.ask("POST", path, body, {**headers, "Idempotency-Key": key or a_key()})
        return status, answer

    trade, key = a_trade(amount_cny="9000.50", traded_at=MAY_DAY), a_key()
    (status, first), replay = (post("/v1/transactions", trade, key) for _ in range(2))
    assert (status, replay[0]) == (201, 201)
    sent = post("/v1/transactions", a_trade(resident_id="R00000002", amount_cny="7.00"))[1]["transaction_id"]
    transfer = {
        "enterprise_id": post("/v1/enterprises", an_enterprise())[1]["enterprise_id"],
        "purpose": "processing", "transferred_on": "2024-07-01", "transaction_ids": [sent],
    }  # fmt: skip
    stranger = a_trade(resident_id="R00000099")
    lines = [{**a_trade(amount_cny="1.00"), "key": a_key()}, {**stranger, "key": a_key()}]
    assert [
        post("/v1/transactions", a_trade(amount_cny="100.25", direction="export", origin="CN"))[0],
        post("/v1/transactions", stranger)[0],
        post("/v1/transactions", {})[0],
        post(f"/v1/transactions/{first['transaction_id']}/reversal", {"reason": "错"})[0],
        post("/v1/transactions/batch", {"items": lines})[0],
        post("/v1/transfers", transfer)[0],
        server.ask("GET", "/v1/ledger", None, {"Authorization": "Bearer hushi_no"})[0],
        server.ask("GET", "/v1/ledger")[0],
    ] == [201, 422, 422, 201, 200, 201, 401, 401]


def test_figures_of_both_processes_are_exact(watched: tuple[Server, dict[str, str]]) -> None:
    server, headers = watched
    resident = {"name": "其木格", "id_number": a_citizen_number(2), "registered_on": "2023-06-01"}
    assert server.ask("POST", "/v1/residents", resident, headers)[0] == 201
    before = _samples(server)
    _ask_all(server, headers)
    grown = _grown(before, _samples(server))
    grown.pop("entries_folded_total", 0)
    assert grown == {
        "entries_accepted_total kind=trade": 4,
        "entries_accepted_total kind=reversal": 1,
        "entries_accepted_total kind=transfer": 1,
        "entries_replayed_total": 1,
        "entries_refused_total code=unknown-resident": 2,
        "batch_lines_total outcome=accepted": 1,
        "batch_lines_total outcome=refused": 1,
        "accepted_cny_total kind=trade part=exempt": pytest.approx(8008),
        "accepted_cny_total kind=trade part=taxable": pytest.approx(1000.5),
        "accepted_cny_total kind=trade part=export": pytest.approx(100.25),
        "accepted_cny_total kind=reversal part=exempt": pytest.approx(8000),
        "accepted_cny_total kind=reversal part=taxable": pytest.approx(1000.5),
        "refusals_total code=unknown-resident": 1,
        "refusals_total code=validation-failed": 1,
        "refusals_total code=unauthenticated": 2,
        "key_failures_total why=missing": 1,
        "key_failures_total why=unknown": 1,
        "replays_total": 1,
        "commit_requests_count": 7,
        "commit_requests_sum": 7,
    }


def test_reports_from_memory_are_counted(watched: tuple[Server, dict[str, str]]) -> None:
    server, headers = watched
    before = _samples(server)
    for _ in range(6):
        assert server.ask("GET", "/v1/reports/trade?period=2024", None, headers)[0] == 200
    after = _samples(server)
    hits, misses = (
        after[name] - before[name] for name in (f"hushi_response_cache_total result={r}" for r in ("hit", "miss"))
    )
    assert hits + misses == 6
    assert hits >= 3


def test_the_machine_and_the_processes_are_told(
    watched: tuple[Server, dict[str, str]], environment: dict[str, str]
) -> None:
    server, _ = watched
    _until(lambda: _samples(server).get("hushi_database_connections_max pool=writing") == 3)  # Each process has one.
    samples = _samples(server)
    disk = shutil.disk_usage(environment["HUSHI_DATA_DIR"])
    for of in ("ledger", "data"):
        assert samples[f"hushi_disk_bytes of={of}"] == disk.total
        assert 0 < samples[f"hushi_disk_free_bytes of={of}"] < disk.total
    folding, serving_bytes = (samples[f"hushi_resident_memory_bytes process={of}"] for of in ("folding", "serving"))
    assert 20e6 < folding < serving_bytes
    began, youngest = (samples[f"hushi_process_start_time_seconds process={of}"] for of in ("server", "serving"))
    assert time.time() - 600 < began <= youngest
    assert samples["hushi_commit_queue_length"] == 0
    assert samples[f"hushi_build_info schema={NEWEST_REVISION} version={__version__}"] == 1
    assert samples["hushi_cube_bytes"] >= 0


def test_a_server_whose_places_are_taken_says_so(watched: tuple[Server, dict[str, str]]) -> None:
    """Bodies that do not arrive take the places of sign-ins, which are the fewest."""
    server, _ = watched
    before = _samples(server)["hushi_admission_refused_total place=body"]
    half = (
        b"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 9\r\n\r\n"
    )
    with contextlib.ExitStack() as open_now:
        for _ in range(2 * SIGN_INS_MAX + 2):
            open_now.enter_context(socket.create_connection(("127.0.0.1", server.port))).sendall(half)
        _until(lambda: _samples(server)["hushi_admission_refused_total place=body"] > before)
