"""What callers, pages, reports and imports see of the operator's rules."""

import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from schemas.reports import TradeQuerySchema
from service.commands.rules import add_rule_file
from service.ledger import Ledger
from service.queries.ledger_state import LedgerStateReader
from service.queries.reports import Reporter
from service.rules.names import name_of
from tests.builders import a_trade
from tests.conftest import Caller
from tests.rules.rule_documents import NAMES, a_category, a_limit, a_list_group, a_repeal, a_text
from tests.rules.test_judging import add, other_caller
from tests.servers import call_hushi

SEED = {"hs_prefixes": ["12"], **NAMES, "hs_code_required": False}


def _seed(ledger: Ledger) -> None:
    add(ledger, categories=[a_category("rape_seed", **SEED)])


def test_the_rules_of_a_day_are_told_with_their_file_and_their_basis(
    ledger: Ledger, call: Callable[..., Caller]
) -> None:
    add_rule_file(
        ledger,
        a_text("通知 1", list_groups=[a_list_group(verified=False), a_repeal()], categories=[a_category()]),
        "a-request",
    )
    told = call("transactions:read").get("/v1/rules?day=2024-06-30").get_json()
    by_name = {row["name"]: row for row in told["list_groups"]}
    assert (told["day"], told["rule_version"], len(by_name)) == ("2024-06-30", "2024-05-01+1", 11)
    assert by_name["wheat"] == {
        "name": "wheat", "zh": "小麦", "en": "Wheat", "mn": "Улаан буудай", "free_kg": "10.000",
        "hs_prefixes": ["1001", "1101", "110311", "110320"], "valid_from": "2024-05-01", "valid_to": None,
        "legal_basis": "An invented notice", "source": "A test", "verified": False,
        "file": {"no": 1, "name": "通知 1"},
    }  # fmt: skip
    assert by_name["rice"]["file"] is None
    assert [row["limit_cny"] for row in told["value_limits"]] == ["8000.00"]
    assert {row["name"]: row["hs_code_required"] for row in told["categories"]} == {
        "meat": False, "grain": True, "wool": False, "packaged_food": False,
    }  # fmt: skip
    before = call("transactions:read").get("/v1/rules?day=2024-04-30").get_json()
    assert (before["rule_version"], len(before["list_groups"])) == ("2010-05-01", 12)


@pytest.mark.parametrize(("query", "status"), [("", 200), ("?day=1999-12-31", 422), ("?day=x", 422), ("?dy=1", 422)])
def test_a_day_that_cannot_be_is_refused(admin: Caller, query: str, status: int) -> None:
    assert admin.get(f"/v1/rules{query}").status_code == status


def test_the_rules_need_a_scope(call: Callable[..., Caller]) -> None:
    assert call(None).get("/v1/rules").status_code == 401
    assert call("reports:read").get("/v1/rules").status_code == 403


def test_a_new_category_is_named_and_filtered_by_in_every_process(
    ledger: Ledger, other_ledger: Ledger, admin: Caller
) -> None:
    other = other_caller(other_ledger, admin)
    path = "/v1/reports/trade?period=2024&by=category&category=rape_seed"
    assert [caller.get(path).status_code for caller in (admin, other)] == [422, 422]
    assert admin.get("/v1/transactions?category=rape_seed").status_code == 422
    admin.register(1)
    _seed(ledger)
    assert other.trade(a_trade(category="rape_seed")).status_code == 201
    for caller in (admin, other):
        assert caller.get(path).get_json()["rows"][0]["key"] == {"category": "rape_seed"}
        assert len(caller.get("/v1/transactions?category=rape_seed").get_json()["items"]) == 1
    brief = other.get("/v1/reports/brief?period=2024&lang=mn&category=rape_seed").get_json()["text"]
    assert "рапсын үр" in brief
    assert "油菜籽" in other.get("/v1/reports/bulletin?month=2024-06&lang=zh", headers={"Accept": "text/html"}).text
    other.client.application.extensions["hushi"].committer.close()


def test_an_answer_is_named_by_the_rules_of_its_own_state(ledger: Ledger, other_ledger: Ledger) -> None:
    """A file that is added between the look at the state and the snapshot of the answer."""
    before = LedgerStateReader(ledger).now()
    _seed(other_ledger)
    question = TradeQuerySchema().read({"period": "2024"})["question"]
    answered = Reporter(ledger).trade(question, before)
    assert (before.rules.no, answered.state.rules.no) == (0, 1)
    assert name_of("category", "rape_seed", "en") == "Rape seed"


def test_the_pages_words_have_the_new_names_at_once(ledger: Ledger, other_ledger: Ledger, admin: Caller) -> None:
    def told() -> Any:
        return json.loads(admin.get("/static/catalogue.js").text.removeprefix("export default ").rstrip(";\n"))

    tag = admin.get("/static/catalogue.js").headers["ETag"]
    assert "rape_seed" not in told()["names"]["category"]
    _seed(other_ledger)
    assert told()["names"]["category"]["rape_seed"] == NAMES
    assert admin.get("/static/catalogue.js", headers={"If-None-Match": tag}).status_code == 200


def test_a_file_of_trades_may_name_a_new_category_in_chinese(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    admin.register(1)
    _seed(ledger)
    file = tmp_path / "trades.csv"
    file.write_text(
        "边民编号,品类,品名,原产国,重量(千克),金额(元),交易时间\n"
        "R00000001,油菜籽,油菜籽,俄罗斯,30,60,2024-06-30 10:00\nR00000001,粮食,亚麻籽,俄罗斯,30,60,2024-06-30 10:00\n",
        "utf-8",
    )
    ran = call_hushi(environment, "import", str(file))
    assert (ran.exit_code, "2 accepted" in ran.output) == (0, True), ran.output
    add(ledger, categories=[a_category()])
    file.write_text(
        "边民编号,品类,品名,原产国,重量(千克),金额(元),交易时间\nR00000001,粮食,小米,俄罗斯,31,60,2024-06-30 10:00\n",
        "utf-8",
    )
    ran = call_hushi(environment, "import", str(file))
    assert (ran.exit_code, "1 refused" in ran.output) == (1, True), ran.output
    assert "needs an HS code" in (tmp_path / "trades.csv.refused.csv").read_text("utf-8-sig")


def test_the_audit_says_that_a_file_was_added(ledger: Ledger, admin: Caller) -> None:
    add(ledger, value_limits=[a_limit()])
    record = admin.get("/v1/audit?action=rules:add").get_json()["items"][0]
    assert (record["action"], record["resident_id"], record["reason"]) == ("rules:add", None, "rule file 1: File 1")
    assert record["recorded_by"] == {"id": 0, "name": "operator"}
