"""Sessions: a key pasted once, a cookie that no script reads, and all that ends it."""

import datetime
import pathlib
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.cli.welcome import welcome_text
from service.commands.keys import create_key, revoke_key
from service.http.sessions import COOKIE
from service.ledger import Ledger
from tests.builders import a_registration, a_trade
from tests.conftest import Caller

REPORT = "/v1/reports/trade?period=2024&by=category"


def _sign_in(caller: Caller, key: str, **form: str) -> TestResponse:
    return caller.client.post("/signin", data={"key": key, **form})


@pytest.fixture
def browser(call: Callable[..., Caller], ledger: Ledger) -> Callable[..., FlaskClient]:
    """Makes browsers that are signed in with a new key of these scopes."""

    def make(*scopes: str) -> FlaskClient:
        _, key = create_key(ledger, "bureau", scopes or ["admin"])
        stranger = call(None)
        assert _sign_in(stranger, key).status_code == 303
        return stranger.client

    return make


def _token(browser: FlaskClient) -> str:
    return str(browser.get("/session").get_json()["csrf_token"])


def _cookie(browser: FlaskClient) -> str:
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    return str(cookie.value)


def _later(ledger: Ledger, **passed: float) -> None:
    later = ledger.now() + datetime.timedelta(**passed)
    object.__setattr__(ledger, "clock", lambda: later)


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_holds_no_key(
    call: Callable[..., Caller], ledger: Ledger
) -> None:
    _, key = create_key(ledger, "bureau", ["reports:read"])
    answer = _sign_in(call(None), f" {key}\n", next="/?period=2024&lang=mn")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?period=2024&lang=mn")
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert key.removeprefix("hushi_") not in str(answer.headers)


@pytest.mark.parametrize("how", [{"base_url": "https://hushi.example"}, {"headers": {"X-Forwarded-Proto": "https"}}])
def test_over_https_the_cookie_never_travels_unencrypted(
    call: Callable[..., Caller], ledger: Ledger, how: dict[str, object]
) -> None:
    _, key = create_key(ledger, "bureau", ["reports:read"])
    answer = call(None).client.post("/signin", data={"key": key}, **how)
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")


@pytest.mark.parametrize("key", ["hushi_wrong", "hushi_二连浩特", "x" * 2000])
def test_an_unknown_key_begins_no_session(call: Callable[..., Caller], key: str) -> None:
    answer = _sign_in(call(None), key)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert 'role="alert"' in answer.text
    assert key not in answer.text


