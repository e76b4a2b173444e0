"""Content-Encoding: gzip is unpacked within the limits of the address, and nothing else is taken for it."""

import gzip
import json
import time
import tracemalloc
import zlib
from typing import Any

import pytest
from werkzeug.test import TestResponse

from service.commands.keys import create_key
from service.http.admission import Admission
from service.http.bodies import BATCH_BYTES_MAX, JSON_BYTES_MAX
from service.http.entering import Entrance
from service.http.inflating import MEMBERS_MAX, unpack
from service.ledger import Ledger
from tests.builders import a_registration, a_trade
from tests.conftest import Caller

JSON = "application/json"


@pytest.fixture
def engine_name() -> str:
    """Nothing here depends on the engine; one is enough."""
    return "sqlite"


def _send(
    caller: Caller, path: str, body: bytes, encoding: str | None = "gzip", kind: str = JSON, key: str | None = None
) -> TestResponse:
    headers = {"Content-Type": kind} | ({} if encoding is None else {"Content-Encoding": encoding})
    return caller.post(path, key=key, data=body, headers=headers)


def _told(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


LINES = [{"key": f"k{n}", **a_trade()} for n in range(2)]
CSV = "\n".join(",".join(row) for row in [list(LINES[0]), *(list(line.values()) for line in LINES)])
BODIES: list[tuple[str, str, str, int]] = [
    ("/v1/residents", JSON, json.dumps(a_registration(1)), 201),
    ("/v1/transactions", JSON, json.dumps(a_trade()), 201),
    ("/v1/transactions/quote", JSON, json.dumps(a_trade()), 200),
    ("/v1/transactions/batch", JSON, json.dumps({"items": LINES}), 200),
    ("/v1/transactions/batch", "application/x-ndjson", "\n".join(map(json.dumps, LINES)), 200),
    ("/v1/transactions/batch", "text/csv", CSV, 200),
]


@pytest.mark.parametrize(("path", "kind", "text", "status"), BODIES, ids=[f"{b[0]} {b[1]}" for b in BODIES])
def test_a_packed_body_means_what_it_holds(admin: Caller, path: str, kind: str, text: str, status: int) -> None:
    admin.register(1)
    body = text.encode()
    packed = _send(admin, path, gzip.compress(body), kind=kind, key="a")
    assert packed.status_code == status, packed.text
    assert packed.get_json().get("refused", 0) == 0
    if path == "/v1/transactions":
        # The same meaning under the same key: the answer of the first.
        plain = _send(admin, path, body, None, key="a")
        assert (plain.get_json(), plain.headers["Idempotency-Replayed"]) == (packed.get_json(), "true")
    for broken in (body, gzip.compress(body)[:-9], b"\x1f\x8b" + body, gzip.compress(body) + b"\0"):
        assert _told(_send(admin, path, broken, kind=kind, key="b")) == (400, "malformed-json")
    for encoding in ("br", "deflate", "zstd", "gzip, gzip", "gzip, br", "*"):
        refused = _send(admin, path, gzip.compress(body), encoding, kind, key="b")
        assert _told(refused) == (415, "unsupported-media-type"), encoding
        assert refused.headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("encoding", ["", "identity", "Identity , identity"])
def test_no_encoding_by_its_name_is_none(admin: Caller, encoding: str) -> None:
    assert _send(admin, "/v1/residents", json.dumps(a_registration()).encode(), encoding).status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "identity, gzip"])
def test_gzip_has_more_than_one_spelling(admin: Caller, encoding: str) -> None:
    body = gzip.compress(json.dumps(a_registration()).encode())
    assert _send(admin, "/v1/residents", body, encoding).status_code == 201


def test_signing_in_takes_a_packed_form_as_well(call: Any, ledger: Ledger) -> None:
    _, key = create_key(ledger, "bureau", ["reports:read"])
    form, stranger = f"key={key}&next=/record".encode(), call(None)
    kind = "application/x-www-form-urlencoded"
    done = _send(stranger, "/signin", gzip.compress(form), kind=kind)
    assert (done.status_code, done.headers["Location"]) == (303, "/record")
    assert _send(stranger, "/signin", form, "br", kind).status_code == 415
    assert _send(stranger, "/signin", gzip.compress(b"key=" + b"x" * 10_000), kind=kind).status_code == 413


@pytest.mark.parametrize(
    ("path", "bytes_max"), [("/v1/residents", JSON_BYTES_MAX), ("/v1/transactions/batch", BATCH_BYTES_MAX)]
)
def test_the_limit_counts_what_comes_out(admin: Caller, path: str, bytes_max: int) -> None:
    fits, over = (gzip.compress(b" " * count) for count in (bytes_max, bytes_max + 1))
    assert _told(_send(admin, path, fits)) == (400, "malformed-json")
    assert _told(_send(admin, path, over)) == (413, "too-large")
    assert _told(_send(admin, path, b"\0" * (bytes_max + 1024 * 1024))) == (413, "too-large")


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    """A thousandfold bomb of 2 GB, of members that are each alone below it; unpacked whole it would end the process."""
    bomb = gzip.compress(b"\0" * 4 * 1024 * 1024) * 500
    tracemalloc.start()
    with pytest.raises(Exception, match="Unpacked, the body is over the limit"):
        unpack(bomb, 16 * 1024 * 1024)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 40 * 1024 * 1024


def test_members_without_end_are_refused_soon() -> None:
    empty = gzip.compress(b"")
    assert unpack(empty * MEMBERS_MAX, 10) == b""
    began = time.monotonic()
    with pytest.raises(Exception, match="too many parts"):
        unpack(empty * 500_000, 10)
    assert time.monotonic() - began < 1


def test_what_does_not_compress_may_be_as_long_as_what_does() -> None:
    body = bytes(zlib.crc32(bytes([n % 256, n // 256 % 256])) % 256 for n in range(50_000))
    for level in (0, 9):
        assert unpack(gzip.compress(body, level), len(body)) == body
    assert unpack(gzip.compress(body[:10]) + gzip.compress(body[10:]), len(body)) == body


@pytest.mark.parametrize(("path", "waits"), [("/v1/transactions/batch", True), ("/v1/residents", False)])
def test_what_may_become_large_waits_for_its_turn(
    ledger: Ledger, admin: Caller, path: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little of it was sent: of large bodies only a few are in memory at a time."""
    entrance = admin.client.application.wsgi_app
    assert isinstance(entrance, Entrance)
    admission = entrance.inside
    assert isinstance(admission, Admission)
    taken: list[bool] = []
    acquire = admission.large.acquire

    def note_and_acquire(**how: Any) -> bool:
        taken.append(True)
        return acquire(**how)

    monkeypatch.setattr(admission.large, "acquire", note_and_acquire)
    admin.post(path, headers={"Content-Encoding": "gzip"}, data=gzip.compress(b"[]"), content_type="application/json")
    assert bool(taken) == waits
