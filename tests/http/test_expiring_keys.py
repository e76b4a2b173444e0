"""A key that expires: from that instant on it is as a revoked one, also for what is waiting and for its sessions."""

import contextlib
import datetime
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

import service.commands.committer
from service.commands.keys import create_key, revoke_key
from service.commands.posting import NewEntry, Outcome, post
from service.domain.transactions import MARKET_TIME
from service.http import response_cache
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.storage import batch_context
from service.storage.batch_context import BatchContext
from service.storage.batch_context import read as read_batch_context
from service.storage.engine import Database
from tests.builders import a_key, a_trade
from tests.conftest import Caller
from tests.waiting import wait_until

REPORT = "/v1/reports/trade?period=2024"
HOUR = datetime.timedelta(hours=1)
UNREADABLE = {"key": "k", "resident_id": "R1"}


def _at(ledger: Ledger, now: datetime.datetime) -> None:
    object.__setattr__(ledger, "clock", lambda: now)


def _blind(*told: Any) -> BatchContext:
    """Reads what a batch depends on, without the keys that have ended."""
    return read_batch_context(*told)._replace(revoked_keys=frozenset(), expired_keys=frozenset())


@pytest.fixture
def ends_at(ledger: Ledger) -> datetime.datetime:
    """The instant at which the clerk's key expires. Until then it is one day in the market: a report names its day."""
    tomorrow = ledger.now().astimezone(MARKET_TIME) + datetime.timedelta(days=1)
    _at(ledger, tomorrow.replace(hour=12))
    return ledger.now() + HOUR


@pytest.fixture
def clerk(ledger: Ledger, admin: Caller, ends_at: datetime.datetime) -> Caller:
    """A caller whose key this process knows, and who has posted a trade with it."""
    admin.register(1)
    found = Caller(admin.client, create_key(ledger, "clerk", ["admin"], expires_at=ends_at)[1])
    assert found.trade(a_trade(), key="first").status_code == 201
    assert found.get(REPORT).status_code == 200
    return found


REQUESTS: dict[str, Callable[[Caller], Any]] = {
    "post": lambda clerk: clerk.trade(a_trade()),
    "replay": lambda clerk: clerk.trade(a_trade(), key="first"),
    "what is wrong": lambda clerk: clerk.trade(a_trade(amount_cny="x")),
    "reversal": lambda clerk: clerk.reverse("01a20a10-feae-77e7-9b8f-f3bdba051bec"),
    "batch": lambda clerk: clerk.post("/v1/transactions/batch", {"items": [a_trade(key=a_key())]}),
    "batch of unreadable lines": lambda clerk: clerk.post("/v1/transactions/batch", {"items": [UNREADABLE]}),
    "list": lambda clerk: clerk.get("/v1/transactions"),
    "report": lambda clerk: clerk.get(REPORT),
    "group": lambda clerk: clerk.post("/v1/groups", {"name": "东", "kind": "village"}),
}


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS.keys())
def test_an_expired_key_is_refused_and_told_so(
    request_of: Callable[[Caller], Any], ledger: Ledger, clerk: Caller, admin: Caller, ends_at: datetime.datetime
) -> None:
    _at(ledger, ends_at)
    answer = request_of(clerk)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthenticated")
    assert "has expired" in answer.get_json()["detail"]
    assert "WWW-Authenticate" in answer.headers
    assert len(admin.get("/v1/transactions").get_json()["items"]) == 1


def test_a_key_is_accepted_up_to_its_end(ledger: Ledger, clerk: Caller, ends_at: datetime.datetime) -> None:
    _at(ledger, ends_at - datetime.timedelta(microseconds=1))
    assert clerk.trade(a_trade()).status_code == 201
    assert clerk.get(REPORT).status_code == 200


def test_an_answer_from_memory_is_not_given_to_an_expired_key(
    ledger: Ledger, clerk: Caller, ends_at: datetime.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a negative control: the cache itself looks at the key's end."""
    _at(ledger, ends_at)
    assert clerk.get(REPORT).status_code == 401
    _at(ledger, ends_at - HOUR)
    assert clerk.get(REPORT).status_code == 200
    _at(ledger, ends_at)
    monkeypatch.setattr(response_cache, "has_expired", lambda _end, _now: False)
    assert clerk.get(REPORT).status_code == 200


class _Held:
    """A committer that stops before its first transaction, while other requests wait behind it."""

    def __init__(self) -> None:
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def post(self, ledger: Ledger, entries: list[NewEntry]) -> list[Outcome]:
        """Does what `post` does, when it may."""
        self.has_begun.set()
        assert self.may_go_on.wait(30)
        return post(ledger, entries)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, clerk: Caller) -> Iterator[_Held]:
    """Every transaction from now on begins when the test says so."""
    found = _Held()
    monkeypatch.setattr(service.commands.committer, "post", found.post)
    # It stops before its turn, too: on SQLite a revocation has to be written meanwhile.
    monkeypatch.setattr(Database, "turn_to_post", lambda _database: contextlib.nullcontext())
    yield found
    found.may_go_on.set()


