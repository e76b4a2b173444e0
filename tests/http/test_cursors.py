"""Cursors are opaque: whatever a list did not give out is refused with their own code, on both engines alike."""

import base64
import json
from typing import Any

import pytest

from tests.conftest import Caller

LISTS = {"transactions": "/v1/transactions", "residents": "/v1/residents", "groups": "/v1/groups"}


def _forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_that_no_list_gave_out_is_refused_with_its_own_code(admin: Caller, name: str) -> None:
    for place in (True, False, None, 1.5, "1", -1, 2**63, 2**63 - 1 if name != "transactions" else 2**64):
        _refuse(admin, name, _forged(name, place, {}))
    for cursor in (_forged(name, 1, []), _forged(name, 1, {"limit": "5"}), _forged(name, 1), _forged("other", 1, {})):
        _refuse(admin, name, cursor)
    for cursor in ("", "%00", "%20", "%2B", "é", "A" * 5_000, _forged(name, 1, {}) + "!"):
        _refuse(admin, name, cursor)


def test_the_refused_ones_differ_from_a_good_one_only_in_what_is_wrong(admin: Caller) -> None:
    for name, path in LISTS.items():
        assert admin.get(f"{path}?cursor={_forged(name, 1, {})}").status_code == 200


def _refuse(caller: Caller, name: str, cursor: str) -> None:
    answer = caller.get(f"{LISTS[name]}?cursor={cursor}")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "cursor-invalid"), cursor[:100]
