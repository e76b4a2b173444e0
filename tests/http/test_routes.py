"""Every route has a scope or is on the short open list; the URL map itself is walked."""

from collections.abc import Callable

import pytest

from service.app import FAMILIES
from service.domain.keys import SCOPES
from service.http.web.page_links import PAGES
from tests.conftest import Caller

SHELLS = {page.address for page in PAGES.values()}
OPEN = {
    "/health/live", "/health/ready", "/version", "/openapi.json", "/docs",
    "/favicon.ico", "/signin", "/signout", "/static/<path:name>",
} | SHELLS  # fmt: skip
ELSEWHERE = "203.0.113.7"
"""Where these callers are: what one on the machine itself may do besides is in tests/http/test_metrics.py."""


@pytest.fixture
def engine_name() -> str:
    """The scopes do not depend on the engine, so one engine is enough."""
    return "sqlite"


def _routes(caller: Caller) -> list[tuple[str, str]]:
    return [
        (method, rule.rule)
        for rule in caller.client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def _address(rule: str) -> str:
    return rule.replace("<resident_id>", "R00000001").replace("<group_id>", "G000001").replace("<", "").replace(">", "")


def test_without_a_key_only_the_open_routes_answer(call: Callable[..., Caller]) -> None:
    stranger = call(None)
    stranger.client.environ_base["REMOTE_ADDR"] = ELSEWHERE
    answers = {
        rule: stranger.client.open(_address(rule), method=method).status_code for method, rule in _routes(stranger)
    }
    assert {rule for rule, status in answers.items() if status != 401} == OPEN


@pytest.mark.parametrize("held", SCOPES)
def test_a_key_opens_the_routes_of_its_scopes_and_no_other(call: Callable[..., Caller], held: str) -> None:
    caller = call(held)
    caller.client.environ_base["REMOTE_ADDR"] = ELSEWHERE
    for route in (route for family in FAMILIES for route in family.all if route.scope is not None):
        answer = caller.client.open(_address(route.path), method=route.method, headers=caller.headers, json={})
        allowed = held in (route.scope, "admin")
        assert (answer.status_code != 403) == allowed, (route.path, answer.text)
        if not allowed:
            assert answer.get_json()["code"] == "forbidden"


def test_one_route_is_open_to_the_machine_itself() -> None:
    assert [route.path for family in FAMILIES for route in family.all if route.loopback_open] == ["/metrics"]
