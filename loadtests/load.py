"""The load run over HTTP: `make load` starts what it needs; `make load URL=… KEY=…` aims at a running deployment.

A market's morning by Locust, then an open loop at a fixed arrival rate, then the check that what was acknowledged is
there, once, and that the report agrees. LOAD_ENGINE is sqlite (default) or postgresql, LOAD_SECONDS and LOAD_USERS the
morning's length and usual pace, LOAD_RATE the arrivals a second.
"""

import contextlib
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from loadtests.bench_http import free_port, running
from loadtests.client import open_loop, request_bytes
from loadtests.histories import FOLDER
from loadtests.ledgers import settings_on
from loadtests.sender import Loop
from loadtests.table import quantile
from service.commands.keys import create_key
from service.ledger import open_ledger
from service.storage import schema
from tests.builders import a_citizen_number

PROGRAMS = pathlib.Path(sys.executable).parent
RESIDENTS = 300
OPEN_LOOP_S = 15


class Service:
    """A running service and a key to it."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url.rstrip("/"), key

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The document of an answer; None when the resident exists already."""
        data = None if body is None else json.dumps(body).encode()
        told = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data, told, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 409:
                return None
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()[:300]}") from None


@contextlib.contextmanager
def service() -> Iterator[Service]:
    """The deployment that was named, or one that is started and thrown away."""
    url, key = os.environ.get("URL"), os.environ.get("KEY")
    if url:
        if not key:
            raise SystemExit("Send KEY=… with URL=…: a key with residents:write, transactions:* and reports:read.")
        if not url.startswith("http://"):
            raise SystemExit("URL=… must begin with http://: aim at the service itself, without the proxy before it.")
        yield Service(url, key)
        return
    with settings_on(os.environ.get("LOAD_ENGINE", "sqlite")) as settings:
        ledger = open_ledger(settings)
        schema.upgrade(ledger.database, ledger.vault.macs)
        _, made = create_key(ledger, "load", ["admin"])
        ledger.database.close()
        port = free_port()
        environment = {
            "HUSHI_DATABASE_URL": settings.database_url,
            "HUSHI_SECRETS_FILE": str(settings.secrets_file),
            "HUSHI_LOG_LEVEL": "WARNING",
        }
        serve = [str(PROGRAMS / "hushi"), "serve", "--port", str(port)]
        with running(serve, environment, port, "/health/live"):
            yield Service(f"http://127.0.0.1:{port}", made)


def register(market: Service) -> list[str]:
    """The residents of the run; those that an earlier run has registered are found by their number."""
    found = []
    for number in range(RESIDENTS):
        body = {"name": "巴特尔", "id_number": a_citizen_number(number), "registered_on": "2024-01-02"}
        known = market.ask("POST", "/v1/residents", body)
        if known is None:
            known = market.ask("POST", "/v1/residents/lookup", {"id_number": body["id_number"]})
        found.append(str(known["resident_id"]))
    return found


