"""A rule file judges what is judged from then on, in every process, and never what was judged before."""

import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from service.app import create_app
from service.commands.folding import fold_all
from service.commands.rules import add_rule_file
from service.domain.errors import ValidationFailed
from service.ledger import Ledger
from service.queries.verifying import verify
from service.rules.loading import RulebookCache
from service.storage import allowance, batch_context
from service.storage.allowance import _KEY, _USED, _same_key
from service.storage.prepared import Prepared
from service.storage.rowsets import row_set
from service.storage.tables import allowance_use
from tests.builders import a_trade
from tests.conftest import Caller
from tests.rules.rule_documents import NAMES, a_category, a_limit, a_list_group, a_repeal, a_text

SHIPPED = "2010-05-01"
DAY = datetime.date(2024, 6, 30)


def add(ledger: Ledger, **rows: list[dict[str, Any]]) -> int:
    """Adds a file with these rows, as the command does, and returns its number."""
    with ledger.database.reading() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM rule_file")).scalar_one()
    return add_rule_file(ledger, a_text(f"File {count + 1}", **rows), "a-request").no


def wheat(quantity_kg: str, **changes: Any) -> dict[str, Any]:
    """A trade of wheat at 1 CNY a kilogram, so that its exempt amount tells its exempt weight."""
    stated = {"commodity": "小麦", "hs_code": "100190", "quantity_kg": quantity_kg, "amount_cny": quantity_kg}
    return a_trade(**{"category": "grain", **stated, **changes})


def judged(answer: Any) -> tuple[int, str, str]:
    """Status, exempt part and version of an answer."""
    body = answer.get_json()
    return answer.status_code, body.get("exempt_cny"), body.get("rule_version")


def other_caller(ledger: Ledger, caller: Caller) -> Caller:
    """The same caller at another process's application."""
    mine = Caller(create_app(ledger).test_client(), None)
    mine.headers = caller.headers
    return mine


