"""What clients ask under torture, and what they know of each request: acknowledged, refused, or unknown.

A client keeps each request with its idempotency key from before it is sent. So after a fault it can ask again, and the
ledger must tell what became of it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from typing import Any, Literal

import orjson

Document = dict[str, Any]
Kind = Literal["trade", "reversal", "batch", "transfer", "split"]
Address = tuple[str, int]

NOT_FINAL = frozenset({401, 403, 408, 425, 429})
"""Statuses of refusals that are not remembered, as all from 500 on: the request may be sent again with its key."""
SETTLE_WITHIN_S = 60.0
TIMEOUT_S = 40.0
"""How long a client waits for an answer: longer than the server waits for its database."""


class NoAnswer(Exception):
    """The connection ended, or was silent for too long, before the whole answer was there."""


@dataclass
class Request:
    """A request that writes. `marks` are what its entries bear, one each, so that the journal tells whose they are."""

    kind: Kind
    path: str
    body: Document
    key: str
    marks: tuple[str, ...]
    status: int | None = None
    """The status of the final answer; None while the outcome is unknown."""
    answer: Document = field(default_factory=dict)
    tries: int = 0
    acknowledged_at: float = 0.0
    refused_for_now: str = ""
    """What the last answer said that was not final, or the error in place of one, for a report of a failure."""
    was_there: bool | None = None
    """For a request whose first answer was lost: whether the ledger said, asked again, that it had been written.

    It does not say so of a batch of which every line is refused: nothing was written.
    """

    @property
    def is_unknown(self) -> bool:
        """Whether no final answer has come yet."""
        return self.status is None

    @property
    def is_acknowledged(self) -> bool:
        """Whether the ledger has said that it is written."""
        return self.status in {200, 201}

    @property
    def entries(self) -> list[Document]:
        """What the answer says of each entry that was accepted."""
        if not self.is_acknowledged:
            return []
        items = self.answer["items"] if self.kind in {"batch", "split"} else [self.answer]
        return [item for item in items if item.get("status", 201) == 201]

    @property
    def meaning(self) -> object:
        """What of the answer must be the same each time. A batch counts which of its lines are replayed."""
        if self.kind == "batch" and self.is_acknowledged:
            return self.status, self.answer["items"]
        return self.status, self.answer

    def take(self, status: int, answer: Document, headers: Mapping[str, str]) -> None:
        """Keeps an answer if it is final."""
        if status in NOT_FINAL or status >= 500 or answer.get("code") == "idempotency-in-progress":
            self.refused_for_now = f"{status} {answer.get('detail')}"
            return
        self.status, self.answer, self.acknowledged_at = status, answer, time.monotonic()
        if self.tries > 1:
            self.was_there = headers.get("idempotency-replayed") == "true" or bool(answer.get("replayed"))


class Wire:
    """A client's connection, which it keeps open between requests, and opens again when it was lost."""

    def __init__(
        self, address: Callable[[], Address], headers: Mapping[str, str], timeout_s: float = TIMEOUT_S
    ) -> None:
        """Opens nothing yet. `address` tells where the server is each time that a connection is opened."""
        self._address, self._headers, self._timeout_s = address, headers, timeout_s
        self._connection: HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Sends a request, and returns status, body and headers, whose names are in lower case.

        Raises NoAnswer; then the outcome is unknown.
        """
        sent = {**self._headers, **(headers or {}), **({} if body is None else {"Content-Type": "application/json"})}
        content = None if body is None else orjson.dumps(body)
        was_kept = self._connection is not None
        try:
            if self._connection is None:
                self._connection = HTTPConnection(*self._address(), timeout=self._timeout_s)
            self._connection.request(method, path, content, sent)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, HTTPException) as error:
            self.close()
            # A server ends connections that were idle for long. What only reads is then asked again, as browsers do.
            if was_kept and method == "GET" and isinstance(error, RemoteDisconnected):
                return self.ask(method, path, body, headers)
            raise NoAnswer(repr(error)) from error
        return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}

    def send(self, request: Request) -> bool:
        """Sends a request that writes, and returns whether its outcome is known now."""
        request.tries += 1
        try:
            status, text, headers = self.ask("POST", request.path, request.body, {"Idempotency-Key": request.key})
            request.take(status, orjson.loads(text), headers)
        except (NoAnswer, orjson.JSONDecodeError) as error:
            request.refused_for_now = repr(error)
        return not request.is_unknown

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Log:
    """All requests that clients have sent to one ledger, in no order."""

    def __init__(self) -> None:
        """Begins without requests."""
        self.requests: list[Request] = []

    def add(self, request: Request) -> None:
        """Keeps a request, before it is sent."""
        self.requests.append(request)

    def __iter__(self) -> Iterator[Request]:
        """All requests."""
        return iter(list(self.requests))

    @property
    def acknowledged(self) -> int:
        """How many entries the ledger has said are written."""
        return sum(len(request.entries) for request in self)

    @property
    def unknown(self) -> list[Request]:
        """The requests whose outcome nobody knows."""
        return [request for request in self if request.is_unknown]


def settle(wire: Wire, requests: Sequence[Request], within_s: float | None = None) -> list[Request]:
    """Asks again about each request whose outcome is unknown, with its key, and returns those that stay unknown.

    It gives up when none gets an outcome for so long, or for SETTLE_WITHIN_S.
    """
    within_s = SETTLE_WITHIN_S if within_s is None else within_s
    until = time.monotonic() + within_s
    for request in requests:
        while request.is_unknown and time.monotonic() < until:
            if wire.send(request):
                until = time.monotonic() + within_s
            else:
                time.sleep(0.1)
    return [request for request in requests if request.is_unknown]
