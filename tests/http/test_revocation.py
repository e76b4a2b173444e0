"""A revoked key: from the next request on it writes nothing, is told nothing, and gets no first answer again."""

from collections.abc import Callable
from typing import Any

import pytest

from service.commands.keys import create_key, revoke_key
from service.ledger import Ledger
from service.storage import batch_context
from service.storage.batch_context import BatchContext
from service.storage.batch_context import read as read_batch_context
from tests.builders import a_key, a_trade
from tests.conftest import Caller

UNREADABLE = {"key": "k", "resident_id": "R1"}


@pytest.fixture
def clerk(ledger: Ledger, call: Callable[..., Caller], admin: Caller) -> Caller:
    """A caller whose key this process knows from a post, and who is about to lose it."""
    admin.register(1)
    key_id, key = create_key(ledger, "clerk", ["transactions:write"])
    found = call()
    found.headers = {"Authorization": f"Bearer {key}"}
    assert found.trade(a_trade(), key="first").status_code == 201
    revoke_key(ledger, key_id)
    return found


REQUESTS: dict[str, Callable[[Caller], Any]] = {
    "post": lambda clerk: clerk.trade(a_trade()),
    "replay": lambda clerk: clerk.trade(a_trade(), key="first"),
    "what is wrong": lambda clerk: clerk.trade(a_trade(amount_cny="x")),
    "no key": lambda clerk: clerk.post("/v1/transactions", a_trade()),
    "reversal": lambda clerk: clerk.reverse("01a20a10-feae-77e7-9b8f-f3bdba051bec"),
    "batch": lambda clerk: clerk.post("/v1/transactions/batch", {"items": [a_trade(key=a_key())]}),
    "all or none": lambda clerk: clerk.post(
        "/v1/transactions/batch", {"items": [a_trade(key=a_key())], "atomic": True}
    ),
    "batch of unreadable lines": lambda clerk: clerk.post("/v1/transactions/batch", {"items": [UNREADABLE]}),
    "batch that can't be read": lambda clerk: clerk.post("/v1/transactions/batch", {"items": 1}),
}


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_revoked_key_is_refused_at_its_next_request(
    request_of: Callable[[Caller], Any], clerk: Caller, admin: Caller
) -> None:
    answer = request_of(clerk)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthenticated")
    assert "WWW-Authenticate" in answer.headers
    assert len(admin.get("/v1/transactions").get_json()["items"]) == 1


def test_the_refusal_is_not_remembered_for_a_key_that_lives(clerk: Caller, admin: Caller) -> None:
    clerk.trade(a_trade(), key="again")
    assert admin.trade(a_trade(), key="again").status_code == 201


def test_without_the_look_inside_the_commit_a_revoked_key_writes(
    clerk: Caller, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: it is the commit that looks."""

    def blind(*told: Any) -> BatchContext:
        return read_batch_context(*told)._replace(revoked_keys=frozenset())

    monkeypatch.setattr(batch_context, "read", blind)
    assert clerk.trade(a_trade()).status_code == 201
