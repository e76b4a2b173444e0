"""The way of a posted trade, as docs/ARCHITECTURE.md tells it, is the way that a posted trade takes.

A trade is posted over HTTP, to a server in this process whose threads are traced, with the committer's own thread and
a real ledger. Each function of the document must exist, and be entered in the document's order.
"""

import http.client
import inspect
import json
import pathlib
import pkgutil
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.serving import WSGIRequestHandler, make_server

from service.app import create_app
from service.commands.keys import create_key
from service.ledger import Ledger
from tests.builders import a_key, a_registration, a_trade

ROOT = pathlib.Path(__file__).parents[1]
OURS = (str(ROOT / "service"), str(ROOT / "schemas"))
STEPS_MAX = 27
STORAGE = "service.storage."
ENTRY, COMMIT = "service.http.entering.Entrance.__call__", "service.storage.committing.commit"


def _steps() -> list[str]:
    """The functions of the walk, in the document's order."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    section = text.partition("## The way of a posted trade\n")[2].partition("\n## ")[0]
    found = re.findall(r"^(\d+)\. `([\w.]+)`: \S.+\.$", section, re.MULTILINE)
    assert [int(number) for number, _ in found] == list(range(1, len(found) + 1))
    return [name for _, name in found]


def _code_of(name: str) -> CodeType:
    """The code of a function by its full name. Raises AttributeError when there is none."""
    code: CodeType = inspect.unwrap(pkgutil.resolve_name(name)).__code__
    return code


def _callers(frame: FrameType | None) -> Iterator[CodeType]:
    """The functions of ours that wait for this one, from the nearest on."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(OURS) and not code.co_name.startswith("<"):
            yield code
        frame = frame.f_back


@dataclass
class Trace:
    """What was entered: our functions in the order of their first call, each with the one of ours that called it."""

    callers: dict[CodeType, CodeType | None] = field(default_factory=dict)
    statements: list[tuple[str, list[CodeType]]] = field(default_factory=list)
    """Each SQL statement, with those of ours that were at it."""

    def note(self, frame: FrameType, kind: str, _argument: object) -> None:
        """Told by Python of each call; a generator that goes on was entered before."""
        code = frame.f_code
        if kind == "call" and code.co_filename.startswith(OURS) and not code.co_name.startswith("<"):
            self.callers.setdefault(code, next(_callers(frame.f_back), None))

    def note_statement(self, _connection: object, _cursor: object, text: str, *_more: object) -> None:
        """Told by SQLAlchemy of each statement."""
        self.statements.append((text, list(_callers(sys._getframe(1)))))


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing: the service logs its requests itself."""


@pytest.fixture
def trace(ledger: Ledger) -> Trace:
    """That of the first trade that a process posts, by a caller whose key it knows."""
    app, (_, key) = create_app(ledger), create_key(ledger, "clerk", ["admin"])
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    trace = Trace()
    try:
        assert _post(server.port, key, "/v1/residents", a_registration()) == 201
        event.listen(Engine, "before_cursor_execute", trace.note_statement)
        threading.setprofile(trace.note)  # For threads that begin now: that of the request, and the committer's.
        assert _post(server.port, key, "/v1/transactions", a_trade()) == 201
    finally:
        threading.setprofile(None)
        event.remove(Engine, "before_cursor_execute", trace.note_statement)
        server.shutdown()
        serving.join()
        server.server_close()
        app.extensions["hushi"].committer.close()
    return trace


def _post(port: int, key: str, path: str, body: dict[str, Any]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": a_key()}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _faults(steps: Sequence[str], trace: Trace) -> list[str]:
    """What is not as the walk says."""
    codes = {_code_of(name): name for name in steps}
    entered = [codes[code] for code in trace.callers if code in codes]
    faults = [f"{name} is not entered" for name in steps if name not in entered]
    faults += [f"{a} is told where {b} is entered" for a, b in zip(steps, entered, strict=False) if a != b]
    for code, name in codes.items():
        caller = trace.callers.get(code)
        if caller is not None and caller not in codes:
            faults.append(f"{caller.co_qualname} stands between a step and {name}")
    named = {code for code, name in codes.items() if name.startswith(STORAGE)}
    faults += [f"no step runs {text[:60]}" for text, callers in trace.statements if not named.intersection(callers)]
    return faults


def test_a_posted_trade_goes_the_way_that_is_told(trace: Trace) -> None:
    steps = _steps()
    assert len(steps) <= STEPS_MAX
    assert steps[0] == ENTRY
    assert COMMIT in steps
    assert len(trace.statements) >= 6, "the post was traced down to the database"
    assert _faults(steps, trace) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_walk_that_is_wrong_is_found(trace: Trace) -> None:
    """The negative control: two steps in each other's places, one that another calls left out, one that is no more."""
    steps = _steps()
    for place in range(len(steps) - 1):
        turned = [*steps[:place], steps[place + 1], steps[place], *steps[place + 2 :]]
        assert _faults(turned, trace), f"{steps[place]} and the next one may be told in any order"
    codes = {_code_of(name): name for name in steps}
    calling = {codes[caller] for code in codes if (caller := trace.callers[code]) is not None}
    at_statements = {
        codes[code] for _, callers in trace.statements for code in callers if codes.get(code, "").startswith(STORAGE)
    }
    assert len(calling | at_statements) > len(steps) / 2
    for step in calling | at_statements:
        assert _faults([name for name in steps if name != step], trace), f"{step} may be left out"
    assert _faults([*steps, "service.commands.posting.post_all_or_none"], trace)
    with pytest.raises(AttributeError):
        _code_of("service.commands.posting._write")
