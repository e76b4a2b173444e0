"""A market's morning as Locust users: clerks post, quote, look up, send batches and take back; officers read reports.

Started by loadtests.load, which tells the key, the run's mark and the residents through the environment. A closed loop:
each user waits for its answer, so its percentiles hide waiting; an open stream of loadtests.client does not.
"""

import datetime
import json
import os
import pathlib
import random
import uuid

from locust import FastHttpUser, LoadTestShape, between, events, task
from locust.env import Environment

KEY, RUN = os.environ["LOAD_KEY"], os.environ["LOAD_RUN"]
RESIDENTS: list[str] = json.loads(pathlib.Path(os.environ["LOAD_RESIDENTS"]).read_text())
ACKNOWLEDGED = pathlib.Path(os.environ["LOAD_ACKNOWLEDGED"])
MORNING_S = int(os.environ.get("LOAD_SECONDS", "60"))
USERS = int(os.environ.get("LOAD_USERS", "20"))
GOODS = (
    ("meat", "熟牛肉", "16025010", "MN", 1670),
    ("grain", "亚麻籽", "12040000", "RU", 290),
    ("wool", "山羊绒", "51021920", "MN", 24000),
    ("packaged_food", "卤牛肉", "16025090", "MN", 7000),
)

acknowledged: dict[str, int] = {}
"""Fen by transaction id, negative for a reversal: what the ledger has said 201 to."""


def a_trade(chance: random.Random) -> dict[str, str]:
    """The body of a trade of this minute."""
    category, commodity, hs_code, origin, price_fen = chance.choice(GOODS)
    amount_fen = chance.randrange(10_000, 300_000)
    grams = max(1, amount_fen * 1000 // price_fen)
    return {
        "resident_id": chance.choice(RESIDENTS), "category": category, "commodity": commodity, "hs_code": hs_code,
        "origin": origin, "amount_cny": f"{amount_fen // 100}.{amount_fen % 100:02d}",
        "quantity_kg": f"{grams // 1000}.{grams % 1000:03d}", "consignment": RUN,
        "traded_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def fen(text: str) -> int:
    """Fen of CNY: 12.34 is 1234."""
    return int(text.replace(".", ""))


def today() -> datetime.date:
    """The market's business day."""
    return datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()


class Clerk(FastHttpUser):
    """Records trades."""

    weight = 8
    wait_time = between(0.01, 0.05)

    def on_start(self) -> None:
        self.chance = random.Random(uuid.uuid4().int)
        self.headers = {"Authorization": f"Bearer {KEY}"}
        self.mine: list[str] = []

    @task(20)
    def post_trade(self) -> None:
        headers = {**self.headers, "Idempotency-Key": uuid.uuid4().hex}
        body = a_trade(self.chance)
        with self.client.post("/v1/transactions", json=body, headers=headers, catch_response=True) as answer:
            if answer.status_code != 201:
                answer.failure(f"{answer.status_code} {answer.text[:200]}")
                return
            known = answer.json()
            acknowledged[known["transaction_id"]] = fen(known["amount_cny"])
            self.mine.append(known["transaction_id"])

    @task(3)
    def quote(self) -> None:
        self.client.post("/v1/transactions/quote", json=a_trade(self.chance), headers=self.headers)

    @task(4)
    def look_up_allowance(self) -> None:
        path = f"/v1/residents/{self.chance.choice(RESIDENTS)}/allowance"
        self.client.get(path, headers=self.headers, name="/v1/residents/{id}/allowance")

    @task(1)
    def post_batch(self) -> None:
        lines = [{**a_trade(self.chance), "key": uuid.uuid4().hex} for _ in range(50)]
        name = "/v1/transactions/batch (50)"
        answer = self.client.post("/v1/transactions/batch", json={"items": lines}, headers=self.headers, name=name)
        for item, line in zip(answer.json()["items"], lines, strict=True):
            if item["status"] == 201:
                acknowledged[item["transaction_id"]] = fen(line["amount_cny"])

    @task(1)
    def reverse_entry(self) -> None:
        if not self.mine:
            return
        trade = self.mine.pop()
        headers = {**self.headers, "Idempotency-Key": uuid.uuid4().hex}
        path = f"/v1/transactions/{trade}/reversal"
        name = "/v1/transactions/{id}/reversal"
        answer = self.client.post(path, json={"reason": "weighed again"}, headers=headers, name=name)
        if answer.status_code == 201:
            acknowledged[answer.json()["transaction_id"]] = -acknowledged[trade]

    @task(1)
    def list_trades(self) -> None:
        path = f"/v1/transactions?resident_id={self.chance.choice(RESIDENTS)}&limit=20"
        self.client.get(path, headers=self.headers, name="/v1/transactions?resident_id=")


class Officer(FastHttpUser):
    """Watches the day."""

    weight = 1
    wait_time = between(0.2, 1.0)

    def on_start(self) -> None:
        self.headers = {"Authorization": f"Bearer {KEY}"}

    @task(3)
    def today_by_category(self) -> None:
        path = f"/v1/reports/trade?period={today()}&by=category,origin"
        self.client.get(path, headers=self.headers, name="/v1/reports/trade (today)")

    @task(1)
    def year_by_month(self) -> None:
        path = f"/v1/reports/trade?period={today().year}&by=month"
        self.client.get(path, headers=self.headers, name="/v1/reports/trade (year)")


class Morning(LoadTestShape):
    """A third of the time at the usual pace, a third at three times of it, and a third at the usual pace again."""

    def tick(self) -> tuple[int, float] | None:
        third = MORNING_S / 3
        now: float = self.get_run_time()  # type: ignore[no-untyped-call] # (Locust does not say its type)
        if now >= MORNING_S:
            return None
        return (3 * USERS, 3 * USERS) if third <= now < 2 * third else (USERS, USERS)


@events.quitting.add_listener  # type: ignore[untyped-decorator] # (Locust does not say its type)
def keep_acknowledged(environment: Environment, **_kwargs: object) -> None:
    """Hands over what must be in the ledger."""
    ACKNOWLEDGED.write_text(json.dumps(acknowledged))
