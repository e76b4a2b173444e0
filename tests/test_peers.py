"""The web services that Hushi is compared with do what the comparison says of them, each on a real server."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson
import pytest
import sqlalchemy as sa

from tests.postgresql import PostgreSQL

if TYPE_CHECKING:
    from loadtests.deployments import Deployment

pytest.importorskip("fastapi", reason="the peers' libraries come with make bench")

TRADE = {
    "resident_id": "R00000007", "category": "meat", "commodity": "熟牛肉", "origin": "MN", "quantity_kg": "120.5",
    "amount_cny": "1999.90", "traded_at": "2024-10-09T09:30:00+08:00",
}  # fmt: skip


def post(peer: "Deployment", key: str = "k", **changes: object) -> tuple[int, dict[str, Any]]:
    """Posts the trade with changes, and returns the status and the document of the answer."""
    headers = {"Authorization": f"Bearer {peer.key}", "Idempotency-Key": key, "Content-Type": "application/json"}
    url, body = f"http://127.0.0.1:{peer.port}/v1/transactions", orjson.dumps({**TRADE, **changes})
    try:
        with urlopen(Request(url, body, headers, method="POST")) as answer:
            return answer.status, orjson.loads(answer.read())
    except HTTPError as error:
        return error.code, orjson.loads(error.read())


def rows(peer: "Deployment", query: str) -> list[tuple[Any, ...]]:
    """What the peer's database answers on a connection of its own."""
    url = peer.environment["PEER_DATABASE_URL"].replace("+asyncpg", "+psycopg").replace("+aiosqlite", "")
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(query))]
    engine.dispose()
    return found


@pytest.fixture
def thin(engine_name: str, postgresql: PostgreSQL) -> Iterator["Deployment"]:
    from loadtests.peers.running import thin_peer_on

    with thin_peer_on(engine_name, postgresql, workers=1) as peer:
        yield peer


def test_the_thin_peer_sums_the_day_and_keeps_each_entry(thin: "Deployment") -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(thin), range(24)))
    status, other = post(thin, amount_cny="5", traded_at="2024-10-08T16:30:00Z")
    assert {status, *(status for status, _ in answers)} == {201}
    totals = sorted(float(answer["day_total_cny"]) for _, answer in answers)
    assert totals == pytest.approx([1999.9 * number for number in range(1, 25)])
    assert other["day_total_cny"] == "48002.60", "the same business day in the market's time"
    assert rows(thin, "SELECT resident, day, amount_fen FROM day_total")[0][2] == 24 * 199_990 + 500
    stored = rows(thin, "SELECT count(*), sum(amount_fen), count(DISTINCT transaction_id), min(quantity_g) FROM entry")
    assert [tuple(map(int, row)) for row in stored] == [(25, 24 * 199_990 + 500, 25, 120_500)]


@pytest.mark.parametrize("wrong", [{"amount_cny": "1.555"}, {"origin": "mn"}, {"resident_id": "7"}, {"colour": "red"}])
def test_the_thin_peer_checks_the_body_as_the_full_one_does(thin: "Deployment", wrong: dict[str, str]) -> None:
    assert post(thin, **wrong)[0] == 422
    assert rows(thin, "SELECT count(*) FROM entry") == [(0,)]


def test_the_thin_peer_commits_to_disk(thin: "Deployment", engine_name: str, postgresql: PostgreSQL) -> None:
    """The server of the tests has fsync off; that of the comparison has it on, and both services say so."""
    told = "synchronous=2, journal_mode=wal"
    if engine_name == "postgresql":
        asked = ("fsync", "synchronous_commit", "full_page_writes")
        told = ", ".join(f"{name}={rows(thin, f'SHOW {name}')[0][0]}" for name in asked)
        assert "synchronous_commit=on" in told
    assert thin.durability == told


def test_the_full_peer_answers_a_known_key_again(postgresql: PostgreSQL) -> None:
    from loadtests.peers.running import peer_on

    with contextlib.ExitStack() as stack:
        full = stack.enter_context(peer_on(postgresql, workers=1, residents=300))
        first, again = post(full, "one"), post(full, "one")
        assert (first[0], again) == (201, first)
        assert post(full, "one", amount_cny="1")[0] == 422
        assert post(full, "two", amount_cny="7000")[1]["taxable_cny"] == "999.90"
        assert rows(full, "SELECT count(*), sum(exempt_fen) FROM journal") == [(2, 800_000)]
