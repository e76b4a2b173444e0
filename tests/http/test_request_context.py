"""One context for each request: what is known of it stands in one typed object, and nowhere else."""

import ast
import gzip
import json
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from service.http.request_context import ENVIRON_KEY, RequestContext
from tests.builders import a_trade
from tests.conftest import Caller

SERVICE = pathlib.Path(__file__).parents[2] / "service"
OF_OTHERS = ("HTTP_", "wsgi.", "werkzeug.", "flask.")
"""How the names begin that WSGI, werkzeug and Flask put into the environ, beside CGI's own in capitals."""


@pytest.fixture
def engine_name() -> str:
    """What stands in the environ does not depend on the engine; one is enough."""
    return "sqlite"


def _uses_of_g(tree: ast.AST) -> list[int]:
    imported = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "flask" and any(each.name == "g" for each in node.names)
    ]
    named = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "g" and ast.unparse(node.value) == "flask"
    ]
    return imported + named


def test_nothing_is_kept_in_flask_g() -> None:
    found = {path.name: _uses_of_g(ast.parse(path.read_text("utf-8"))) for path in SERVICE.rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_environ_bears_one_key_of_ours(admin: Caller) -> None:
    """Looked at after requests that go through every layer: a packed body, a session, a report, a refusal."""
    app: Any = admin.client.application
    inner, seen = app.wsgi_app, list[dict[str, Any]]()

    def looked_at(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer: Iterable[bytes] = inner(environ, start_response)
        seen.append(environ)
        return answer

    app.wsgi_app = looked_at
    admin.register(1)
    packed = gzip.compress(json.dumps(a_trade()).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json", "Idempotency-Key": "k"}
    assert admin.post("/v1/transactions", data=packed, headers=headers).status_code == 201
    admin.client.post("/signin", data={"key": admin.headers["Authorization"].removeprefix("Bearer ")})
    assert admin.client.get("/v1/reports/trade?period=2024").status_code == 200
    assert admin.get("/nowhere").status_code == 404
    ours = {name for environ in seen for name in environ if not name.startswith(OF_OTHERS) and not name.isupper()}
    assert ours == {ENVIRON_KEY}
    contexts: list[RequestContext] = [environ[ENVIRON_KEY] for environ in seen]
    assert len({context.request_id for context in contexts}) == len(seen) == 5
    post, report = contexts[1], contexts[3]
    assert (post.idempotency_key, post.session, post.exact) == ("k", None, None)
    assert post.note_size is not None, "its body was told to the layer in front"
    assert report.session is not None
    assert report.api_key == report.session.api_key
    assert report.exact is not None, "its answer is kept while the ledger is the same"


def test_a_context_takes_no_other_attribute() -> None:
    context = RequestContext("id", 0.0)
    with pytest.raises(AttributeError):
        context.api_kye = None  # type: ignore[attr-defined] # (a slip of the pen)
