"""Requests that are large in an unusual way: what is told of them, and the memory that they take, has limits."""

import gc
import pathlib
import re

import orjson
import psutil
import pytest

from schemas.strict import ERRORS_TOLD_MAX, NAME_TOLD_MAX
from service.commands.keys import create_key
from service.http.api.batches import ERRORS_TOLD_OF_A_LINE_MAX, _read
from service.http.lines import PARTS_MAX, read_lines
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import serving

LINES = 10_000
GROWTH_MIB_MAX = 300
ANSWER_BYTES_MAX = 8_000_000


def unknown_lines(lines: int, fields: int) -> bytes:
    """Lines of fields that nobody knows."""
    named = ",".join(f'"f{n}":1' for n in range(fields))
    return b"\n".join(b'{"key":"k%d",%b}' % (n, named.encode()) for n in range(lines))


def test_an_object_of_unknown_fields_is_told_the_first_of_them(admin: Caller) -> None:
    answer = admin.trade({**a_trade(), **{f"f{n}": 1 for n in range(10_000)}})
    assert answer.status_code == 422
    assert len(answer.get_json()["errors"]) == ERRORS_TOLD_MAX
    assert answer.get_json()["detail"] == f"10000 field(s) can't be used; errors names the first {ERRORS_TOLD_MAX}."


def test_what_is_known_and_wrong_is_told_beside_what_is_unknown(admin: Caller) -> None:
    answer = admin.trade({**{f"f{n}": 1 for n in range(10_000)}, **a_trade(amount_cny="1.555")})
    assert "/amount_cny" in {error["pointer"] for error in answer.get_json()["errors"]}
    assert answer.get_json()["detail"].startswith("10001 field(s)")


def test_a_field_with_an_endless_name_is_named_by_its_beginning(admin: Caller) -> None:
    answer = admin.trade({**a_trade(), "x" * 10_000: 1})
    assert answer.get_json()["errors"][0]["pointer"] == f"/{'x' * NAME_TOLD_MAX}…"


def test_a_query_of_many_unknown_parameters_is_told_the_first_of_them(admin: Caller) -> None:
    query = "&".join(f"f{n}=1" for n in range(1000))
    assert len(admin.get(f"/v1/transactions?{query}").get_json()["errors"]) == ERRORS_TOLD_MAX
    assert len(admin.get(f"/v1/transactions?{query}&{query}").get_json()["errors"]) == ERRORS_TOLD_MAX


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("media_type", "part"), [("application/json", b"{}"), ("application/x-ndjson", b"\n"), ("text/csv", b"1")]
)
def test_a_batch_of_too_many_parts_is_refused_before_it_is_read(media_type: str, part: bytes, admin: Caller) -> None:
    body = b'{"items":[' + (part + b",") * (PARTS_MAX + 1) + b"1]}"
    answer = admin.client.post("/v1/transactions/batch", data=body, content_type=media_type, headers=admin.headers)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["code"] == "too-many-parts"


def test_the_lines_that_are_wrong_go_when_they_are_answered() -> None:
    """What holds each other stays until Python looks for cycles, which is rarely: 200 MB for each batch."""
    gc.collect()
    gc.disable()
    try:
        assert _read_lines(unknown_lines(20, 30) + b"\n{") == 21
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = [one for one in gc.garbage if type(one).__name__ in {"FieldError", "Line", "frame", "traceback"}]
        gc.garbage.clear()
    finally:
        gc.set_debug(0)
        gc.enable()
    assert left == []


def _read_lines(body: bytes) -> int:
    lines, _ = read_lines("application/x-ndjson", body, None)
    readings = [_read(line, 1, "request") for line in lines]
    return len(readings)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_batch_of_unknown_fields_takes_little_memory_and_gets_a_short_answer(
    environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    headers = {"Authorization": f"Bearer {create_key(ledger, 'test', ['admin'])[1]}"}
    body = orjson.Fragment(b'{"items":[' + unknown_lines(LINES, 40).replace(b"\n", b",") + b"]}")
    with serving(environment, tmp_path / "log", "--workers", "1") as server:
        workers = psutil.Process(server.process.pid).children()
        server.ask("GET", "/v1/ledger", None, headers)
        before = [_peak_mib(worker) for worker in workers]
        status, answer, told = server.ask("POST", "/v1/transactions/batch", body, headers)
        grown = [_peak_mib(worker) - peak for worker, peak in zip(workers, before, strict=True)]
    assert (status, answer["refused"]) == (200, LINES)
    assert int(told["content-length"]) < ANSWER_BYTES_MAX
    assert len(answer["items"][0]["problem"]["errors"]) == ERRORS_TOLD_OF_A_LINE_MAX
    assert answer["items"][LINES - 1]["problem"]["detail"].startswith("47 field(s) can't be used")
    assert max(grown) < GROWTH_MIB_MAX


def _peak_mib(process: psutil.Process) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) // 1024
