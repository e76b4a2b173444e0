"""Signing out: the session ends on the server, for every process, and no clock brings it back."""

import datetime
import pathlib
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from service.app import create_app
from service.commands.keys import create_key
from service.commands.sessions import end_session
from service.http.sessions import COOKIE
from service.ledger import Ledger
from service.storage import ended_sessions
from service.storage.engine import Database
from service.storage.faults import DatabaseUnavailable
from service.storage.tables import ended_session
from tests.builders import a_citizen_number, a_registration
from tests.conftest import Caller
from tests.servers import Server, call_hushi, serving

REPORT = "/v1/reports/trade?period=2024&by=category"
NOON = datetime.datetime(2026, 3, 2, 4, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def set_clock(ledger: Ledger, now: datetime.datetime) -> None:
    object.__setattr__(ledger, "clock", lambda: now)


def token_of(browser: FlaskClient) -> dict[str, str]:
    return {"X-CSRF-Token": str(browser.get("/session").get_json()["csrf_token"])}


def with_cookie(browser: FlaskClient, of: FlaskClient) -> FlaskClient:
    """The browser, with the cookie that another one has at this moment."""
    cookie = of.get_cookie(COOKIE)
    assert cookie is not None
    browser.set_cookie(COOKIE, cookie.value)
    return browser


@pytest.fixture
def signed_in(call: Callable[..., Caller], ledger: Ledger) -> FlaskClient:
    """A browser with a session that may do everything."""
    _, key = create_key(ledger, "bureau", ["admin"])
    browser = call(None).client
    assert browser.post("/signin", data={"key": key}).status_code == 303
    return browser


@pytest.fixture
def elsewhere(other_ledger: Ledger) -> Iterator[FlaskClient]:
    """A browser at another process of the same ledger."""
    app = create_app(other_ledger)
    yield app.test_client()
    app.extensions["hushi"].committer.close()


def test_the_old_cookie_opens_nothing_in_any_process(signed_in: FlaskClient, elsewhere: FlaskClient) -> None:
    token = token_of(signed_in)
    assert signed_in.post("/v1/residents", json=a_registration(), headers=token).status_code == 201
    thief = with_cookie(signed_in.application.test_client(), signed_in)
    with_cookie(elsewhere, signed_in)
    for browser in (thief, elsewhere):
        # The second time the answer is known before Flask is asked.
        assert [browser.get(REPORT).status_code for _ in range(2)] == [200, 200]
    assert signed_in.post("/signout", headers=token).status_code == 204
    for browser in (thief, elsewhere):
        assert [browser.get(path).status_code for path in (REPORT, "/session", "/v1/residents")] == [401] * 3
        revealed = browser.post("/v1/residents/R00000001/reveal", json={"reason": "curious"}, headers=token)
        assert revealed.status_code == 401
        assert a_citizen_number(0) not in revealed.text
        assert browser.post("/signout", headers=token).status_code == 204


def test_other_sessions_of_the_key_go_on(signed_in: FlaskClient, call: Callable[..., Caller], ledger: Ledger) -> None:
    _, key = create_key(ledger, "counter", ["reports:read"])
    one, two = call(None).client, signed_in.application.test_client()
    for browser in (one, two):
        browser.post("/signin", data={"key": key})
    one.post("/signout", headers=token_of(one))
    assert [browser.get(REPORT).status_code for browser in (one, two, signed_in)] == [401, 200, 200]


def test_without_the_token_nothing_ends(signed_in: FlaskClient) -> None:
    assert signed_in.post("/signout").status_code == 403
    assert signed_in.get(REPORT).status_code == 200


def test_a_clock_that_is_put_back_brings_no_expired_session_back(
    signed_in: FlaskClient, ledger: Ledger, elsewhere: FlaskClient, other_ledger: Ledger
) -> None:
    set_clock(ledger, NOON)
    _, key = create_key(ledger, "counter", ["reports:read"])
    signed_in.post("/signin", data={"key": key})
    with_cookie(elsewhere, signed_in)
    assert [signed_in.get(REPORT).status_code for _ in range(2)] == [200, 200]
    set_clock(ledger, NOON + DAY)
    assert signed_in.get(REPORT).status_code == 401
    for each in (ledger, other_ledger):
        set_clock(each, NOON)
    assert [browser.get(REPORT).status_code for browser in (signed_in, elsewhere)] == [401, 401]


def test_a_session_that_a_later_clock_began_is_over(signed_in: FlaskClient, ledger: Ledger) -> None:
    """It would live for 12 hours and as long as the clock was wrong."""
    now = ledger.now()
    set_clock(ledger, now - datetime.timedelta(minutes=4))
    assert signed_in.get(REPORT).status_code == 200
    set_clock(ledger, now - datetime.timedelta(minutes=6))
    assert signed_in.get(REPORT).status_code == 401
    set_clock(ledger, now)
    assert signed_in.get(REPORT).status_code == 401


def test_a_ledger_that_can_not_be_told_keeps_the_cookie_to_sign_out_again(
    signed_in: FlaskClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(signed_in)

    def full(_self: Database) -> object:
        raise DatabaseUnavailable("the disk is full")

    monkeypatch.setattr(Database, "writing", full)
    refused = signed_in.post("/signout", headers=token)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
    assert signed_in.get(REPORT).status_code == 200
    now = ledger.now()
    set_clock(ledger, now + DAY)
    assert signed_in.get(REPORT).status_code == 401, "an expired session is over also where nothing can be written"
    set_clock(ledger, now)
    assert signed_in.get(REPORT).status_code == 401
    monkeypatch.undo()
    assert signed_in.get("/session").status_code == 401


def test_old_rows_go_and_the_newest_stay_whatever_the_clock_says(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended_sessions, "KEPT_MIN", 3)
    set_clock(ledger, NOON)
    for n in range(6):
        end_session(ledger, bytes([n]) * 16, NOON - DAY if n != 1 else NOON + DAY)
        end_session(ledger, bytes([n]) * 16, NOON - DAY)
    with ledger.database.reading() as connection:
        kept = connection.execute(sa.select(ended_session.c.no).order_by(ended_session.c.no)).scalars().all()
    assert kept == [2, 4, 5, 6], "the three newest, and one whose cookie has not expired"


def test_a_session_stays_ended_in_all_processes_of_a_server_and_over_a_restart(
    environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    key = call_hushi(environment, "keys", "create", "--name", "b", "--scope", "reports:read").stdout.strip()
    with serving(environment, tmp_path / "log", "--workers", "2") as server:
        cookie = _sign_in(server, key)
        kept = _sign_in(server, key)
        assert {_status(server, cookie) for _ in range(12)} == {200}
        _, told, _ = server.ask("GET", "/session", headers=cookie)
        ended = server.ask("POST", "/signout", headers={**cookie, "X-CSRF-Token": told["csrf_token"]})
        assert ended[0] == 204
        assert {_status(server, cookie) for _ in range(12)} == {401}
    with serving(environment, tmp_path / "log") as server:
        assert [_status(server, each) for each in (cookie, kept)] == [401, 200]


def _sign_in(server: Server, key: str) -> dict[str, str]:
    """The header with a new session's cookie."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, headers = server.ask("POST", "/signin", f"key={key}".encode(), form)
    assert status == 303
    return {"Cookie": f"{COOKIE}={SimpleCookie(headers['set-cookie'])[COOKIE].value}"}


def _status(server: Server, headers: dict[str, str]) -> int:
    return server.ask("GET", REPORT, headers=headers)[0]
