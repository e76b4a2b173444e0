"""Who may read signals, what the audit has of it, which forms there are, and what can not be asked."""

import csv
import io
import json
from collections.abc import Callable

import pytest

from service.commands.keys import create_key
from service.domain.signals import RULES
from service.ledger import Ledger
from service.queries.verifying import verify
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import call_hushi

ADDRESS = "/v1/reports/signals"
JUNE = f"{ADDRESS}?period=2024-06"
HERE, THERE = "erenhot", "erenhot-city"


@pytest.fixture
def clerk(admin: Caller) -> Caller:
    """A caller in a market with a full truck at each of two trade points."""
    admin.register(20)
    for n in range(1, 21):
        where = {"consignment": f"C-{n // 11}", "trade_point": HERE if n < 11 else THERE, "seller": "=Сайн"}
        admin.trade(a_trade(resident_id=f"R{n:08d}", amount_cny="7600.00", **where))
    return admin


def test_signals_need_their_own_scope(call: Callable[..., Caller]) -> None:
    others = ("residents:read", "transactions:read", "reports:read", "ledger:verify")
    assert call(*others).get(JUNE).status_code == 403
    assert call(None).get(JUNE).status_code == 401
    assert call("signals:read").get(JUNE).status_code == 200


def test_each_reading_is_a_record_of_the_audit_before_it_is_answered(
    ledger: Ledger, clerk: Caller, call: Callable[..., Caller]
) -> None:
    reader = call("signals:read")
    before = clerk.get("/v1/audit").get_json()["items"]
    answers = [
        reader.get(f"{JUNE}&trade_point={THERE}&rule=price-of-month", headers={"X-Request-Id": "r-7"}) for _ in "ab"
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    page = clerk.get("/v1/audit?action=signals:read").get_json()["items"]
    assert (before, len(page)) == ([], 2), "the second answer comes from no cache"
    assert page[0] | {"at": None, "audit_id": None} == {
        "audit_id": None, "at": None, "action": "signals:read", "resident_id": None,
        "reason": "2024-06-01 to 2024-06-30; trade points: erenhot-city; rules: price-of-month",
        "recorded_by": {"id": 2, "name": "test"}, "request_id": "r-7",
    }  # fmt: skip
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert "ETag" not in answers[0].headers
    assert verify(ledger)


def test_a_refused_question_is_no_reading(clerk: Caller) -> None:
    for asked in (ADDRESS, f"{JUNE}&trade_point=nowhere", f"{JUNE}&rule=other", f"{JUNE}&compare=yoy", f"{JUNE}&x=1"):
        assert clerk.get(asked).status_code == 422, asked
    assert clerk.get(f"{JUNE}&format=xlsx").status_code == 422
    assert clerk.get("/v1/audit").get_json()["items"] == []


def test_a_key_of_a_trade_point_sees_signals_of_its_own_only(ledger: Ledger, clerk: Caller) -> None:
    bound = Caller(clerk.client, create_key(ledger, "there", ["signals:read"], trade_point=THERE)[1])
    document = bound.get(JUNE).get_json()
    assert document["filters"] == {"trade_point": [THERE]}
    assert [one["subject"]["id"] for one in document["signals"]] == ["C-1"]
    assert bound.get(f"{JUNE}&trade_point={HERE}").status_code == 404
    everywhere = clerk.get(JUNE).get_json()
    assert sorted(one["subject"]["id"] for one in everywhere["signals"]) == ["C-0", "C-1"]


def test_the_document_names_each_rule_with_its_thresholds_also_without_a_signal(admin: Caller) -> None:
    document = admin.get(JUNE).get_json()
    assert list(document) == ["period", "filters", "rules", "signals", "through", "position"]
    assert [one["rule"] for one in document["rules"]] == list(RULES)
    assert {one["found"] for one in document["rules"]} == {0}
    assert document["rules"][2]["thresholds"] == {"days_at_limit": 20, "of_days": 30, "limit_used_pct": "95.00"}
    assert document["signals"] == []
    some = admin.get(f"{JUNE}&rule=price-of-month,key-many-residents").get_json()
    assert [one["rule"] for one in some["rules"]] == ["key-many-residents", "price-of-month"]


def test_a_file_has_a_row_for_each_figure_and_no_formula(clerk: Caller) -> None:
    answer = clerk.get(f"{JUNE}&rule=consignment-one-buyer", headers={"Accept": "text/csv"})
    assert 'filename="hushi-signals-2024-06-01-2024-06-30.csv"' in answer.headers["Content-Disposition"]
    table = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [(row["subject_id"], row["figure"], row["value"], row["threshold"]) for row in table] == [
        ("C-0", "residents_at_limit", "10", "10"), ("C-0", "limit_used_pct", "95.00", "95.00"),
        ("C-1", "residents_at_limit", "10", "10"), ("C-1", "limit_used_pct", "95.00", "95.00"),
    ]  # fmt: skip
    assert {row["buyer_id"] for row in table} == {"'=Сайн"}
    assert len(table[0]["transaction_ids"].split()) == 10


def test_a_signal_refuses_nothing(clerk: Caller) -> None:
    clerk.get(JUNE)
    posted = clerk.trade(a_trade(resident_id="R00000001", amount_cny="7600.00", consignment="C-0", seller="=Сайн"))
    assert posted.status_code == 201


def test_a_day_before_the_ledger_can_be_asked_about(clerk: Caller) -> None:
    document = clerk.get(f"{ADDRESS}?from=1999-12-01&to=2000-01-31").get_json()
    assert document["signals"] == []


def test_the_command_prints_them_and_its_reading_is_in_the_audit(clerk: Caller, environment: dict[str, str]) -> None:
    asked = ("report", "signals", "--period", "2024-06", "--trade-point", HERE)
    printed = call_hushi(environment, *asked, "--lang", "en")
    assert printed.exit_code == 0, printed.stderr
    assert "10 residents at the limit (a signal from 10 on)" in printed.stdout
    assert "One seller sold to all of them: =Сайн" in printed.stdout
    assert "no verdict" in printed.stdout
    as_csv = call_hushi(environment, *asked, "--rule", "consignment-one-buyer", "--format", "csv")
    assert "residents_at_limit,10,at_least,10" in as_csv.stdout
    as_json = call_hushi(environment, *asked, "--format", "json")
    assert json.loads(as_json.stdout) == clerk.get(f"{JUNE}&trade_point={HERE}").get_json()
    (_, *records) = clerk.get("/v1/audit?action=signals:read").get_json()["items"]
    assert [one["recorded_by"] for one in records] == [{"id": 0, "name": "operator"}] * 3
    assert call_hushi(environment, *asked, "--format", "xlsx").exit_code == 2
    wrong = call_hushi(environment, "report", "signals", "--period", "2024-06", "--rule", "x")
    assert (wrong.exit_code, wrong.stderr[:14]) == (2, "hushi: --rule:")
