"""hushi enterprises, transfers and batches: what the API does, from options or a file, as a table or JSON."""

import json
import pathlib
from typing import Any

import pytest

from service.ledger import Ledger
from service.queries.verifying import verify
from tests.builders import a_credit_code
from tests.conftest import Caller
from tests.importing.deliveries.tables import TRUCK, fill_market
from tests.servers import call_hushi

OPERATOR = {"id": 0, "name": "operator"}
ADD_TRUCK = (
    "transfers", "add", "--enterprise-id", "E00000001", "--purpose", "processing", "--transferred-on", "2024-07-01",
    "--consignment", TRUCK, "--paid-cny", "8000", "--contract", "HT-1",
)  # fmt: skip
ADD_BATCH = (
    "batches", "add", "--enterprise-id", "E00000001", "--transfer-id", "T00000001", "--processed-on", "2024-07-05",
    "--commodity", "马肉制品", "--hs-code", "160290", "--quantity-kg", "168", "--amount-cny", "9000",
)  # fmt: skip


@pytest.fixture
def ids(admin: Caller) -> dict[str, str]:
    """The ids of the market's trades by their documents."""
    return fill_market(admin)


def _json(environment: dict[str, str], *words: str) -> Any:
    done = call_hushi(environment, *words)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_an_enterprise_is_registered_listed_and_suspended_as_over_http(
    admin: Caller, environment: dict[str, str], ledger: Ledger
) -> None:
    add = (
        "enterprises", "add", "--name", "示例肉类加工厂", "--credit-code", a_credit_code(7).lower(), "--kind", "trader",
        "--kind", "processor", "--valid-from", "2024-01-01", "--valid-until", "2030-12-31",
    )  # fmt: skip
    made = _json(environment, *add)
    assert (made["kinds"], made["credit_code"], made["recorded_by"]) == (
        ["processor", "trader"],
        a_credit_code(7),
        OPERATOR,
    )
    assert made == admin.get("/v1/enterprises/E00000001").get_json()
    again = call_hushi(environment, *add)
    assert (again.exit_code, again.stderr.split(":")[1]) == (1, " enterprise-exists")
    status = ("enterprises", "status", "E00000001", "suspended", "--reason", "停产检修", "--effective-on", "2024-07-01")
    assert _json(environment, *status) == {**made, "status": "suspended"}
    assert _json(environment, "enterprises", "list", "--status", "suspended", "--name", "肉类")["items"] == [
        {**made, "status": "suspended"}
    ]
    assert _json(environment, "enterprises", "list", "--status", "active") == {"items": []}
    table = call_hushi(environment, "enterprises", "list", "--format", "table").stdout
    assert "示例肉类加工厂" in table
    assert "processor, trader" in table
    verify(ledger)


def test_a_transfer_is_recorded_once_shown_listed_and_reversed_as_over_http(
    ids: dict[str, str], admin: Caller, environment: dict[str, str], ledger: Ledger
) -> None:
    made = _json(environment, *ADD_TRUCK, "--key", "k")
    assert (made["consignment"], made["quantity_kg"], made["paid_cny"], made["recorded_by"]) == (
        *(TRUCK, "200.000", "8000.00", OPERATOR),
    )
    assert _json(environment, *ADD_TRUCK, "--key", "k") == made, "the same key gets the same answer"
    assert made == admin.get("/v1/transfers/T00000001").get_json()
    assert _json(environment, "transfers", "show", "T00000001") == made
    again = call_hushi(environment, *ADD_TRUCK)
    assert (again.exit_code, again.stderr.split(":")[1]) == (1, " quantity-exceeded")
    listed = _json(environment, "transfers", "list", "--consignment", TRUCK, "--from", "2024-07-01")
    assert listed["items"] == admin.get("/v1/transfers").get_json()["items"]
    reverse = ("transfers", "reverse", "T00000001", "--reason", "合同号登记有误", "--key", "r")
    assert _json(environment, *reverse)["reversal"]["reason"] == "合同号登记有误"
    assert _json(environment, *reverse)["reversal"]["recorded_by"] == OPERATOR
    assert _json(environment, "transfers", "list", "--reversed", "false") == {"items": []}
    shown = call_hushi(environment, "transfers", "show", "T00000001", "--format", "table").stdout
    assert "reversed: 合同号登记有误" in shown
    verify(ledger)


