"""Writers that post over HTTP, each on a connection of its own, and keep what was acknowledged."""

import contextlib
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from uuid import UUID

import orjson

from service.ledger import Ledger
from tests.builders import a_trade
from tests.recounting import read_journal

WRITERS = 8


class Writers:
    """The acknowledged transactions, in the order in which the writers got the answers."""

    def __init__(self) -> None:
        """Nothing is acknowledged yet."""
        self.acknowledged: list[UUID] = []
        self.took_s: list[tuple[float, float]] = []
        self.faults: list[object] = []

    def seen(self) -> set[UUID]:
        """What was acknowledged until now."""
        return set(self.acknowledged)

    def post(self, port: int, api_key: str, number: int, stop: threading.Event) -> None:
        """Posts one trade after the other until it is told to stop."""
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        body = a_trade(resident_id=f"R{number + 1:08d}", amount_cny="1.00", quantity_kg="1")
        for count in range(10**9):
            if stop.is_set():
                break
            headers = {
                "Authorization": f"Bearer {api_key}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"writer-{number}-{count}",
            }
            began = time.monotonic()
            try:
                connection.request("POST", "/v1/transactions", orjson.dumps(body), headers)
                answer = connection.getresponse()
                document = orjson.loads(answer.read())
            except (OSError, HTTPException) as error:
                self.faults.append(error)
                break
            if answer.status != 201:
                self.faults.append(document)
                break
            self.acknowledged.append(UUID(document["transaction_id"]))
            self.took_s.append((began, time.monotonic() - began))
        connection.close()


@contextlib.contextmanager
def posting(port: int, api_key: str) -> Iterator[Writers]:
    """Lets eight writers post to a server meanwhile. Residents R00000001 to R00000008 must be registered."""
    writers, stop = Writers(), threading.Event()
    threads = [
        threading.Thread(target=writers.post, args=(port, api_key, number, stop), daemon=True)
        for number in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def missing(ledger: Ledger, acknowledged: set[UUID]) -> set[UUID]:
    """What was acknowledged and is not in the ledger, once."""
    held = [entry.transaction_id for entry in read_journal(ledger)]
    assert len(held) == len(set(held))
    return acknowledged - set(held)
