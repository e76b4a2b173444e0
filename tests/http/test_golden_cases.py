"""The golden cases through HTTP: allowances, amounts, citizen numbers, and the verdicts of a whole history."""

import filecmp
import pathlib
from typing import Any

import pytest

from tests.builders import a_registration, a_trade
from tests.cases import FOLDER, read_cases
from tests.conftest import Caller

SHARED = pathlib.Path(__file__).parents[3] / "shared" / "cases"


@pytest.mark.skipif(not SHARED.exists(), reason="this clone stands alone, without the shared cases")
def test_copies_are_equal_to_the_shared_cases() -> None:
    names = sorted(path.name for path in SHARED.glob("*.json"))
    assert filecmp.cmpfiles(SHARED, FOLDER, names, shallow=False) == (names, [], [])
    files = sorted(path.name for path in (SHARED / "files").iterdir())
    assert sorted(path.name for path in (FOLDER / "files").iterdir()) == files
    assert filecmp.cmpfiles(SHARED / "files", FOLDER / "files", files, shallow=False) == (files, [], [])


def _play(caller: Caller, steps: list[Any]) -> None:
    accepted: list[str] = []
    for number, step in enumerate(steps):
        if "reverse" in step:
            answer = caller.reverse(accepted[step["reverse"]])
            assert answer.status_code == 201, answer.text
            if "expect" in step:
                assert answer.status_code == step["expect"]["status"]
            continue
        answer = caller.trade(step["post"])
        document, expected = answer.get_json(), dict(step["expect"])
        assert answer.status_code == expected.pop("status"), (number, answer.text)
        assert {name: document[name] for name in expected} == expected, (number, step, document)
        if answer.status_code == 201:
            accepted.append(document["transaction_id"])


@pytest.mark.parametrize("number", range(len(read_cases("allowance"))))
def test_an_allowance_sequence_is_judged_as_the_golden_case_says(admin: Caller, number: int) -> None:
    admin.register(1)
    _play(admin, read_cases("allowance")[number])


def test_the_history_is_judged_as_the_golden_case_says(admin: Caller) -> None:
    residents, steps, _reports = read_cases("history")
    admin.register(residents["residents"])
    _play(admin, steps["steps"])


def test_amounts_are_taken_and_refused_as_the_golden_cases_say(admin: Caller) -> None:
    admin.register(1)
    for number, case in enumerate(read_cases("amounts")):
        body = {**a_trade(traded_at=f"202{number % 4}-03-{number % 28 + 1:02d}T12:00:00Z"), "amount_cny": case["text"]}
        answer = admin.trade(body)
        if case["fen"] is None:
            assert answer.status_code == 422, case
            assert answer.get_json()["errors"][0]["pointer"] == "/amount_cny"
        else:
            assert answer.status_code == 201, (case, answer.text)
            assert answer.get_json()["amount_cny"] == f"{case['fen'] // 100}.{case['fen'] % 100:02d}"


def test_citizen_numbers_are_taken_and_refused_as_the_golden_cases_say(admin: Caller) -> None:
    seen: set[str] = set()
    for case in read_cases("citizen_numbers"):
        answer = admin.post("/v1/residents", {**a_registration(), "id_number": case["number"]})
        if not case["valid"]:
            assert answer.status_code == 422, case
            assert answer.get_json()["errors"][0]["pointer"] == "/id_number"
            assert case["number"] == "" or case["number"] not in answer.text
        else:
            expected = 409 if case["number"].upper() in seen else 201
            assert answer.status_code == expected, (case, answer.text)
            seen.add(case["number"].upper())