ENDS: dict[str, Callable[[Ledger, datetime.datetime], object]] = {
    "has expired": _at,
    "revoked": lambda ledger, _ends_at: revoke_key(ledger, 2),
}


def _post_while_it_ends(
    held: _Held, admin: Caller, clerk: Caller, ledger: Ledger, end: Callable[[], object]
) -> tuple[Any, Any]:
    """The answers to the first post, and to that of the clerk, which waits behind it while the clerk's key ends."""
    app = admin.client.application
    other = Caller(app.test_client(), None)
    other.headers = admin.headers
    with ThreadPoolExecutor(2) as together:
        first = together.submit(other.trade, a_trade())
        assert held.has_begun.wait(30)
        waiting = together.submit(clerk.trade, a_trade(), "waiting")
        wait_until(lambda: app.extensions["hushi"].committer.waiting() == 1)
        end()
        held.may_go_on.set()
        return first.result(30), waiting.result(30)


@pytest.mark.parametrize("why", ENDS)
def test_a_post_that_waits_while_its_key_ends_writes_nothing(
    held: _Held, admin: Caller, clerk: Caller, ledger: Ledger, ends_at: datetime.datetime, why: str
) -> None:
    first, waited = _post_while_it_ends(held, admin, clerk, ledger, lambda: ENDS[why](ledger, ends_at))
    assert (first.status_code, waited.status_code) == (201, 401)
    assert why in waited.get_json()["detail"]
    assert len(admin.get("/v1/transactions").get_json()["items"]) == 2


@pytest.mark.parametrize("why", ENDS)
def test_without_the_look_inside_the_commit_it_writes(
    held: _Held,
    admin: Caller,
    clerk: Caller,
    ledger: Ledger,
    ends_at: datetime.datetime,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: it is the commit that looks, at the revocations and at the ledger's clock."""
    monkeypatch.setattr(batch_context, "read", _blind)
    _, waited = _post_while_it_ends(held, admin, clerk, ledger, lambda: ENDS[why](ledger, ends_at))
    assert waited.status_code == 201


@pytest.fixture
def let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets expired keys in, as if they expired a moment later."""
    monkeypatch.setattr(ApiKeyCache, "_unless_expired", lambda _self, found: found)


def _write_all(clerk: Caller) -> list[Any]:
    trade = clerk.get("/v1/transactions").get_json()["items"][0]["transaction_id"]
    _at(ledger := clerk.client.application.extensions["hushi"].ledger, ledger.now() + HOUR)
    together = {"reason": "x", "transaction_ids": [trade]}
    return [
        clerk.post("/v1/transactions/reversals", together, key="r"),
        clerk.trade(a_trade()),
        clerk.post("/v1/transactions/batch", {"items": [a_trade(key="b")], "atomic": True}),
    ]


@pytest.mark.usefixtures("let_in")
def test_every_way_of_the_commit_refuses_an_expired_key(admin: Caller, clerk: Caller) -> None:
    assert [answer.status_code for answer in _write_all(clerk)] == [401] * 3
    assert len(admin.get("/v1/transactions").get_json()["items"]) == 1


@pytest.mark.usefixtures("let_in")
def test_without_its_look_every_way_writes(clerk: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(batch_context, "read", _blind)
    assert [answer.status_code for answer in _write_all(clerk)] == [201, 201, 200]


@pytest.fixture
def browser(ledger: Ledger, clerk: Caller) -> FlaskClient:
    """A browser that has signed in with the clerk's key."""
    found = clerk.client.application.test_client()
    key = clerk.headers["Authorization"].partition(" ")[2]
    assert found.post("/signin", data={"key": key}).status_code == 303
    return found


def test_a_session_ends_with_its_key(ledger: Ledger, browser: FlaskClient, ends_at: datetime.datetime) -> None:
    told = browser.get("/session").get_json()
    assert datetime.datetime.fromisoformat(told["expires_at"]) == ends_at
    assert browser.get(REPORT).status_code == 200
    _at(ledger, ends_at)
    assert [browser.get(path).status_code for path in ("/session", REPORT, "/v1/transactions")] == [401] * 3
    _at(ledger, ends_at - HOUR)
    assert browser.get("/session").status_code == 401, "it has ended for good, also when the clock is put back"


def test_nobody_signs_in_with_an_expired_key(ledger: Ledger, clerk: Caller, ends_at: datetime.datetime) -> None:
    _at(ledger, ends_at)
    key = clerk.headers["Authorization"].partition(" ")[2]
    answer = clerk.client.application.test_client().post("/signin", data={"key": key})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "expired" in answer.text


def test_a_key_that_would_have_expired_is_not_made(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="would have expired already"):
        create_key(ledger, "clerk", ["admin"], expires_at=ledger.now())
