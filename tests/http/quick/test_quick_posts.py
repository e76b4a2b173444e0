"""Plain posts are answered in front of Flask exactly as Flask answers them: the same bytes, log lines and counts."""

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands.committer import Committer
from service.domain.errors import Unauthenticated, Unavailable
from service.http import quick_posts
from service.http.arriving import Arriving
from service.http.quick_posts import QuickPosts
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.storage.faults import DatabaseUnavailable
from tests.builders import a_trade
from tests.http.quick.pairs import Pair, layer_of, opened_pair
from tests.http.quick.requests import Request, requests


@pytest.fixture
def engine_name() -> str:
    """What is compared stands in front of the engines."""
    return "sqlite"


@pytest.fixture
def pair(ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path) -> Iterator[Pair]:
    """The application with the quick way and the one without, on equal ledgers."""
    with opened_pair(ledger, environment, tmp_path) as found:
        yield found


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sequence=st.lists(requests(), min_size=1, max_size=6))
def test_both_ways_answer_any_request_alike(pair: Pair, sequence: list[Request]) -> None:
    for request in sequence:
        quick, plain = pair.ask(request)
        assert quick == plain


A_POST = Request(
    "clerk", "Bearer", orjson.dumps(a_trade(amount_cny="1.00")),
    {"Content-Type": "application/json", "Idempotency-Key": "first", "X-Request-Id": "req-1"},
)  # fmt: skip


def _with(changes: dict[str, str | None] | None = None, **fields: Any) -> Request:
    """The plain post, with other headers or other fields."""
    return A_POST._replace(**fields, headers={**A_POST.headers, **(changes or {})})


def test_plain_posts_do_not_reach_flask(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the comparison would compare Flask with itself. The first post of a key teaches the process the key."""
    pair.ask(A_POST)
    monkeypatch.setattr(layer_of(pair.quick.app), "_application", None)
    for key in ("second", "second", "third"):
        assert pair.quick.ask(_with({"Idempotency-Key": key})).status == "201 CREATED"
    with_null = orjson.dumps({**a_trade(amount_cny="1.00"), "seller": None, "metadata": {"mark": "1"}})
    assert pair.quick.ask(_with({"Idempotency-Key": "null"}, body=with_null)).status == "201 CREATED"
    refused = orjson.dumps(a_trade(amount_cny="9000.00", over_allowance="refuse"))
    assert pair.quick.ask(_with({"Idempotency-Key": "refused"}, body=refused)).status == "422 UNPROCESSABLE ENTITY"


FAULTS = (
    Unavailable("The ledger could not write; ask again with the same key."),
    Unauthenticated("This key is revoked."),
    DatabaseUnavailable(),
    RuntimeError("x"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_both_ways_tell_a_commit_that_fails_alike(
    pair: Pair, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.ask(A_POST)

    def fail(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr(Committer, "submit", fail)
    quick, plain = pair.ask(_with({"Idempotency-Key": "next"}))
    assert quick == plain
    assert int(quick.status[:3]) in {401, 500, 503}


def test_both_ways_tell_a_body_that_cannot_be_read_alike(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.ask(A_POST)

    def fail(*_: Any) -> Any:
        raise OSError

    monkeypatch.setattr(Arriving, "_read_whole", fail)
    quick, plain = pair.ask(_with({"Idempotency-Key": "next"}))
    assert quick == plain
    assert quick.status[:3] == "422", "werkzeug takes it for a caller who has gone"


def test_both_ways_tell_alike_that_the_recorder_cannot_be_named(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trade is written then, and posted once: a retry gets it."""
    pair.ask(A_POST)

    def fail(*_: Any) -> Any:
        raise DatabaseUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(ApiKeyCache, "name_of", fail)
        quick, plain = pair.ask(_with({"Idempotency-Key": "next"}))
    assert quick == plain
    assert quick.status[:3] == "503"
    quick, plain = pair.ask(_with({"Idempotency-Key": "next"}))
    assert quick == plain
    assert ("Idempotency-Replayed", "true") in quick.headers


Break = Callable[[pytest.MonkeyPatch, QuickPosts], None]
TEXT: dict[str, str | None] = {"Content-Type": "text/plain"}
BROKEN: dict[str, tuple[Break, Request]] = {
    "lets any scope in": (
        lambda patched, _: patched.setattr(quick_posts, "covers", lambda *_: True),
        _with(key="reader"),
    ),
    "takes any type": (
        lambda patched, _: patched.setattr(quick_posts, "PLAIN_TYPES", {"text/plain"}),
        _with(TEXT),
    ),
    "takes what is packed": (
        lambda patched, _: patched.setattr(quick_posts, "_SPECIAL", ()),
        _with({"Content-Encoding": "br"}),
    ),
    "takes what is of another trade point for its own": (
        lambda patched, _: patched.setattr(quick_posts, "at_own_point", lambda body, own: {**body, "trade_point": own}),
        _with(key="there", body=orjson.dumps(a_trade(trade_point="erenhot"))),
    ),
    "posts what was posted": (
        lambda patched, layer: patched.setattr(layer, "_answer", _forgotten),
        A_POST,
    ),
}


def _forgotten(context: Any, _outcome: Any) -> None:
    context.settled = None


@pytest.mark.parametrize("broken", BROKEN)
def test_a_quick_way_that_does_other_things_is_found(pair: Pair, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    break_it, request = BROKEN[broken]
    pair.ask(request)
    break_it(monkeypatch, layer_of(pair.quick.app))
    quick, plain = pair.ask(request._replace(headers={**request.headers, "Idempotency-Key": "next"}))
    assert quick != plain
