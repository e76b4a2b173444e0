"""A caller who registers trucks and splits them, and the bodies of trucks."""

from typing import Any

from werkzeug.test import TestResponse

from tests.builders import a_key
from tests.conftest import Caller

DAY = "2024-06-30"
TRUCK = "EL-2024-0630-17"


def problem(answer: TestResponse) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return answer.status_code, answer.get_json()["code"]


def a_line(**changes: Any) -> dict[str, Any]:
    """A line of a truck: 25 t of meat at 16.67 CNY/kg."""
    line = {
        "category": "meat",
        "commodity": "冻马肉",
        "origin": "MN",
        "quantity_kg": "25000",
        "amount_cny": "416750.00",
        **changes,
    }
    return {name: value for name, value in line.items() if value is not None}


def a_truck(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The body of a consignment."""
    truck = {
        "consignment": TRUCK,
        "vehicle_plate": "蒙H 12345",
        "seller": "Бат ХХК",
        "arrived_at": f"{DAY}T09:30:00+08:00",
        "lines": list(lines) or [a_line()],
        **changes,
    }
    return {name: value for name, value in truck.items() if value is not None}


class Trucks:
    """A caller of the routes of consignments."""

    def __init__(self, caller: Caller) -> None:
        """Keeps the caller."""
        self.caller = caller

    def register(self, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Registers a truck and returns the answer."""
        answer = self.caller.post("/v1/consignments", a_truck(*lines, **changes))
        assert answer.status_code == 201, answer.get_json()
        document: dict[str, Any] = answer.get_json()
        return document

    def propose(self, name: str = TRUCK, **terms: Any) -> TestResponse:
        """Proposes a split."""
        return self.caller.post(f"/v1/consignments/{name}/split/proposal", {"day": DAY, **terms})

    def split(self, proposal: str, name: str = TRUCK, key: str | None = None) -> TestResponse:
        """Posts a split."""
        return self.caller.post(f"/v1/consignments/{name}/split", {"proposal": proposal}, key=key or a_key())

    def propose_and_split(self, **terms: Any) -> list[dict[str, Any]]:
        """Proposes a split, posts it, and returns the entries."""
        answer = self.split(self.propose(**terms).get_json()["proposal"])
        assert answer.status_code == 201, answer.get_json()
        items: list[dict[str, Any]] = answer.get_json()["items"]
        return items

    def left(self, name: str = TRUCK) -> list[tuple[str, str]]:
        """What is left of each line."""
        lines = self.caller.get(f"/v1/consignments/{name}").get_json()["lines"]
        return [(line["left_kg"], line["left_cny"]) for line in lines]