def morning(market: Service, run: str, residents: list[str], folder: pathlib.Path) -> tuple[list[Any], dict[str, int]]:
    """Locust's figures by request, and what was acknowledged."""
    (folder / "residents.json").write_text(json.dumps(residents))
    environment = {
        "LOAD_KEY": market.key, "LOAD_RUN": run, "LOAD_RESIDENTS": str(folder / "residents.json"),
        "LOAD_ACKNOWLEDGED": str(folder / "acknowledged.json"),
    }  # fmt: skip
    command = [
        str(PROGRAMS / "locust"), "-f", str(pathlib.Path(__file__).with_name("locustfile.py")), "--headless",
        "--host", market.url, "--json", "--loglevel", "WARNING",
    ]  # fmt: skip
    done = subprocess.run(command, check=False, env={**os.environ, **environment}, capture_output=True, text=True)
    if not (folder / "acknowledged.json").exists():
        raise SystemExit(f"Locust did not come to its end:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout), json.loads((folder / "acknowledged.json").read_text())


def arrivals(market: Service, run: str, residents: list[str], rate: float) -> Loop:
    """Single posts in an open loop. What they were answered is found again by their mark."""
    chance, url = random.Random(7), urlsplit(market.url)

    def request(number: int) -> bytes:
        trade = {
            "resident_id": chance.choice(residents), "category": "meat", "commodity": "熟牛肉", "origin": "MN",
            "quantity_kg": "10", "amount_cny": "167.00", "traded_at": "2024-06-03T10:00:00+08:00",
            "consignment": f"{run}-open",
        }  # fmt: skip
        headers = {
            "Authorization": f"Bearer {market.key}", "Content-Type": "application/json",
            "Idempotency-Key": f"{run}-{number}", "Host": url.netloc,
        }  # fmt: skip
        return request_bytes("/v1/transactions", headers, "POST", json.dumps(trade).encode())

    requests = map(request, itertools.count())
    return open_loop(url.port or 80, requests, rate=rate, seconds=OPEN_LOOP_S, host=url.hostname or "127.0.0.1")


def recorded(market: Service, consignment: str) -> dict[str, int]:
    """Every transaction with this mark: its id and its fen. Raises SystemExit when one is listed twice."""
    found: dict[str, int] = {}
    cursor = ""
    while True:
        page = market.ask("GET", f"/v1/transactions?consignment={consignment}&limit=500{cursor}")
        for item in page["items"]:
            if item["transaction_id"] in found:
                raise SystemExit(f"{item['transaction_id']} is listed twice")
            found[item["transaction_id"]] = int(item["amount_cny"].replace(".", ""))
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def check(market: Service, run: str, acknowledged: dict[str, int], opened: Loop, is_own: bool) -> list[str]:
    """What is wrong; nothing, if all that was acknowledged is there once and the report agrees."""
    wrong = []
    inside = recorded(market, run)
    lost = {one: fen for one, fen in acknowledged.items() if inside.get(one) != fen}
    if lost:
        wrong.append(f"{len(lost)} acknowledged transactions are not there as answered, such as {next(iter(lost))}")
    late = recorded(market, f"{run}-open")
    if len(late) < opened.statuses[201]:
        wrong.append(f"{opened.statuses[201]} posts were acknowledged in the open loop, {len(late)} are there")
    if is_own:
        # Nobody else posts to a ledger of our own: its report is the sum of what it lists.
        year = time.gmtime().tm_year
        total = market.ask("GET", f"/v1/reports/trade?from=2024-01-01&to={year}-12-31&compare=none")["total"]
        amount = int(total["amount_cny"]["current"].replace(".", ""))
        if amount != sum(inside.values()) + sum(late.values()):
            wrong.append(f"the report says {amount} fen, the transactions add up to {sum(inside.values())}")
    return wrong


def quantiles(times: list[float]) -> tuple[str, str]:
    """p50 and p99 in milliseconds."""
    return f"{quantile(times, 0.5) * 1e3:,.0f}", f"{quantile(times, 0.99) * 1e3:,.0f}"


def table(figures: list[Any], opened: Loop, rate: float) -> Table:
    """One line for each kind of request."""
    found = Table(title="A market's morning (closed loop) and fixed arrivals (open loop)", title_justify="left")
    for heading in ("request", "answers", "failures", "per second", "p50 ms", "p99 ms"):
        found.add_column(heading, justify="left" if heading == "request" else "right")
    for one in sorted(figures, key=lambda one: -one["num_requests"]):
        times = [float(ms) / 1e3 for ms, count in one["response_times"].items() for _ in range(count)]
        span = max(1.0, one["last_request_timestamp"] - one["start_time"])
        rate_seen = f"{one['num_requests'] / span:,.0f}"
        name = f"{one['method']} {one['name']}"
        found.add_row(name, str(one["num_requests"]), str(one["num_failures"]), rate_seen, *quantiles(times))
    for status, times in sorted(opened.seconds_by_status.items()):
        name = f"POST /v1/transactions, {rate:,.0f} a second due: {status}"
        found.add_row(name, str(len(times)), "", f"{len(times) / OPEN_LOOP_S:,.0f}", *quantiles(times))
    for what, count in sorted(opened.failures.items()):
        found.add_row(f"POST /v1/transactions, {rate:,.0f} a second due: {what}", str(count), str(count))
    return found


def main() -> None:
    """Runs, checks, prints."""
    rate = float(os.environ.get("LOAD_RATE", "200"))
    run = f"load-{uuid.uuid4().hex[:12]}"
    with service() as market, tempfile.TemporaryDirectory() as name:
        residents = register(market)
        figures, acknowledged = morning(market, run, residents, pathlib.Path(name))
        opened = arrivals(market, run, residents, rate)
        wrong = check(market, run, acknowledged, opened, is_own=not os.environ.get("URL"))
    Console(width=130).print(table(figures, opened, rate))
    FOLDER.mkdir(exist_ok=True)
    told = {
        "requests": figures, "acknowledged": len(acknowledged), "open_loop": dict(opened.statuses), "wrong": wrong,
        "open_loop_failures": dict(opened.failures),
        "open_loop_p99_s": {status: quantile(times, 0.99) for status, times in opened.seconds_by_status.items()},
    }  # fmt: skip
    (FOLDER / "load.json").write_text(json.dumps(told))
    print(f"{len(acknowledged) + opened.statuses[201]} transactions acknowledged; JSON in {FOLDER / 'load.json'}")
    if wrong:
        raise SystemExit("WRONG: " + "; ".join(wrong))
    print("Each is in the ledger, once, as it was answered, and the report agrees.")


if __name__ == "__main__":
    main()
