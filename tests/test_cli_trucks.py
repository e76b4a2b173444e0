"""hushi consignments and hushi mandates: what the API does, from a file or options, as a table or JSON."""

import json
import pathlib
from typing import Any

import pytest

from service.ledger import Ledger
from service.queries.verifying import verify
from tests.conftest import Caller
from tests.http.trucks import DAY, TRUCK, Trucks, a_line, a_truck
from tests.servers import call_hushi

BY_OPTIONS = (
    "consignments", "register", "--consignment", TRUCK, "--arrived-at", f"{DAY}T09:30:00+08:00", "--category", "meat",
    "--commodity", "冻马肉", "--origin", "MN", "--quantity-kg", "1000", "--amount-cny", "16670.00",
)  # fmt: skip


@pytest.fixture
def trucks(admin: Caller) -> Trucks:
    """Three residents of a group."""
    group = admin.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    admin.register(3, group_id=group)
    return Trucks(admin)


def _json(environment: dict[str, str], *words: str) -> Any:
    done = call_hushi(environment, *words)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_a_truck_is_registered_shown_and_listed_as_over_http(
    trucks: Trucks, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    made = _json(environment, *BY_OPTIONS)
    assert made["recorded_by"] == {"id": 0, "name": "operator"}
    assert made == trucks.caller.get(f"/v1/consignments/{TRUCK}").get_json()
    file = tmp_path / "truck.json"
    file.write_text(json.dumps(a_truck(a_line(), a_line(), consignment="second")))
    second = _json(environment, "consignments", "register", str(file))
    assert _json(environment, "consignments", "show", "second") == second
    assert _json(environment, "consignments", "list") == {"items": [second, made]}
    assert _json(environment, "consignments", "list", "--vehicle-plate", "蒙H 12345")["items"] == [second]


def test_a_split_is_proposed_and_posted_once(trucks: Trucks, environment: dict[str, str], ledger: Ledger) -> None:
    _json(environment, *BY_OPTIONS)
    mandates = _json(
        environment, "mandates", "give", "--representative-id", "R00000001", "--group-id", "G000001",
        "--valid-from", DAY, "--valid-until", DAY,
    )  # fmt: skip
    assert [one["resident_id"] for one in mandates["items"]] == ["R00000002", "R00000003"]
    terms = ("--day", DAY, "--group-id", "G000001", "--unit-kg", "10", "--declarant-id", "R00000001")
    proposed = _json(environment, "consignments", "propose", TRUCK, *terms)
    assert [one["quantity_kg"] for one in proposed["parts"]] == ["470.000", "470.000", "60.000"]
    split = ("consignments", "split", TRUCK, "--proposal", proposed["proposal"])
    posted = _json(environment, *split)
    assert [one["declarant_id"] for one in posted["items"]] == ["R00000001"] * 3
    assert _json(environment, *split) == posted
    assert trucks.left() == [("0.000", "0.00")]
    verify(ledger)


def test_all_trades_of_a_truck_are_reversed_once(trucks: Trucks, environment: dict[str, str], ledger: Ledger) -> None:
    trucks.register()
    trucks.propose_and_split(resident_ids=["R00000001", "R00000002"], remainder="leave")
    assert call_hushi(environment, "consignments", "reverse", TRUCK, "--reason", " ").exit_code == 2
    reverse = ("consignments", "reverse", TRUCK, "--reason", "退运", "--key", "k")
    items = _json(environment, *reverse)["items"]
    assert {(item["kind"], item["reason"], item["recorded_by"]["name"]) for item in items} == {
        ("reversal", "退运", "operator")
    }
    assert _json(environment, *reverse)["items"] == items, "the same key gets the same answer"
    assert trucks.left() == [("25000.000", "416750.00")]
    again = call_hushi(environment, *reverse[:-2])
    assert (again.exit_code, again.stderr.split(":")[1]) == (1, " already-reversed")
    verify(ledger)


def test_tables_show_who_gets_what_and_what_is_left(trucks: Trucks, environment: dict[str, str]) -> None:
    _json(environment, *BY_OPTIONS)
    words = ("--day", DAY, "--resident-id", "R00000002", "--resident-id", "R00000001", "--format", "table")
    shown = call_hushi(environment, "consignments", "propose", TRUCK, *words).stdout
    assert "left of line 1: 40.192 kg, 670.00 CNY" in shown
    assert shown.index("R00000002") < shown.index("R00000001")
    assert "479.904" in shown
    assert "proposal: " in shown
    table = call_hushi(environment, "consignments", "show", TRUCK, "--format", "table").stdout
    assert f"{TRUCK} · erenhot" in table
    assert "16670.00" in table


def test_mandates_are_listed_and_withdrawn(trucks: Trucks, environment: dict[str, str]) -> None:
    give = (
        "mandates", "give", "--representative-id", "R00000001", "--resident-id", "R00000002", "--valid-from", DAY,
        "--valid-until", "2024-12-31",
    )  # fmt: skip
    [given] = _json(environment, *give)["items"]
    assert trucks.caller.get("/v1/mandates").get_json()["items"] == [given]
    withdraw = ("mandates", "withdraw", "M00000001", "--effective-on", "2024-07-01", "--reason", "本人申请")
    assert _json(environment, *withdraw)["items"] == [{**given, "withdrawn_from": "2024-07-01"}]
    assert _json(environment, "mandates", "list", "--day", "2024-07-01") == {"items": []}
    assert len(_json(environment, "mandates", "list", "--resident-id", "R00000002")["items"]) == 1
    assert "M00000001" in call_hushi(environment, "mandates", "list", "--format", "table").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("consignments", "show", "nothing"), 1, "hushi: not-found: "),
        (("consignments", "register"), 2, "hushi: /consignment: Send this field."),
        (("consignments", "propose", TRUCK, "--day", "x", "--group-id", "G000001"), 2, "hushi: /day: "),
        (("consignments", "propose", TRUCK, "--day", DAY), 2, "hushi: /group_id: Send either"),
        (("consignments", "split", TRUCK, "--proposal", "x"), 2, "hushi: /proposal: "),
        (("consignments", "list", "--limit", "0"), 2, "hushi: /limit: "),
        (("mandates", "withdraw", "M00000009", "--reason", "x"), 1, "hushi: not-found: "),
        (("mandates", "withdraw", "x", "--reason", "x"), 2, "Send a mandate id"),
        (BY_OPTIONS, 1, "hushi: consignment-exists: "),
    ],
)
def test_what_is_refused_is_said_in_one_line(
    trucks: Trucks, environment: dict[str, str], words: tuple[str, ...], code: int, said: str
) -> None:
    trucks.register()
    done = call_hushi(environment, *words)
    assert done.exit_code == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_import_asks_for_the_mandate_of_a_declarant(
    trucks: Trucks, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    headings = "备案号,类别,品名,原产国,重量(千克),金额(元),交易时间,申报人备案号,单据号"
    row = "R00000002,肉类,马肉,蒙古国,10,100.00,2024-06-30 09:30"
    file = tmp_path / "day.csv"
    file.write_text(f"{headings}\n{row},,D1\n{row},R00000002,D2\n{row},R00000001,D3\n", "utf-8")
    refused = call_hushi(environment, "import", str(file))
    assert refused.stdout == "2 accepted, 0 known already, 1 refused\n"
    assert "not-mandated" in (tmp_path / "day.csv.refused.csv").read_text("utf-8")
    mandate = {"representative_id": "R00000001", "resident_ids": ["R00000002"], "valid_from": DAY, "valid_until": DAY}
    trucks.caller.post("/v1/mandates", mandate)
    assert call_hushi(environment, "import", str(file)).stdout == "1 accepted, 2 known already, 0 refused\n"
    newest = trucks.caller.get("/v1/transactions").get_json()["items"][0]
    assert (newest["reference"], newest["declarant_id"]) == ("D3", "R00000001")


def test_a_file_that_is_no_json_is_refused(trucks: Trucks, environment: dict[str, str], tmp_path: pathlib.Path) -> None:
    file = tmp_path / "truck.json"
    file.write_text("{")
    done = call_hushi(environment, "consignments", "register", str(file))
    assert (done.exit_code, "is not JSON" in done.stderr) == (2, True)
