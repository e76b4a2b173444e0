"""Text is one text over HTTP: in entries, filters, idempotency, reports, and in whatever else is free text."""

from typing import Any

import pytest

from tests.builders import a_registration, a_trade
from tests.conftest import Caller

FREE_TEXTS = ("commodity", "consignment", "vehicle_plate", "seller", "reference")
SPELLINGS = (
    "\u115fDOC-9",
    "DOC-9\u1160",
    "\u3164DOC-9",
    "DOC-9\uffa0",
    "DOC-9 ",
    "\ufeffDOC-9",
    "DOC\u200b-9",
    "\u202dDOC-9\u202c",
    "\u3000DOC-9\u00a0",
    "DOC-9\u00ad",
)

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def market(admin: Caller) -> Caller:
    """A ledger with one resident."""
    admin.register(1)
    return admin


@pytest.mark.parametrize("field", FREE_TEXTS)
def test_every_free_text_is_kept_in_one_spelling(market: Caller, field: str) -> None:
    answer = market.trade(a_trade(**{field: "\ufeff 冻\u3000\u00a0马肉e\u0301\u200b \t"}))
    assert answer.status_code == 201
    assert answer.get_json()[field] == "冻 马肉é"


@pytest.mark.parametrize("nothing", ["", " ", "\u200b", "\ufeff\u3000", "\u00a0\u200e"])
@pytest.mark.parametrize("field", FREE_TEXTS)
def test_a_text_of_nothing_is_refused_by_its_pointer(market: Caller, field: str, nothing: str) -> None:
    answer = market.trade(a_trade(**{field: nothing}))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation-failed")
    assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [(f"/{field}", "not-usable-text")]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_spelling_is_the_same_document_and_the_same_request(market: Caller, spelling: str) -> None:
    first = market.trade(a_trade(reference="DOC-9", consignment="DOC-9"), key="k")
    again = market.trade(a_trade(reference=spelling, consignment=spelling), key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.get_json() == first.get_json()

    other = market.trade(a_trade(reference=spelling))
    assert (other.status_code, other.get_json()["code"]) == (409, "reference-exists")

    found = market.get("/v1/transactions", query_string={"consignment": spelling}).get_json()["items"]
    assert [entry["reference"] for entry in found] == ["DOC-9"]


@pytest.mark.parametrize(
    "spelling", ["张三 ", "\u3000张三", "张三\u200f", "张\u200b三", "\ufeff张三\u00a0", "\u115f张三", "\t张三\r\n"]
)
def test_a_name_is_registered_in_the_same_spelling(admin: Caller, spelling: str) -> None:
    answer = admin.post("/v1/residents", a_registration(name=spelling))
    assert answer.status_code == 201
    revealed = admin.post(f"/v1/residents/{answer.get_json()['resident_id']}/reveal", {"reason": "test"})
    assert revealed.get_json()["name"] == "张三"


@pytest.mark.parametrize("name", [" ", "\u3000\u200b", "张 ", "\u200b张", "张\t三", "张3", "-张三"])
def test_what_is_no_name_without_its_blanks_is_refused(admin: Caller, name: str) -> None:
    answer = admin.post("/v1/residents", a_registration(name=name))
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [("/name", "not-a-name")]


def test_metadata_is_kept_in_one_spelling_and_named_once(market: Caller) -> None:
    answer = market.trade(a_trade(metadata={" note\u200b": "\u3000冻 "}))
    assert answer.get_json()["metadata"] == {"note": "冻"}
    twice = market.trade(a_trade(metadata={"note": "a", "note ": "b"}))
    assert twice.status_code == 422
    assert [(e["pointer"], e["code"]) for e in twice.get_json()["errors"]] == [("/metadata/note ", "repeated")]


def test_lines_of_a_batch_are_one_text_as_well(market: Caller) -> None:
    trades = [a_trade(key=f"k{number}", reference=spelling) for number, spelling in enumerate(["DOC-9", *SPELLINGS])]
    answer = market.post("/v1/transactions/batch", {"items": trades}).get_json()
    assert (answer["accepted"], answer["refused"]) == (1, len(SPELLINGS))
    assert {item["problem"]["code"] for item in answer["items"][1:]} == {"reference-exists"}

    body = a_trade(key="c1", seller="\u200b", reference="DOC-10\u00a0")
    table = f"{','.join(body)}\n{','.join(map(str, body.values()))}\n"
    (line,) = market.post(
        "/v1/transactions/batch", data=table.encode(), headers={"Content-Type": "text/csv"}
    ).get_json()["items"]
    entry = market.get(f"/v1/transactions/{line['transaction_id']}").get_json()
    assert (entry["seller"], entry["reference"]) == (None, "DOC-10")


def test_a_reason_a_group_and_a_settlement_are_one_text(market: Caller) -> None:
    trade = market.trade(a_trade(), key="t").get_json()["transaction_id"]
    assert market.reverse(trade, "\u3000wrong\u00a0weight ", key="r").get_json()["reason"] == "wrong weight"
    assert market.reverse(trade, "wrong weight", key="r").headers["Idempotency-Replayed"] == "true"
    assert market.post("/v1/groups", {"name": "\ufeff互助组 ", "kind": "village"}).get_json()["name"] == "互助组"

    registered: dict[str, Any] = market.post(
        "/v1/residents", a_registration(1, settlement="示例社区\u200b ")
    ).get_json()
    assert registered["settlement"] == "示例社区"
    listed = market.get("/v1/residents", query_string={"settlement": "\u3000示例社区"}).get_json()["items"]
    assert [resident["resident_id"] for resident in listed] == [registered["resident_id"]]
    market.trade(a_trade(resident_id=registered["resident_id"]))
    asked = {"period": "2024", "settlement": "示例社区 ", "compare": "none"}
    report = market.get("/v1/reports/trade", query_string=asked).get_json()
    assert report["total"]["transactions"]["current"] == 1
