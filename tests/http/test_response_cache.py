"""Answers from memory: the same as the first one, until anything that they depend on has changed."""

import datetime
from collections.abc import Callable

import pytest

from service.commands.folding import fold
from service.commands.keys import create_key, revoke_key
from service.http.response_cache import ASKED_LENGTH_MAX
from service.ledger import Ledger
from service.queries.reports import Reporter
from service.storage.faults import DatabaseUnavailable
from service.storage.ledger_state import Watch
from tests.builders import a_registration, a_trade
from tests.conftest import Caller

PATH = "/v1/reports/trade?period=2024&by=category"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each report that is computed."""
    computed: list[int] = []
    trade = Reporter.trade

    def counting(*arguments: object, **named: object) -> object:
        computed.append(1)
        return trade(*arguments, **named)  # type: ignore[arg-type] # (passed on as it came)

    monkeypatch.setattr(Reporter, "trade", counting)
    return computed


def test_the_same_report_is_computed_once(admin: Caller, asked: list[int]) -> None:
    admin.register(1)
    first, again = admin.get(PATH), admin.get(PATH)
    assert len(asked) == 1
    assert (first.status_code, first.data) == (again.status_code, again.data)
    own = {"X-Request-Id"}
    assert {k: v for k, v in first.headers.items() if k not in own} == {
        k: v for k, v in again.headers.items() if k not in own
    }
    assert first.headers["X-Request-Id"] != again.headers["X-Request-Id"]
    assert admin.get(PATH, headers={"X-Request-Id": "mine"}).headers["X-Request-Id"] == "mine"


def test_an_answer_to_an_endless_question_is_not_kept(admin: Caller, asked: list[int]) -> None:
    """The cache keeps the question beside each of its 512 answers."""
    for _ in range(2):
        assert admin.get(PATH, headers={"Accept": "application/json" + " " * ASKED_LENGTH_MAX}).status_code == 200
    assert len(asked) == 2


def test_every_change_of_the_ledger_is_answered_anew(ledger: Ledger, admin: Caller, asked: list[int]) -> None:
    admin.register(1)
    suspension = {"status": "suspended", "reason": "x", "effective_on": "2024-07-01"}
    changes: list[Callable[[], object]] = [
        lambda: admin.trade(a_trade()),
        lambda: fold(ledger),
        lambda: admin.post("/v1/residents", a_registration(7)),
        lambda: admin.post("/v1/residents/R00000001/status", suspension),
    ]
    for number, change in enumerate(changes, start=1):
        admin.get(PATH)
        change()
        answer = admin.get(PATH)
        assert len(asked) == number + 1
        assert answer.get_json()["total"]["transactions"]["current"] == 1


def test_a_question_of_another_kind_is_another_question(admin: Caller, asked: list[int]) -> None:
    admin.register(1)
    tag = admin.get(PATH).headers["ETag"]
    assert admin.get(PATH, headers={"Accept": "text/csv"}).content_type.startswith("text/csv")
    assert admin.get(PATH, headers={"If-None-Match": tag}).status_code == 304
    assert admin.get(PATH + "&compare=none").get_json()["base_period"] is None
    assert admin.get(PATH).get_json()["base_period"] is not None


@pytest.mark.parametrize("path", [PATH, "/v1/reports/brief?period=2024", "/v1/reports/bulletin?month=2024-06"])
def test_a_tag_fits_by_weak_comparison(admin: Caller, path: str) -> None:
    """A proxy that compresses makes tags weak; RFC 9110 has If-None-Match compare them as if they were not."""
    tag = admin.get(path).headers["ETag"]
    for fits in (tag, f"W/{tag}", f'"other", W/{tag}', "*"):
        # The second time the answer is known before Flask is asked.
        answers = [admin.get(path, headers={"If-None-Match": fits}) for _ in range(2)]
        assert [(answer.status_code, answer.data) for answer in answers] == [(304, b"")] * 2, fits
        assert {answer.headers["ETag"] for answer in answers} == {tag}
    for other in ('W/"other"', '"other"', f'W/{tag[:-2]}"'):
        assert [admin.get(path, headers={"If-None-Match": other}).status_code for _ in range(2)] == [200, 200], other


def test_a_revoked_key_is_refused_from_the_next_request_on(ledger: Ledger, call: Callable[..., Caller]) -> None:
    key_id, key = create_key(ledger, "bureau", ["reports:read"])
    bureau = call("reports:read")
    bureau.headers = {"Authorization": f"Bearer {key}"}
    assert [bureau.get(PATH).status_code for _ in range(2)] == [200, 200]
    revoke_key(ledger, key_id)
    assert bureau.get(PATH).status_code == 401


def test_a_key_without_the_scope_gets_nothing_of_what_others_were_answered(call: Callable[..., Caller]) -> None:
    assert call("reports:read").get(PATH).status_code == 200
    assert call("residents:read").get(PATH).status_code == 403
    assert call(None).get(PATH).status_code == 401


def test_without_a_database_nothing_is_answered_from_memory(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could say that it is still right."""
    assert admin.get(PATH).status_code == 200

    def lost(_self: Watch) -> object:
        raise DatabaseUnavailable("the database does not answer")

    monkeypatch.setattr(Watch, "read_logged", lost)
    assert admin.get(PATH).status_code == 503


def test_a_brief_of_the_running_year_is_not_kept_over_midnight(ledger: Ledger, admin: Caller) -> None:
    """It counts residents up to today; nothing in the ledger need have changed."""
    today = ledger.today()
    path = f"/v1/reports/brief?period={today.year}"
    first = admin.get(path)
    tomorrow = ledger.now() + datetime.timedelta(days=1)
    object.__setattr__(ledger, "clock", lambda: tomorrow)
    again = admin.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.get_json()["registered_on"] == (today + datetime.timedelta(days=1)).isoformat()
    assert admin.get(path).get_json() == again.get_json()