def test_a_form_that_is_none_is_refused(call: Callable[..., Caller]) -> None:
    stranger = call(None)
    assert _sign_in(stranger, "  ").status_code == 422
    assert stranger.client.post("/signin", json={"key": "hushi_x"}).status_code == 415
    assert _sign_in(stranger, "x" * 5000).status_code == 413


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_can_not_sign_a_browser_in(call: Callable[..., Caller], ledger: Ledger, site: str) -> None:
    _, key = create_key(ledger, "theirs", ["reports:read"])
    answer = call(None).client.post("/signin", data={"key": key}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("goes_to", ["https://evil.example", "//evil.example", "/\\evil.example", "/?a\r\nX: y", "x"])
def test_signing_in_leads_to_no_other_site(call: Callable[..., Caller], ledger: Ledger, goes_to: str) -> None:
    _, key = create_key(ledger, "bureau", ["reports:read"])
    assert _sign_in(call(None), key, next=goes_to).headers["Location"] == "/"


def test_a_session_tells_who_it_is_and_when_it_ends(browser: Callable[..., FlaskClient], ledger: Ledger) -> None:
    told = browser("reports:read").get("/session")
    assert told.headers["Cache-Control"] == "no-store"
    assert (told.get_json()["name"], told.get_json()["scopes"]) == ("bureau", ["reports:read"])
    ends = datetime.datetime.fromisoformat(told.get_json()["expires_at"]) - ledger.now()
    assert datetime.timedelta(hours=11.9) < ends <= datetime.timedelta(hours=12)


def test_a_session_may_do_what_its_key_may(browser: Callable[..., FlaskClient]) -> None:
    reader = browser("reports:read")
    assert reader.get(REPORT).status_code == 200
    refused = reader.get("/v1/residents")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert "residents:read" in refused.get_json()["detail"]


def test_a_write_needs_the_token_of_its_own_session(browser: Callable[..., FlaskClient]) -> None:
    clerk, other = browser("residents:write"), browser("residents:write")
    for headers in ({}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": "ö"}, {"X-CSRF-Token": _token(other)}):
        refused = clerk.post("/v1/residents", json=a_registration(), headers=headers)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    done = clerk.post("/v1/residents", json=a_registration(), headers={"X-CSRF-Token": _token(clerk)})
    assert done.status_code == 201


def test_a_header_counts_before_a_cookie_and_needs_no_token(browser: Callable[..., FlaskClient], admin: Caller) -> None:
    signed_in = browser("reports:read")
    assert signed_in.post("/v1/residents", json=a_registration(), headers=admin.headers).status_code == 201
    assert signed_in.get(REPORT, headers={"Authorization": "Bearer hushi_wrong"}).status_code == 401


def test_a_session_ends_after_twelve_hours_also_for_an_answer_that_is_known(
    browser: Callable[..., FlaskClient], ledger: Ledger
) -> None:
    # From the middle of a business day, so that midnight is not what ends the cached answer.
    noon = datetime.datetime(2026, 3, 2, 1, tzinfo=datetime.UTC)
    object.__setattr__(ledger, "clock", lambda: noon)
    signed_in = browser()
    _later(ledger, hours=11, minutes=59)
    assert [signed_in.get(REPORT).status_code for _ in range(2)] == [200, 200]
    _later(ledger, minutes=1)
    assert signed_in.get(REPORT).status_code == 401
    assert signed_in.get("/session").status_code == 401


def test_revoking_the_key_ends_its_session_at_once(call: Callable[..., Caller], ledger: Ledger) -> None:
    key_id, key = create_key(ledger, "bureau", ["reports:read"])
    stranger = call(None)
    _sign_in(stranger, key)
    assert [stranger.get(REPORT).status_code for _ in range(2)] == [200, 200]
    revoke_key(ledger, key_id)
    assert stranger.get(REPORT).status_code == 401
    assert _sign_in(stranger, key).status_code == 401


def test_signing_out_needs_the_token_and_drops_the_cookie(browser: Callable[..., FlaskClient]) -> None:
    signed_in = browser()
    assert signed_in.get(REPORT).status_code == 200
    assert signed_in.post("/signout").status_code == 403
    assert signed_in.get(REPORT).status_code == 200
    answer = signed_in.post("/signout", headers={"X-CSRF-Token": _token(signed_in)})
    assert answer.status_code == 204
    assert signed_in.get_cookie(COOKIE) is None
    assert signed_in.get(REPORT).status_code == 401
    assert signed_in.post("/signout").status_code == 204


def test_cached_answers_are_not_shared_between_sessions(browser: Callable[..., FlaskClient], admin: Caller) -> None:
    admin.register(1)
    admin.trade(a_trade())
    reader, clerk = browser("reports:read"), browser("residents:read")
    assert [reader.get(REPORT).status_code for _ in range(2)] == [200, 200]
    assert clerk.get(REPORT).status_code == 403
    assert admin.client.application.test_client().get(REPORT).status_code == 401


def test_a_cookie_that_was_tampered_with_is_none(browser: Callable[..., FlaskClient]) -> None:
    signed_in = browser()
    good = _cookie(signed_in)
    flipped = [good[:n] + ("B" if good[n] == "A" else "A") + good[n + 1 :] for n in range(len(good) - 1)]
    for bad in [*flipped, "", "é", "A", "A" * 86, "A" * 4000, good + "A", good[:-4], "_" * len(good)]:
        signed_in.set_cookie(COOKIE, bad)
        assert signed_in.get("/session").status_code == 401, bad
    signed_in.set_cookie(COOKIE, good)
    assert signed_in.get("/session").status_code == 200


def test_a_session_of_another_ledger_with_the_same_secrets_is_none(
    browser: Callable[..., FlaskClient], ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same id is another key there; a cookie is bound to the key's digest."""
    from service.storage import keys

    signed_in = browser()
    with ledger.database.reading() as connection:
        other = create_key_like(keys.list_keys(connection)[-1])
    monkeypatch.setattr("service.queries.keys.keys.find_by_id", lambda *_: other)
    signed_in.application.extensions["hushi"].keys._known.clear()
    assert signed_in.get("/session").status_code == 401


def create_key_like(found: object) -> object:
    import dataclasses

    return dataclasses.replace(found, digest=b"\0" * 32)  # type: ignore[type-var] # (a dataclass)


def test_pages_load_nothing_from_elsewhere_and_stand_in_no_frame(call: Callable[..., Caller]) -> None:
    stranger = call(None)
    for path in ("/", "/signin"):
        page = stranger.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (page.headers["Referrer-Policy"], page.headers["X-Content-Type-Options"]) == ("no-referrer", "nosniff")
        assert re.findall(r"(?:src|href|action)=\"(?!/|#)", page.text) == []
        assert re.findall(r"<style|style=|<script>|\son\w+=", page.text) == []
        for address in re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", page.text):
            assert stranger.get(address).status_code == 200, address


def test_a_file_is_answered_with_its_tag_and_no_other_file_is(call: Callable[..., Caller]) -> None:
    stranger = call(None)
    first = stranger.get("/static/dashboard.js")
    assert first.content_type == "text/javascript; charset=utf-8"
    for tag in (first.headers["ETag"], f"W/{first.headers['ETag']}"):
        assert stranger.get("/static/dashboard.js", headers={"If-None-Match": tag}).status_code == 304
    for path in ("../pages.py", "..%2Fpages.py", "nothing.js", "__init__.py", "vendor", "/etc/passwd"):
        assert stranger.get(f"/static/{path}").status_code in {404, 308}, path


def test_the_link_of_the_welcome_bears_a_key_that_signs_in(
    call: Callable[..., Caller], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    found = re.search(r"http://127.0.0.1:8123/signin#key=(\S+)", welcome_text(ledger, tmp_path, 8123))
    assert found is not None
    stranger = call(None)
    assert _sign_in(stranger, found[1]).status_code == 303
    assert stranger.get(REPORT).status_code == 200
