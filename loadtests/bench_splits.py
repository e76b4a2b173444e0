"""Measures trucks over HTTP that are split among a group of 1,000: `python -m loadtests.bench_splits`.

Each round registers a truck of 475 t that is worth 990 allowances, on a business day of its own, proposes its split,
and posts it. BENCH_ROUNDS and BENCH_ENGINES limit what is measured.
"""

import datetime
import os
import statistics
import time
from http.client import HTTPConnection
from typing import Any

import orjson

from loadtests.deployments import Deployment, Measured, hushi_on, measure_engines
from loadtests.figures import conclude, timed
from tests.builders import a_key, a_registration
from tests.postgresql import PostgreSQL

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
RESIDENTS, PARTS_MIN = 1_000, 980
FIRST_DAY = datetime.date(2024, 1, 2)
LINE = {"category": "meat", "commodity": "熟牛肉", "origin": "MN", "quantity_kg": "475000", "amount_cny": "7918250.00"}


class Trucks:
    """Sends requests to a service on one connection."""

    def __init__(self, deployment: Deployment) -> None:
        self._key = deployment.key
        self._connection = HTTPConnection("127.0.0.1", deployment.port, timeout=120)
        group = self._post("/v1/groups", {"name": "1,000", "kind": "village"})[0]["group_id"]
        self._group = group
        for number in range(50_000, 50_000 + RESIDENTS):
            self._post("/v1/residents", a_registration(number, group_id=group))

    def split(self, day: datetime.date) -> tuple[float, float]:
        """Splits a truck on a day; returns the seconds of the proposal and those of the post."""
        name = f"truck-{day}"
        self._post("/v1/consignments", {"consignment": name, "arrived_at": f"{day}T09:00:00+08:00", "lines": [LINE]})
        terms = {"day": f"{day}", "group_id": self._group}
        proposed, proposed_s = self._post(f"/v1/consignments/{name}/split/proposal", terms)
        posted, posted_s = self._post(f"/v1/consignments/{name}/split", {"proposal": proposed["proposal"]})
        assert len(posted["items"]) == len(proposed["parts"]) >= PARTS_MIN
        return proposed_s, posted_s

    def _post(self, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
        headers = {
            "Authorization": f"Bearer {self._key}", "Content-Type": "application/json", "Idempotency-Key": a_key(),
        }  # fmt: skip
        encoded, started = orjson.dumps(body), time.perf_counter()
        self._connection.request("POST", path, encoded, headers)
        response = self._connection.getresponse()
        answer, elapsed = response.read(), time.perf_counter() - started
        assert response.status in {200, 201}, answer[:500]
        return orjson.loads(answer), elapsed


def measure(engine: str, server: PostgreSQL | None) -> Measured:
    """The figures of an engine, and what the database says about its durability."""
    with hushi_on(engine, server) as deployment:
        trucks = Trucks(deployment)
        rounds = [trucks.split(FIRST_DAY + datetime.timedelta(number)) for number in range(ROUNDS + 1)][1:]
    named = zip(("proposal of a split among 1,000", "the same, posted"), zip(*rounds, strict=True), strict=True)
    figures = [
        timed(what, engine, 1 / statistics.median(found), list(found), other="rounds " + ", ".join(_ms(found)))
        for what, found in named
    ]
    return figures, [], deployment.durability


def _ms(seconds: tuple[float, ...]) -> list[str]:
    return [f"{each * 1000:,.0f} ms" for each in seconds]


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    figures, _, conditions = measure_engines(ENGINES, measure, "splits")
    conclude("splits", f"Splits among 1,000 residents over HTTP, median of {ROUNDS} rounds", figures, conditions)


if __name__ == "__main__":
    main()
