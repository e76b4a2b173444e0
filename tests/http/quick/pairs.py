"""Two applications that serve two equal ledgers; one of them has its quick way closed."""

import contextlib
import dataclasses
import datetime
import itertools
import pathlib
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from flask import Flask
from structlog.testing import capture_logs
from werkzeug.test import EnvironBuilder

from service.app import create_app
from service.commands.keys import create_key, revoke_key
from service.config import read_settings
from service.domain.transactions import MARKET_TIME
from service.http.quick_posts import QuickPosts
from service.ledger import Ledger, open_ledger
from tests.conftest import Caller
from tests.http.quick.requests import Request

NOW = datetime.datetime(2024, 7, 1, 12, tzinfo=MARKET_TIME)
OTHERWISE = {"duration_ms", "where"}
"""What lines may say otherwise: how long it took, and through what code an unexpected error came."""
MADE_UP_ID = re.compile(r"\b[0-9a-f]{32}\b")
COUNTED = re.compile(
    r"^(hushi_(?:requests|refusals|replays|key_failures|admission_refused|accepted|entries)\w*(?:\{.*\})?) (.+)$",
    re.MULTILINE,
)


class Answer(NamedTuple):
    """All that a request leaves behind: the answer, the lines of the log, what was counted, and the uses of keys."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    lines: list[dict[str, Any]]
    counted: dict[str, float]
    used: set[int]


@dataclasses.dataclass
class Side:
    """One of the two applications, and the keys of its callers by their names."""

    app: Flask
    keys: dict[str, str]

    def ask(self, request: Request) -> Answer:
        """Sends a request through all layers of the application."""
        sent = {name: value for name, value in request.headers.items() if value is not None}
        if request.key != "none":
            sent["Authorization"] = f"{request.scheme} {self.keys.get(request.key, request.key)}"
        where: dict[str, Any] = {"path": request.path, "query_string": request.query, "method": request.method}
        environ = EnvironBuilder(**where, headers=list(sent.items()), data=request.body).get_environ()
        if "Content-Type" not in sent:
            environ.pop("CONTENT_TYPE", None)
        before = self._counted()
        with capture_logs() as lines:
            parts, status, headers = _run(self.app, environ)
        after = self._counted()
        counted = {name: value - before.get(name, 0.0) for name, value in after.items()}
        body = MADE_UP_ID.sub("ID", parts.decode()).encode()
        told = [(name, MADE_UP_ID.sub("ID", value)) for name, value in headers]
        used: set[int] = set(self.app.extensions["hushi"].key_uses._noted)
        shown = [{name: value for name, value in line.items() if name not in OTHERWISE} for line in lines]
        return Answer(status, told, body, shown, {name: value for name, value in counted.items() if value}, used)

    def _counted(self) -> dict[str, float]:
        text = self.app.test_client().get("/metrics").get_data(as_text=True)
        found = {match[1]: float(match[2]) for match in COUNTED.finditer(text)}
        return {name: value for name, value in found.items() if 'route="/metrics"' not in name}


def _run(app: Flask, environ: dict[str, Any]) -> tuple[bytes, str, list[tuple[str, str]]]:
    begun: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
        begun[:] = status, headers
        return lambda _: None

    body = b"".join(app.wsgi_app(environ, start_response))
    return body, begun[0], begun[1]


def _numbered_ids() -> Callable[[], uuid.UUID]:
    numbers = itertools.count(1)
    return lambda: uuid.UUID(f"019058d0-0000-7000-8000-{next(numbers):012x}")


class Pair(NamedTuple):
    """The application with the quick way and the one without."""

    quick: Side
    plain: Side

    def ask(self, request: Request) -> tuple[Answer, Answer]:
        """The answers of both."""
        return self.quick.ask(request), self.plain.ask(request)


@contextlib.contextmanager
def opened_pair(ledger: Ledger, environment: dict[str, str], folder: pathlib.Path) -> Iterator[Pair]:
    """Two applications with equal ledgers: four residents, one of them cancelled, and keys of all kinds."""
    keys = _prepare(ledger)
    assert ledger.database.file is not None
    ledger.database.close()
    other = folder / "other.db"
    shutil.copy(ledger.database.file, other)
    sides, opened = [], []
    for url in (environment["HUSHI_DATABASE_URL"], f"sqlite:///{other}"):
        one = open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url}))
        served = dataclasses.replace(one, clock=lambda: NOW, new_id=_numbered_ids())
        opened.append(served)
        sides.append(Side(create_app(served), keys))
    patched = pytest.MonkeyPatch()
    layer = layer_of(sides[1].app)
    patched.setattr(layer, "_post", lambda environ, context: None)
    yield Pair(*sides)
    patched.undo()
    for side, served in zip(sides, opened, strict=True):
        side.app.extensions["hushi"].committer.close()
        served.database.close()


def layer_of(app: Flask) -> QuickPosts:
    """The layer of an application that posts in front of Flask."""
    found: Any = app.wsgi_app
    while not isinstance(found, QuickPosts):
        found = getattr(found, "inside", None) or found._application
    return found


def _prepare(ledger: Ledger) -> dict[str, str]:
    ended = NOW - datetime.timedelta(hours=1)
    past = dataclasses.replace(ledger, clock=lambda: NOW - datetime.timedelta(days=1))
    app = create_app(past)
    admin = Caller(app.test_client(), create_key(past, "admin", ["admin"])[1])
    ids = admin.register(4)
    assert (
        admin.post(
            f"/v1/residents/{ids[3]}/status",
            {"status": "cancelled", "effective_on": "2024-01-01", "reason": "moved away"},
        ).status_code
        < 300
    )
    app.extensions["hushi"].committer.close()
    keys = {
        "clerk": create_key(past, "clerk", ["transactions:write"])[1],
        "reader": create_key(past, "reader", ["transactions:read"])[1],
        "here": create_key(past, "here", ["transactions:write"], trade_point="erenhot")[1],
        "there": create_key(past, "there", ["transactions:write"], trade_point="mandula")[1],
        "expired": create_key(past, "expired", ["transactions:write"], expires_at=ended)[1],
    }
    number, keys["revoked"] = create_key(past, "revoked", ["transactions:write"])
    revoke_key(past, number)
    return keys
