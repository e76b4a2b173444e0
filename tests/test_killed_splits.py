"""A process that dies while it posts a split has posted all of it or nothing, and a retry gets the one true answer."""

import pathlib
import signal

import pytest

from service.ledger import Ledger
from service.queries.verifying import verify
from tests import split_worker
from tests.conftest import Caller
from tests.forked import run_together
from tests.http.trucks import TRUCK, Trucks

API_KEY = "1"
"""The id of the caller's key: the first key of a new ledger."""


@pytest.mark.parametrize("stage", [*split_worker.STAGES, "commit"])
def test_a_killed_split_is_posted_whole_or_not_at_all(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path, stage: str
) -> None:
    trucks = Trucks(admin)
    group = admin.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    admin.register(5, group_id=group)
    trucks.register()
    token = trucks.propose(group_id=group, remainder="leave").get_json()["proposal"]

    call = (TRUCK, token, API_KEY, "the-key", stage)
    [died] = run_together(split_worker.main, [call], environment, tmp_path)

    assert died.returncode == -signal.SIGKILL, died.stderr
    entries = admin.get("/v1/transactions").get_json()["items"]
    assert len(entries) == (5 if stage == "commit" else 0)
    answer = trucks.split(token, key="the-key")
    assert (answer.status_code, len(answer.get_json()["items"])) == (201, 5)
    assert ("Idempotency-Replayed" in answer.headers) == (stage == "commit")
    assert len(admin.get("/v1/transactions").get_json()["items"]) == 5
    verify(ledger)
