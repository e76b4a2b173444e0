"""A clerk beside the load of a soak: posts, reads, reverses and asks again, and checks each answer."""

import http.client
import itertools
import threading
import time
from types import TracebackType
from typing import Any, Self

import orjson

PAUSE_S = 0.5
DAY = "2024-10-07"
"""The day before those of the load, so that the clerk's residents have all of their allowance."""
RESIDENTS = range(1, 20_000)
CANCELLED_ONE_IN = 50
LIMIT_FEN = 800_000


class CheckingClerk:
    """Works in a thread of its own until the end of the `with` block."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._headers = port, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.acknowledged = 0
        """Entries that were answered with 201."""
        self.unknown = 0
        """Posts without an answer, or answered with 503."""
        self.wrong: list[str] = []
        """Answers that are not what the clerk knows to be right."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(60)

    def _work(self) -> None:
        for number in itertools.count():
            if self._stopping.wait(PAUSE_S):
                return
            resident = RESIDENTS[number % len(RESIDENTS)]
            if resident % CANCELLED_ONE_IN:
                try:
                    self._serve(f"R{resident:08d}", f"clerk-{number}")
                except OSError:
                    self.unknown += 2

    def _serve(self, resident: str, key: str) -> None:
        """Posts a trade, asks for it in three ways, reverses it, and asks for the allowance before and after."""
        trade = {
            "resident_id": resident, "category": "meat", "commodity": "熟牛肉", "origin": "MN", "quantity_kg": "10.000",
            "amount_cny": "500.00", "traded_at": f"{DAY}T10:00:00+08:00",
        }  # fmt: skip
        status, made = self._ask("POST", "/v1/transactions", trade, key)
        if status != 201:
            self.unknown += status >= 500
            self._expect(status >= 500, f"a post: {status} {made}")
            return
        self.acknowledged += 1
        path = f"/v1/transactions/{made['transaction_id']}"
        status, again = self._ask("POST", "/v1/transactions", trade, key)
        self._expect(status >= 500 or (status, again) == (201, made), f"a replay: {status} {again}, at first {made}")
        read = self._ask("GET", path)[1]
        self._expect(read.get("amount_cny") == "500.00", f"{path}: {read}")
        self._allowance(resident, "500.00", "7500.00")
        status, back = self._ask("POST", f"{path}/reversal", {"reason": "soak"}, f"{key}-back")
        self.acknowledged += status == 201
        self.unknown += status >= 500
        self._expect(status == 201 or status >= 500, f"a reversal: {status} {back}")
        if status == 201:
            self._allowance(resident, "0.00", "8000.00")

    def _allowance(self, resident: str, used: str, remaining: str) -> None:
        told = self._ask("GET", f"/v1/residents/{resident}/allowance?day={DAY}")[1]
        found = (told.get("exempt_used_cny"), told.get("remaining_cny"))
        self._expect(found == (used, remaining) or "status" in told, f"the allowance of {resident}: {told}")

    def _expect(self, is_right: bool, what: str) -> None:
        if not is_right:
            self.wrong.append(f"{time.strftime('%H:%M:%S')} {what}"[:500])

    def _ask(self, method: str, path: str, body: object = None, key: str = "") -> tuple[int, Any]:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, None if body is None else orjson.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, orjson.loads(answer.read())
        finally:
            connection.close()