def test_parts_of_trades_come_from_a_file(
    ids: dict[str, str], environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    lines = [{"transaction_id": ids["D-1"], "quantity_kg": "40"}, {"transaction_id": ids["D-2"]}]
    body = {"enterprise_id": "E00000002", "purpose": "secondary_market", "transferred_on": "2024-07-01", "lines": lines}
    file = tmp_path / "transfer.json"
    file.write_text(json.dumps(body))
    made = _json(environment, "transfers", "add", str(file))
    assert [line["quantity_kg"] for line in made["lines"]] == ["40.000", "100.000"]
    table = call_hushi(environment, "transfers", "list", "--format", "table").stdout
    assert "T00000001" in table
    both = call_hushi(environment, "transfers", "add", str(file), "--contract", "x")
    assert (both.exit_code, "send a file or options, not both" in both.stderr) == (2, True)


def test_a_batch_is_recorded_shown_listed_and_reversed_as_over_http(
    ids: dict[str, str], admin: Caller, environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    _json(environment, *ADD_TRUCK)
    made = _json(environment, *ADD_BATCH)
    assert (made["yield_pct"], made["transfer_ids"], made["recorded_by"]) == ("84.00", ["T00000001"], OPERATOR)
    assert made == admin.get("/v1/processing-batches/B00000001").get_json()
    assert _json(environment, "batches", "show", "B00000001") == made
    assert _json(environment, "batches", "list", "--enterprise-id", "E00000001") == {"items": [made]}
    again = call_hushi(environment, *ADD_BATCH)
    assert (again.exit_code, again.stderr.split(":")[1]) == (1, " transfer-in-batch")
    refused = call_hushi(environment, "transfers", "reverse", "T00000001", "--reason", "x")
    assert (refused.exit_code, refused.stderr.split(":")[1]) == (1, " transfer-in-batch")
    table = call_hushi(environment, "batches", "show", "B00000001", "--format", "table").stdout
    assert "84.00 %" in table
    assert "马肉制品" in table
    assert (
        _json(environment, "batches", "reverse", "B00000001", "--reason", "过磅有误")["reversal"]["reason"]
        == "过磅有误"
    )
    assert "yes" in call_hushi(environment, "batches", "list", "--format", "table").stdout
    file = tmp_path / "batch.json"
    outputs = [{"commodity": name, "quantity_kg": "80"} for name in ("马肉制品", "马肉干")]
    body = {"enterprise_id": "E00000001", "transfer_ids": ["T00000001"], "processed_on": "2024-07-05"}
    file.write_text(json.dumps({**body, "outputs": outputs}))
    assert _json(environment, "batches", "add", str(file))["yield_pct"] == "80.00"
    verify(ledger)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("enterprises", "status", "E1", "active", "--reason", "x"), 2, "Send an enterprise id"),
        (("enterprises", "status", "E00000009", "active", "--reason", "x"), 1, "hushi: not-found: "),
        (("enterprises", "list", "--kind", "x"), 2, "hushi: /kind: Send one of processor, trader."),
        (("transfers", "add"), 2, "hushi: /enterprise_id: Send this field."),
        (("transfers", "show", "x"), 2, "Send a transfer id"),
        (("transfers", "show", "T00000009"), 1, "hushi: not-found: "),
        (("transfers", "reverse", "T00000009", "--reason", "x"), 1, "hushi: not-found: "),
        (("transfers", "list", "--limit", "0"), 2, "hushi: /limit: "),
        (("batches", "add"), 2, "hushi: /outputs: Send this field."),
        (("batches", "show", "x"), 2, "Send a processing batch id"),
        (("batches", "reverse", "B00000009", "--reason", "x"), 1, "hushi: not-found: "),
    ],
)
def test_what_can_not_be_done_is_told(
    ledger: Ledger, environment: dict[str, str], words: tuple[str, ...], code: int, said: str
) -> None:
    refused = call_hushi(environment, *words)
    assert refused.exit_code == code
    assert said in refused.stderr


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("command", [("transfers", "add"), ("batches", "add"), ("consignments", "register")])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"purpose": "processing", "purpose": "processing"}', "The key 'purpose' stands twice in one object; send"),
        ('{"lines": [{"a": 1, "a": 1}]}', "The key 'a' stands twice in one object; send it once."),
        ("[]", "hushi: Send a JSON object.\n"),
    ],
)
def test_a_file_is_read_as_strictly_as_a_body(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path, command: tuple[str, ...], text: str, said: str
) -> None:
    file = tmp_path / "body.json"
    file.write_text(text)
    refused = call_hushi(environment, *command, str(file))
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr
