"""Any interleaving of posts, reversals, folds, pauses and reads: each report is the recount at the position that it
names, and no caller gets an older one than before."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands.folding import fold
from tests.builders import a_trade
from tests.conftest import Caller
from tests.reading.pairs import REPORT, Pair, caller_of, pair, same_caller

MOVES = ("post", "post elsewhere", "reverse", "fold", "pause", "resume", "read", "read elsewhere", "list", "want")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("pair")) as both:
        caller_of(both.opened[0][1]).register(1)
        yield both


class Story:
    """Two callers at two processes of one server, and what the ledger was at each position."""

    def __init__(self, servers: Pair, one: Flask, other: Flask) -> None:
        self.servers, self.ledger = servers, one.extensions["hushi"].ledger
        self.clerk, self.bureau = caller_of(one, "clerk"), caller_of(other, "bureau")
        self.clerk_elsewhere, self.bureau_elsewhere = same_caller(self.clerk, other), same_caller(self.bureau, one)
        self.live: list[str] = []
        self.at: dict[str, tuple[int, str]] = {}
        self.count, self.fen = self._recounted()
        self.newest: dict[str, tuple[int, int]] = {}
        self._note()

    def _recounted(self) -> tuple[int, int]:
        total = self.clerk.get("/v1/transactions/totals?from=2024-01-01&to=2024-12-31").get_json()["total"]
        return total["transactions"], int(total["amount_cny"].replace(".", ""))

    def _note(self) -> None:
        """Notes what the ledger is at the position that the primary has now. Nobody else writes."""
        position = self.ledger_position()
        self.at[position] = (self.count, f"{self.fen // 100}.{self.fen % 100:02}")

    def ledger_position(self) -> str:
        """The position of the primary."""
        totals = self.clerk.get("/v1/transactions/totals?from=2024-01-01&to=2024-12-31").get_json()
        return str(totals["position"])

    def post(self, caller: Caller) -> None:
        """One trade of 7.01 CNY."""
        posted = caller.trade(a_trade(amount_cny="7.01"))
        self.live.append(posted.get_json()["transaction_id"])
        self.count, self.fen = self.count + 1, self.fen + 701
        self._told(caller, posted.headers["Hushi-Position"])
        self._note()

    def reverse(self) -> None:
        """The reversal of the newest trade, if there is one."""
        if self.live:
            reversed_ = self.clerk.reverse(self.live.pop())
            self.count, self.fen = self.count - 1, self.fen - 701
            self._told(self.clerk, reversed_.headers["Hushi-Position"])
            self._note()

    def fold(self) -> None:
        """A fold: the same figures at another position."""
        fold(self.ledger)
        self._note()

    def read(self, caller: Caller, **headers: str) -> None:
        """A report, which must be the recount at its position, and not older than what the caller was told before."""
        answer = caller.get(REPORT, headers=headers)
        assert answer.status_code == 200, answer.get_json()
        position, total = answer.headers["Hushi-Position"], answer.get_json()["total"]
        assert (total["transactions"]["current"], total["amount_cny"]["current"]) == self.at[position]
        assert _place(position) >= self.newest.get(caller.headers["Authorization"], (0, 0))
        if "Hushi-Min-Position" in headers:
            assert _place(position) >= _place(headers["Hushi-Min-Position"])
        self._told(caller, position)

    def read_both(self, *callers: Caller) -> None:
        """A report of each caller."""
        for caller in callers:
            self.read(caller)

    def _told(self, caller: Caller, position: str) -> None:
        key = caller.headers["Authorization"]
        self.newest[key] = max(self.newest.get(key, (0, 0)), _place(position))

    def move(self, name: str) -> None:
        """One step of the story."""
        wanted = {"Hushi-Min-Position": list(self.at)[-1]}
        moves: dict[str, Any] = {
            "post": lambda: self.post(self.clerk),
            "post elsewhere": lambda: self.post(self.clerk_elsewhere),
            "reverse": self.reverse,
            "fold": self.fold,
            "pause": self.servers.pause,
            "resume": self.servers.resume,
            "read": lambda: self.read_both(self.clerk, self.bureau),
            "read elsewhere": lambda: self.read_both(self.clerk_elsewhere, self.bureau_elsewhere),
            "list": lambda: self.bureau.get("/v1/transactions"),
            "want": lambda: self.read(self.bureau, **wanted),
        }
        moves[name]()


def _place(position: str) -> tuple[int, int]:
    block, _, tail = position.partition(".")
    return int(block), int(tail)


@pytest.fixture
def story(servers: Pair) -> Iterator[Story]:
    yield Story(servers, servers.app(), servers.app())
    servers.resume()
    servers.close()


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(moves=st.lists(st.sampled_from(MOVES), min_size=6, max_size=14))
def test_every_report_is_the_recount_at_the_position_that_it_names(story: Story, moves: list[str]) -> None:
    story.servers.resume()
    for name in [*moves, "read", "read elsewhere"]:
        story.move(name)
