"""A caller who sends goods on: enterprises, transfers and processing batches, with bodies that are right by default."""

from typing import Any

from werkzeug.test import TestResponse

from tests.builders import a_credit_code, a_key, a_trade
from tests.conftest import Caller

DAY = "2024-06-30"


class AfterMarket:
    """What a caller does behind the market. Each method asserts that it was accepted, and returns the document."""

    def __init__(self, caller: Caller) -> None:
        """Keeps the caller."""
        self.caller = caller
        self._enterprises = 0

    def enterprise(self, **changes: Any) -> str:
        """Registers a processor (or what `changes` says), and returns its id."""
        self._enterprises += 1
        body = {
            "name": f"二连浩特第{self._enterprises}肉业",
            "credit_code": a_credit_code(self._enterprises),
            "kinds": ["processor"],
            "valid_from": "2024-01-01",
            **changes,
        }
        answer = self.caller.post("/v1/enterprises", body)
        assert answer.status_code == 201, answer.get_json()
        found: str = answer.get_json()["enterprise_id"]
        return found

    def trade(self, resident: int = 1, **changes: Any) -> str:
        """Posts a trade, and returns its id."""
        answer = self.caller.trade(a_trade(resident_id=f"R{resident:08d}", **changes), a_key())
        assert answer.status_code == 201, answer.get_json()
        found: str = answer.get_json()["transaction_id"]
        return found

    def send(self, enterprise: str, *trades: str, key: str | None = None, **changes: Any) -> TestResponse:
        """Posts a transfer of these trades for processing, and returns the response."""
        body = {
            "enterprise_id": enterprise,
            "purpose": "processing",
            "transferred_on": DAY,
            **({"transaction_ids": list(trades)} if trades else {}),
            **changes,
        }
        return self.caller.post("/v1/transfers", body, key=key or a_key())

    def transfer(self, enterprise: str, *trades: str, **changes: Any) -> dict[str, Any]:
        """Posts a transfer, and returns its document."""
        answer = self.send(enterprise, *trades, **changes)
        assert answer.status_code == 201, answer.get_json()
        document: dict[str, Any] = answer.get_json()
        return document

    def put_in(self, enterprise: str, *transfers: str, key: str | None = None, **changes: Any) -> TestResponse:
        """Posts a processing batch of these transfers, and returns the response."""
        body = {
            "enterprise_id": enterprise,
            "transfer_ids": list(transfers),
            "processed_on": DAY,
            "outputs": [{"commodity": "酱牛肉", "hs_code": "160250", "quantity_kg": "84", "amount_cny": "5040.00"}],
            **changes,
        }
        return self.caller.post("/v1/processing-batches", body, key=key)
