"""The addresses of the processes that serve a cluster's ledger, and what is asked there.

Each post has an amount of its own, which tells in the journal what post an entry is of: post 20 is a trade of 0.20 CNY,
and post -20 its reversal. It is not a reference, which the database would keep from being doubled by itself.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple

import orjson

from tests.builders import a_trade

CALLERS = CLERK, BUREAU, FOLLOWER = ("clerk", "bureau", "follower")
"""Who has an API key: who posts, who only reads, and who hands positions on from one process to the other."""
RESIDENTS = 8
ANSWER_WITHIN_S = 3.0
"""How long a caller waits for the answer to a post. Then the outcome is unknown to it: it asks again with the key."""
REPORT = "/v1/reports/trade?period=2024&compare=none&category=meat"
REVERSED_EACH = 10
"""Each tenth trade is reversed. These are of another category, so that the report of the others only ever grows."""
NO_ANSWER = 0
_FROM = re.compile(r'^hushi_reports_from_total\{source="(standby|primary)"\} (\S+)$', re.MULTILINE)

Position = tuple[int, int]
"""The last block and the length of the tail."""


def is_reversed(number: int) -> bool:
    """Whether a post is a reversal, or a trade that is reversed."""
    return number % REVERSED_EACH == 0


def position_of(written: str) -> Position:
    """A position from its text, such as 12.3."""
    block, _, tail = written.partition(".")
    return int(block), int(tail)


class Answer(NamedTuple):
    """Status (NO_ANSWER when none came), document and headers of an answer, and how long it took."""

    status: int
    document: Any
    headers: Mapping[str, str]
    took_s: float


@dataclass(frozen=True)
class Place:
    """The address of a serving process, and the API keys of the callers."""

    name: str
    address: str
    port: int
    keys: Mapping[str, str]

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        caller: str = CLERK,
        within_s: float = ANSWER_WITHIN_S,
    ) -> Answer:
        """Sends a request of a caller, and returns the answer."""
        connection = HTTPConnection(self.address, self.port, timeout=within_s)
        key = self.keys[caller]
        sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **(headers or {})}
        began = time.monotonic()
        try:
            connection.request(method, path, None if body is None else orjson.dumps(body), sent)
            answer = connection.getresponse()
            text = answer.read()
            document = orjson.loads(text) if "json" in (answer.getheader("Content-Type") or "") else text.decode()
            return Answer(answer.status, document, dict(answer.getheaders()), time.monotonic() - began)
        except (OSError, HTTPException, orjson.JSONDecodeError):
            return Answer(NO_ANSWER, None, {}, time.monotonic() - began)
        finally:
            connection.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Sends a request, and returns status and document."""
        return self.send(method, path, body)[:2]

    def post(self, number: int, reversed_id: str = "") -> Answer:
        """Posts the trade with this number, or the reversal of an entry with a negative number, under its key."""
        key = {"Idempotency-Key": f"post-{number}"}
        if number < 0:
            return self.send("POST", f"/v1/transactions/{reversed_id}/reversal", {"reason": "wrong weight"}, key)
        resident = f"R{number % RESIDENTS + 1:08d}"
        amount = f"{number // 100}.{number % 100:02d}"
        goods = {"category": "grain", "commodity": "小麦"} if is_reversed(number) else {}
        body = a_trade(resident_id=resident, amount_cny=amount, quantity_kg="1", **goods)
        return self.send("POST", "/v1/transactions", body, key)

    def reports_from(self) -> dict[str, int]:
        """How many reports came from the standby and from the primary since the process began; {} without an answer."""
        answer = self.send("GET", "/metrics")
        return {source: int(float(count)) for source, count in _FROM.findall(answer.document or "")}
