"""A key of one trade point sees and writes that point only; what is another's is 404 and told to nobody of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from service.app import FAMILIES
from service.commands.folding import fold
from service.commands.keys import create_key
from service.http import report_answers, response_cache, routes
from service.http.trade_points import is_about_a_point
from service.ledger import Ledger
from tests.builders import a_key, a_trade
from tests.conftest import Caller

HERE, THERE, NEW = "erenhot", "zhuengadabuqi", "mandula"
UNKNOWN = "01a20a10-feae-77e7-9b8f-f3bdba051bec"
SEEN = ("1000.00", "2000.00")
"""The amounts at THERE, the oldest first."""


@pytest.fixture
def posted(admin: Caller) -> dict[str, list[str]]:
    """The ids of the trades at two points, which a key of all points has posted."""
    admin.register(2)
    found: dict[str, list[str]] = {HERE: [], THERE: []}
    for point, amount in ((HERE, "7000.00"), (THERE, SEEN[0]), (HERE, "40.00"), (THERE, SEEN[1])):
        body = a_trade(trade_point=point, amount_cny=amount, commodity=f"肉 {point}")
        found[point].append(admin.trade(body).get_json()["transaction_id"])
    return found


@pytest.fixture
def bound(ledger: Ledger, admin: Caller) -> Callable[..., Caller]:
    """Makes callers of one trade point, who may do everything there."""

    def make(point: str, *scopes: str) -> Caller:
        return Caller(admin.client, create_key(ledger, point, scopes or ["admin"], trade_point=point)[1])

    return make


@pytest.fixture
def desk(bound: Callable[..., Caller], posted: dict[str, list[str]]) -> Caller:
    """A caller of the trade point THERE."""
    return bound(THERE)


def _refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_a_body_that_names_no_trade_point_is_about_the_keys_own(desk: Caller) -> None:
    assert desk.trade(a_trade()).get_json()["trade_point"] == THERE
    assert desk.trade(a_trade(trade_point=THERE)).get_json()["trade_point"] == THERE
    assert desk.post("/v1/transactions/quote", a_trade()).status_code == 200


def test_a_retry_of_a_trade_without_a_trade_point_is_a_replay(desk: Caller) -> None:
    first, again = (desk.trade(a_trade(), "k") for _ in range(2))
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")


def test_a_trade_at_another_point_is_not_found_and_not_remembered(desk: Caller) -> None:
    answers = [
        desk.trade(a_trade(trade_point=HERE), "k"),
        desk.post("/v1/transactions/quote", a_trade(trade_point=HERE)),
    ]
    for answer in answers:
        assert _refusal(answer) == (404, "not-found")
        assert THERE in answer.get_json()["detail"]
    assert desk.trade(a_trade(), "k").status_code == 201


FORMS: dict[str, Callable[[list[dict[str, Any]]], dict[str, Any]]] = {
    "JSON": lambda lines: {"json": {"items": lines}},
    "NDJSON": lambda lines: {
        "data": b"\n".join(_json(line) for line in lines),
        "headers": {"Content-Type": "application/x-ndjson"},
    },
    "CSV": lambda lines: {"data": _csv(lines), "headers": {"Content-Type": "text/csv"}},
}


def _json(line: dict[str, Any]) -> bytes:
    return json.dumps(line).encode()


def _csv(lines: list[dict[str, Any]]) -> bytes:
    names = list(dict.fromkeys(name for line in lines for name in line))
    return "\n".join([",".join(names), *(",".join(line.get(name, "") for name in names) for line in lines)]).encode()


@pytest.mark.parametrize("form", FORMS)
def test_lines_of_a_batch_are_each_of_the_keys_own_point_or_not_found(desk: Caller, form: str) -> None:
    lines = [a_trade(key=a_key()), a_trade(key=a_key(), trade_point=HERE), a_trade(key=a_key(), trade_point=THERE)]
    checked = desk.post("/v1/transactions/batch?check=true", **FORMS[form](lines)).get_json()
    assert [item["status"] for item in checked["items"]] == [200, 404, 200]
    answer = desk.post("/v1/transactions/batch", **FORMS[form](lines)).get_json()
    assert [item["status"] for item in answer["items"]] == [201, 404, 201]
    assert THERE in answer["items"][1]["problem"]["detail"]
    ids = [answer["items"][place]["transaction_id"] for place in (0, 2)]
    assert [desk.get(f"/v1/transactions/{each}").get_json()["trade_point"] for each in ids] == [THERE, THERE]


def test_a_batch_of_all_or_none_with_a_line_of_another_point_writes_nothing(desk: Caller) -> None:
    lines = [a_trade(key="a"), a_trade(key="b", trade_point=HERE)]
    answer = desk.post("/v1/transactions/batch", {"items": lines, "atomic": True})
    assert _refusal(answer) == (422, "batch-refused")
    assert [item["status"] for item in answer.get_json()["items"]] == [404]
    assert len(desk.get("/v1/transactions").get_json()["items"]) == len(SEEN)


@pytest.mark.parametrize("what", ["", "/proof", "/reversal"])
def test_an_entry_of_another_point_is_as_one_that_does_not_exist(
    ledger: Ledger, desk: Caller, posted: dict[str, list[str]], what: str
) -> None:
    fold(ledger)

    def ask(transaction_id: str) -> Any:
        if what == "/reversal":
            return desk.reverse(transaction_id)
        return desk.get(f"/v1/transactions/{transaction_id}{what}")

    theirs, unknown = ask(posted[HERE][0]), ask(UNKNOWN)
    assert _refusal(theirs) == _refusal(unknown) == (404, "not-found")
    said = unknown.get_json()["detail"].replace(UNKNOWN, posted[HERE][0])
    assert theirs.get_json()["detail"] == said
    assert THERE in said
    assert ask(posted[THERE][0]).status_code in {200, 201}


def test_the_list_is_of_the_keys_own_point(desk: Caller) -> None:
    items = desk.get("/v1/transactions").get_json()["items"]
    assert [item["amount_cny"] for item in items] == [*reversed(SEEN)]
    assert desk.get(f"/v1/transactions?trade_point={THERE}").get_json()["items"] == items
    refused = desk.get(f"/v1/transactions?trade_point={HERE}")
    assert _refusal(refused) == (404, "not-found")
    assert THERE in refused.get_json()["detail"]


def test_a_cursor_of_another_key_opens_no_other_point(admin: Caller, desk: Caller) -> None:
    of_all = admin.get("/v1/transactions?limit=1").get_json()["next_cursor"]
    of_here = admin.get(f"/v1/transactions?limit=1&trade_point={HERE}").get_json()["next_cursor"]
    items = desk.get(f"/v1/transactions?cursor={of_all}").get_json()["items"]
    assert [item["amount_cny"] for item in items] == [SEEN[0]]
    assert desk.get(f"/v1/transactions?cursor={of_here}").status_code == 404


def test_pages_go_on_with_the_filters_that_were_sent(desk: Caller) -> None:
    first = desk.get("/v1/transactions?limit=1&category=meat").get_json()
    second = desk.get(f"/v1/transactions?limit=1&category=meat&cursor={first['next_cursor']}").get_json()
    assert [page["items"][0]["amount_cny"] for page in (first, second)] == [*reversed(SEEN)]
    assert second["next_cursor"] is None


REPORTS = (
    "/v1/reports/trade?period=2024&by=trade_point,month",
    "/v1/reports/series?period=2024&measure=amount_cny&interval=month&by=trade_point",
    "/v1/reports/brief?period=2024&lang=en",
    "/v1/reports/residents?period=2024",
    "/v1/reports/bulletin?month=2024-06",
)


@pytest.mark.parametrize("path", REPORTS)
def test_a_report_is_filtered_by_the_keys_own_point_and_says_so(admin: Caller, desk: Caller, path: str) -> None:
    own, of_all = desk.get(path), admin.get(path)
    assert own.get_json() == admin.get(f"{path}&trade_point={THERE}").get_json() != of_all.get_json()
    assert own.get_json()["filters"]["trade_point"] == [THERE]
    assert HERE not in own.text
    for named in (HERE, f"{HERE},{THERE}", f"{THERE},{HERE}"):
        assert _refusal(desk.get(f"{path}&trade_point={named}")) == (404, "not-found")


@pytest.mark.parametrize("path", REPORTS)
def test_a_point_without_a_trade_has_an_empty_report_and_learns_of_no_other(
    bound: Callable[..., Caller], posted: dict[str, list[str]], path: str
) -> None:
    answer = bound(NEW).get(path)
    assert answer.status_code == 200, answer.text
    assert not [point for point in (HERE, THERE) if point in answer.text]


def test_a_bulletin_of_one_point_says_on_paper_which(admin: Caller, desk: Caller) -> None:
    path = "/v1/reports/bulletin?month=2024-06&lang=en&format=html"
    own, of_all = desk.get(path).text, admin.get(path).text
    assert own.count(f"Trade point: {THERE}") == 2, "above the tables, and in the foot"
    assert f"&amp;trade_point={THERE}" in own
    assert f"肉 {HERE}" not in own
    assert f"肉 {HERE}" in of_all
    assert "Trade point:" not in of_all
    assert desk.get(path.replace("html", "xlsx")).status_code == 200


def test_an_answer_from_memory_is_for_the_key_that_asked(admin: Caller, desk: Caller) -> None:
    path = REPORTS[0]
    for _ in range(2):
        assert desk.get(path).get_json()["filters"] == {"trade_point": [THERE]}
        assert admin.get(path).get_json()["filters"] == {}


def test_without_the_key_among_what_counts_it_would_be_given_to_another(
    admin: Caller, desk: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    counted = tuple(name for name in response_cache._WHAT_COUNTS if name != "HTTP_AUTHORIZATION")
    monkeypatch.setattr(response_cache, "_WHAT_COUNTS", counted)
    assert admin.get(REPORTS[0]).get_json() == desk.get(REPORTS[0]).get_json()


@pytest.mark.parametrize("path", REPORTS)
def test_a_browser_that_changes_its_key_is_not_told_that_nothing_changed(
    admin: Caller, desk: Caller, path: str
) -> None:
    """A cache of a browser keeps the answer under the address, and Vary can't name the key that a cookie stands for."""
    tag = admin.get(path).headers["ETag"]
    assert desk.get(path, headers={"If-None-Match": tag}).status_code == 200
    assert desk.get(path, headers={"If-None-Match": desk.get(path).headers["ETag"]}).status_code == 304


