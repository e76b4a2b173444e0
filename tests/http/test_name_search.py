"""Residents are found by a part of their name; what is shown is masked, and nothing tells the name."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.storage.tables import metadata
from tests.builders import a_citizen_number, a_registration
from tests.conftest import Caller

SEARCH = "/v1/residents/search"
NAMES = ["阿拉坦·其其格", "阿拉坦格日勒", "王明", "王小明", "Бат-Эрдэнэ", "Өлзий", "ᠪᠠᠲᠤ", "Altan"]


@pytest.fixture
def market(admin: Caller) -> Caller:
    for n, name in enumerate(NAMES):
        body = a_registration(n, name=name, settlement=f"嘎查{n % 2}")
        assert admin.post("/v1/residents", body).status_code == 201
    return admin


def _found(caller: Caller, name: str, **more: Any) -> list[str]:
    answer = caller.post(SEARCH, {"name": name, **more})
    assert answer.status_code == 200, answer.text
    return [NAMES[int(item["resident_id"][1:]) - 1] for item in answer.get_json()["items"]]


def test_a_resident_is_found_by_a_part_of_the_name_in_any_script(market: Caller) -> None:
    assert _found(market, "阿拉坦其其格") == ["阿拉坦·其其格"]
    assert _found(market, "阿拉坦 ") == ["阿拉坦·其其格", "阿拉坦格日勒"]
    assert _found(market, "明") == ["王明", "王小明"]
    assert _found(market, "БАТ ЭРДЭНЭ") == ["Бат-Эрдэнэ"]
    assert _found(market, "лзи") == ["Өлзий"]
    assert _found(market, "ᠪᠠᠲ") == ["ᠪᠠᠲᠤ"]
    assert _found(market, "ａｌｔ") == ["Altan"]
    assert _found(market, "巴特尔") == []


def test_who_is_found_is_shown_as_everywhere_masked(market: Caller) -> None:
    answer = market.post(SEARCH, {"name": "王明"}).get_json()
    assert answer == {"items": [market.get("/v1/residents/R00000003").get_json()], "has_more": False}
    shown = answer["items"][0]
    assert (shown["name"], shown["settlement"], shown["status"]) == ("王*", "嘎查0", "active")


def test_the_limit_cuts_the_list_and_says_so(market: Caller) -> None:
    cut = market.post(SEARCH, {"name": "明", "limit": 1}).get_json()
    assert [item["resident_id"] for item in cut["items"]] == ["R00000003"]
    assert cut["has_more"] is True
    assert market.post(SEARCH, {"name": "明", "limit": 2}).get_json()["has_more"] is False


def test_residents_who_are_registered_later_are_found_by_the_next_search(market: Caller) -> None:
    assert _found(market, "白音") == []
    new = a_registration(len(NAMES), name="白音")
    assert market.post("/v1/residents", new).status_code == 201
    answer = market.post(SEARCH, {"name": "白音"}).get_json()
    assert [item["resident_id"] for item in answer["items"]] == ["R00000009"]


def test_a_resident_whom_another_process_has_registered_is_found(
    market: Caller, ledger: Ledger, other_ledger: Ledger
) -> None:
    from service.app import create_app
    from service.commands.keys import create_key

    other = Caller(create_app(other_ledger).test_client(), create_key(other_ledger, "other", ["admin"])[1])
    assert _found(other, "王明") == ["王明"]
    assert market.post("/v1/residents", a_registration(20, name="白音")).status_code == 201
    assert len(other.post(SEARCH, {"name": "白音"}).get_json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/name", "required"),
        ({"name": "··"}, "/name", "not-a-name"),
        ({"name": a_citizen_number(0)}, "/name", "not-a-name"),
        ({"name": "王" * 61}, "/name", "not-a-name"),
        ({"name": "王", "limit": 0}, "/limit", "not-a-count"),
        ({"name": "王", "limit": 51}, "/limit", "not-a-count"),
        ({"name": "王", "limit": "5"}, "/limit", "not-a-count"),
        ({"name": "王", "settlement": "x"}, "/settlement", "unknown-field"),
    ],
)
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_can_not_be_searched_is_refused_and_not_repeated(
    admin: Caller, body: dict[str, Any], pointer: str, code: str
) -> None:
    refused = admin.post(SEARCH, body)
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.get_json()["errors"]] == [(pointer, code)]
    assert a_citizen_number(0) not in refused.text


def test_a_search_needs_the_scope(call: Callable[..., Caller]) -> None:
    assert call(None).post(SEARCH, {"name": "王"}).status_code == 401
    assert call("residents:write").post(SEARCH, {"name": "王"}).status_code == 403
    assert call("residents:read").post(SEARCH, {"name": "王"}).status_code == 200


def test_a_search_leaves_nothing_in_the_ledger_and_nothing_in_the_log(
    market: Caller, ledger: Ledger, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def kept() -> str:
        with ledger.database.reading() as connection:
            return repr([connection.execute(sa.select(table)).all() for table in metadata.sorted_tables])

    before = kept()
    assert _found(market, "阿拉坦其其格") == ["阿拉坦·其其格"]
    assert kept() == before
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    printed = "".join(capsys.readouterr())
    for name in ("阿拉坦", "其其格", "Эрдэнэ"):
        assert name not in before + printed
        assert name.encode() not in on_disk


def test_a_damaged_row_does_not_prevent_the_search_for_others(market: Caller, ledger: Ledger) -> None:
    """Its name can't be found any more; `hushi verify` finds the damage."""
    with ledger.database.writing() as connection:
        table = metadata.tables["resident"]
        connection.execute(sa.update(table).where(table.c.ordinal == 4).values(name_encrypted=b"damaged"))
    assert _found(market, "王") == ["王明"]
