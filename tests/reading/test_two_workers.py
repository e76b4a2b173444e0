"""A served ledger with two worker processes: what one process has told, the other one knows."""

import pathlib
from collections.abc import Iterator

import pytest

from tests.builders import a_trade
from tests.reading.pairs import REPORT, Pair, caller_of, pair
from tests.servers import Server, serving

TRIES = 24


@pytest.fixture
def servers(tmp_path: pathlib.Path) -> Iterator[Pair]:
    with pair(tmp_path) as both:
        yield both


def _headers(servers: Pair, name: str) -> dict[str, str]:
    return caller_of(servers.opened[0][1], name).headers


def _reports(server: Server, headers: dict[str, str]) -> list[int]:
    """The counts of reports, each on a new connection, so that both processes answer some."""
    counts = []
    for _ in range(TRIES):
        status, report, _ = server.ask("GET", REPORT, headers=headers)
        assert status == 200, report
        counts.append(report["total"]["transactions"]["current"])
    return counts


def test_a_caller_never_gets_an_older_report_from_the_other_process(servers: Pair, tmp_path: pathlib.Path) -> None:
    clerk, bureau = _headers(servers, "clerk"), _headers(servers, "bureau")
    caller_of(servers.opened[0][1]).register(1)
    servers.catch_up()
    with serving(servers.environment(), tmp_path / "log", "--workers", "2") as server:
        assert set(_reports(server, bureau)) == {0}
        servers.pause()
        sent = {**clerk, "Idempotency-Key": "k"}
        assert server.ask("POST", "/v1/transactions", a_trade(amount_cny="10.00"), sent)[0] == 201
        assert set(_reports(server, clerk)) == {1}
        assert set(_reports(server, bureau)) == {0}
        ready = server.ask("GET", "/health/ready")[1]
        assert ready["standby"] in {"ok", "behind"}
        servers.resume()
        text = server.ask("GET", "/metrics", headers=clerk)[1].decode()
        assert "hushi_standby_up 1.0" in text
        assert "hushi_standby_lag_seconds " in text
        assert "hushi_standby_lag_entries " in text
        assert 'hushi_reports_from_total{source="standby"}' in text
        assert server.stop() == 0