def test_without_the_point_in_the_tag_it_would_be(admin: Caller, desk: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(report_answers, "own_trade_point", lambda: None)
    tag = admin.get(REPORTS[0]).headers["ETag"]
    assert desk.get(REPORTS[0], headers={"If-None-Match": tag}).status_code == 304


def test_a_query_that_is_read_once_is_read_once_for_each_point(admin: Caller, desk: Caller) -> None:
    assert admin.get("/v1/reports/trade?period=2024").get_json()["filters"] == {}
    assert desk.get("/v1/reports/trade?period=2024").get_json()["filters"] == {"trade_point": [THERE]}


def test_without_the_point_beside_the_query_it_would_be_that_of_the_first(
    admin: Caller, desk: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(routes, "own_trade_point", lambda: None)
    assert admin.get("/v1/reports/trade?period=2024").get_json()["filters"] == {}
    assert desk.get("/v1/reports/trade?period=2024").get_json()["filters"] == {}


def test_a_session_tells_its_trade_point(ledger: Ledger, admin: Caller, bound: Callable[..., Caller]) -> None:
    app = admin.client.application
    for point in (None, THERE):
        browser = app.test_client()
        _, key = create_key(ledger, "desk", ["reports:read"], trade_point=point)
        browser.post("/signin", data={"key": key})
        assert browser.get("/session").get_json()["trade_point"] == point
        assert browser.get(REPORTS[0]).get_json()["filters"] == ({} if point is None else {"trade_point": [point]})


OF_NO_POINT = {
    "/v1/residents", "/v1/residents/<resident_id>", "/v1/residents/lookup", "/v1/residents/<resident_id>/status",
    "/v1/residents/<resident_id>/reveal", "/v1/residents/<resident_id>/allowance", "/v1/groups",
    "/v1/residents/search", "/v1/mandates", "/v1/mandates/<mandate_id>/withdrawal", "/v1/rules",
    "/v1/groups/<group_id>/members", "/v1/audit", "/v1/ledger", "/v1/ledger/blocks/<no>", "/metrics",
    "/v1/enterprises", "/v1/enterprises/<enterprise_id>", "/v1/enterprises/<enterprise_id>/status",
}  # fmt: skip
"""What a key of one trade point may see whole: people and their allowance, enterprises, rules, blocks, counters."""
LOOKED_UP_BY_ID = {
    "/v1/transactions/<transaction_id>", "/v1/transactions/<transaction_id>/proof",
    "/v1/transactions/<transaction_id>/reversal", "/v1/transactions/batch",
    "/v1/transfers/<transfer_id>", "/v1/transfers/<transfer_id>/reversal",
    "/v1/processing-batches", "/v1/processing-batches/<processing_batch_id>",
    "/v1/processing-batches/<processing_batch_id>/reversal",
}  # fmt: skip
"""Where the view itself compares the trade point; each has a test above."""


def test_every_route_is_of_one_point_or_listed_here() -> None:
    """A route that forgets the field `trade_point` shows a bound key what is of every point."""
    unbound = [
        route.path
        for family in FAMILIES
        for route in family.all
        if route.scope is not None and not (is_about_a_point(route.body) or is_about_a_point(route.query))
    ]
    assert set(unbound) - OF_NO_POINT - LOOKED_UP_BY_ID == set()