def test_a_file_that_another_process_adds_judges_at_once(ledger: Ledger, other_ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    assert judged(admin.trade(wheat("20"))) == (201, "20.00", SHIPPED)

    assert add(other_ledger, list_groups=[a_list_group(free_kg="30.000")]) == 1

    asked = admin.post("/v1/transactions/quote", wheat("20"))
    assert judged(asked) == (200, "10.00", "2024-05-01+1")
    told = admin.get("/v1/residents/R00000001/allowance?day=2024-06-30").get_json()
    assert told["rule_version"] == "2024-05-01+1"
    assert [row["remaining_kg"] for row in told["quantity_limits"] if row["list_group"] == "wheat"] == ["10.000"]
    assert judged(admin.trade(wheat("20"))) == (201, "10.00", "2024-05-01+1")
    assert verify(ledger).transactions == 2


def test_without_the_newest_file_of_its_first_statement_a_process_judges_by_what_it_knew(
    ledger: Ledger, other_ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    admin.register(1)
    admin.trade(wheat("20"))
    monkeypatch.setattr(RulebookCache, "at", lambda self, _connection, _head: self._known[1])
    add(other_ledger, list_groups=[a_list_group(free_kg="30.000")])
    assert judged(admin.trade(wheat("20"))) == (201, "20.00", SHIPPED)


def test_two_processes_judge_alike_whichever_has_read_the_file(
    ledger: Ledger, other_ledger: Ledger, admin: Caller
) -> None:
    admin.register(2)
    other = other_caller(other_ledger, admin)
    for caller in (admin, other):
        assert judged(caller.trade(wheat("1"))) == (201, "1.00", SHIPPED)
    for number in range(1, 4):
        add(ledger, list_groups=[a_list_group(free_kg=f"{10 * number}.000")])
        for caller in (admin, other):
            asked = caller.post("/v1/transactions/quote", wheat("100", resident_id="R00000002"))
            assert judged(asked) == (200, f"{10 * number}.00", f"2024-05-01+{number}")
    other.client.application.extensions["hushi"].committer.close()


def test_a_batch_that_began_before_a_file_is_judged_before_it(
    ledger: Ledger, other_ledger: Ledger, admin: Caller, engine_name: str
) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has one writer: no file is added while a batch is judged")
    admin.register(1)
    with ledger.database.writing() as connection:  # Posts of one process take turns: this one must not hold it.
        head = batch_context.read(connection, set(), ledger.now()).rules
        add(other_ledger, list_groups=[a_list_group()])
        assert judged(admin.trade(wheat("20"))) == (201, "10.00", "2024-05-01+1")  # This process has the file now.
        assert ledger.rules.at(connection, head).on(DAY).version == SHIPPED
    assert judged(admin.trade(wheat("20"))) == (201, "0.00", "2024-05-01+1")


def test_entries_that_are_there_keep_their_verdict_and_their_version(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    before = [admin.trade(wheat("30")).get_json(), admin.trade(wheat("30")).get_json()]
    assert [entry["exempt_cny"] for entry in before] == ["30.00", "20.00"]
    fold_all(ledger)
    add(ledger, list_groups=[a_list_group()], value_limits=[a_limit(limit_cny="1.00")])
    for entry in before:
        now = admin.get(f"/v1/transactions/{entry['transaction_id']}").get_json()
        assert {name: now[name] for name in ("exempt_cny", "rule_version")} == {
            "exempt_cny": entry["exempt_cny"], "rule_version": SHIPPED,
        }  # fmt: skip
    reversal = admin.reverse(before[0]["transaction_id"])
    assert judged(reversal) == (201, "-30.00", SHIPPED)
    assert verify(ledger).transactions == 3


def test_a_free_weight_that_shrinks_gives_nobody_more_and_breaks_nothing(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    first = admin.trade(wheat("25")).get_json()["transaction_id"]
    second = admin.trade(wheat("15")).get_json()["transaction_id"]
    add(ledger, list_groups=[a_list_group(free_kg="20.000")])

    assert judged(admin.trade(wheat("5"))) == (201, "0.00", "2024-05-01+1")  # 40 kg are used, 20 are free.
    assert admin.reverse(second).status_code == 201
    assert judged(admin.trade(wheat("5"))) == (201, "0.00", "2024-05-01+1")  # 25 kg are used.
    assert admin.reverse(first).status_code == 201
    assert judged(admin.trade(wheat("30"))) == (201, "20.00", "2024-05-01+1")
    assert verify(ledger).transactions == 7
    fold_all(ledger)
    assert verify(ledger).transactions == 7


def test_a_value_limit_that_shrinks_gives_nobody_more_and_breaks_nothing(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    first = admin.trade(a_trade(amount_cny="7000.00")).get_json()["transaction_id"]
    add(ledger, value_limits=[a_limit()])

    refused = admin.trade(a_trade(amount_cny="1.00", over_allowance="refuse")).get_json()
    assert (refused["limit_cny"], refused["used_cny"], refused["remaining_cny"]) == ("5000.00", "7000.00", "0.00")
    assert judged(admin.trade(a_trade(amount_cny="100.00"))) == (201, "0.00", "2024-05-01+1")
    assert admin.reverse(first).status_code == 201
    assert judged(admin.trade(a_trade(amount_cny="6000.00"))) == (201, "5000.00", "2024-05-01+1")
    assert verify(ledger).transactions == 4


def test_without_the_greatest_limit_a_row_would_be_above_its_limit(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the two tests above: the table refuses a row whose use is above the limits that it names."""

    def lowering(dialect: str) -> sa.Update:
        uses = row_set(dialect, "uses", {**_KEY, **_USED})
        return sa.update(allowance_use).where(_same_key(uses)).values({name: uses.c[name] for name in _USED})

    admin.register(1)
    admin.trade(wheat("40"))
    add(ledger, list_groups=[a_list_group(free_kg="20.000")])
    monkeypatch.setattr(allowance, "_UPDATE", Prepared(lowering))
    assert admin.trade(wheat("5")).status_code >= 500


def test_a_greater_limit_is_given_from_then_on(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    assert judged(admin.trade(wheat("60"))) == (201, "50.00", SHIPPED)
    add(ledger, list_groups=[a_list_group(free_kg="80.000")])
    assert judged(admin.trade(wheat("60"))) == (201, "30.00", "2024-05-01+1")
    assert verify(ledger).transactions == 2


def test_goods_that_come_on_the_list_during_the_day_count_from_then_on(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    seed = a_trade(category="grain", commodity="油菜籽", hs_code="120510", quantity_kg="30", amount_cny="30.00")
    before = admin.trade(seed).get_json()
    add(ledger, list_groups=[a_list_group("rape_seed", hs_prefixes=["1205"], **NAMES)])
    assert judged(admin.trade(seed)) == (201, "10.00", "2024-05-01+1")
    assert admin.reverse(before["transaction_id"]).status_code == 201
    assert judged(admin.trade(seed)) == (201, "0.00", "2024-05-01+1")
    assert verify(ledger).transactions == 4


def test_a_list_group_that_is_repealed_during_the_day_is_returned_to(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    before = admin.trade(wheat("60")).get_json()
    add(ledger, list_groups=[a_repeal("wheat")])
    assert judged(admin.trade(wheat("60"))) == (201, "60.00", "2024-05-01+1")
    assert judged(admin.reverse(before["transaction_id"])) == (201, "-50.00", SHIPPED)
    add(ledger, list_groups=[a_list_group(free_kg="7.000", **NAMES | {"zh": "麦", "en": "Corn", "mn": "Буудай"})])
    assert judged(admin.trade(wheat("60"))) == (201, "7.00", "2024-05-01+2")
    assert verify(ledger).transactions == 4


def test_a_batch_that_waits_is_judged_by_the_newest_rules_when_it_judges_again(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    add(ledger, list_groups=[a_list_group()])
    items = [{**wheat("6"), "key": f"line-{number}"} for number in range(3)]
    answer = admin.post("/v1/transactions/batch", {"items": items}).get_json()
    assert [item["exempt_cny"] for item in answer["items"]] == ["6.00", "4.00", "0.00"]


def test_a_file_that_cannot_stand_beside_the_rules_is_refused_and_nothing_is_recorded(ledger: Ledger) -> None:
    with pytest.raises(ValidationFailed) as refused:
        add(ledger, list_groups=[a_list_group("rape_seed", hs_prefixes=["1701"], **NAMES)])
    assert [error.code for error in refused.value.errors] == ["prefix-taken"]
    with ledger.database.reading() as connection:
        for table in ("rule_file", "fact", "audit"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_the_same_file_twice_is_told_and_changes_nothing(ledger: Ledger, other_ledger: Ledger) -> None:
    text = a_text(list_groups=[a_list_group()])
    first, again = add_rule_file(ledger, text, "one"), add_rule_file(other_ledger, text, "two")
    assert (first.no, first.is_new, again.no, again.is_new) == (1, True, 1, False)
    with ledger.database.reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM rule_file")).scalar_one() == 1
        assert connection.execute(sa.text("SELECT count(*) FROM audit")).scalar_one() == 1


HS_CODE_NEEDED = {"categories": [a_category()]}
FLAX = a_trade(category="grain", commodity="亚麻籽", amount_cny="100.00")


def test_an_import_without_a_code_is_refused_where_the_rule_says_so(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    add(ledger, **HS_CODE_NEEDED)
    asked = admin.post("/v1/transactions/quote", FLAX)
    first, again = admin.trade(FLAX, key="k"), admin.trade(FLAX, key="k")
    batch = admin.post("/v1/transactions/batch", {"items": [{**FLAX, "key": "line"}]}).get_json()["items"][0]["problem"]

    for told in (asked.get_json(), first.get_json(), batch):
        assert (told["status"], told["code"]) == (422, "hs-code-required")
        assert "send hs_code with 6, 8 or 10 digits that begin with one of 07, 10, 11, 12" in told["detail"]
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    add(ledger, categories=[a_category(hs_code_required=False)])
    assert admin.trade(FLAX, key="k").data == first.data
    assert admin.trade(FLAX, key="new").status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"hs_code": "120400"},
        {"direction": "export"},
        {"category": "meat"},
        {"traded_at": "2024-04-30T23:59:59+08:00"},
    ],
)
def test_with_a_code_or_elsewhere_nothing_is_refused(ledger: Ledger, admin: Caller, changes: dict[str, Any]) -> None:
    admin.register(1)
    add(ledger, **HS_CODE_NEEDED)
    assert admin.trade(FLAX | changes).status_code == 201
