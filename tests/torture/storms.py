"""A storm of retries: requests on few keys and on many, many at a time. Each key has one entry and one answer."""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from tests.builders import a_trade
from tests.torture.asking import Document, Log, Request
from tests.torture.checking import check
from tests.torture.markets import RESIDENTS, Market, market
from tests.torture.running import Count, Fault, Plan, cycle_of, databases_of, demand_well, say

REQUESTS = 1_000_000
FEW_KEYS = 16
TIMES_EACH = 5
"""How often each of the many keys is sent; they share half of the requests."""
CONNECTIONS = 48
OTHER_MEANING_EVERY = 50
"""Of so many requests, one sends another body under the key, which must be refused and must change nothing."""
WAIT_S = 0.02


@dataclass
class Asked:
    """A key, its body, and what came back under it."""

    request: Request
    wire: bytes
    other_wire: bytes
    answers: Counter[tuple[int, bytes]] = field(default_factory=Counter)
    first_times: int = 0
    """How often it was answered without `Idempotency-Replayed`."""
    last: Document = field(default_factory=dict)
    reused: list[str] = field(default_factory=list)
    """What came of another meaning under the key, where that was not refused."""


def run(plan: Plan) -> Count:
    """Sends as many requests as the plan has cycles, in an order that its seed decides."""
    chance, count, log = plan.chance(), Count(), Log()
    with (
        databases_of(plan) as made,
        market(made, plan.folder / "market", plan.hushi, **plan.variables) as served,
    ):
        served.start()
        asked = _asked(plan.cycles, chance, served)
        order = list(_order(plan.cycles, len(asked), chance))
        with cycle_of(plan, 1):
            sent = asyncio.run(_storm(served.port, asked, order, chance))
            for one in asked:
                status, _ = max(one.answers, key=lambda each: one.answers[each])
                one.request.status, one.request.answer = status, one.last
                log.add(one.request)
            found = check(served, log, plan.chance("check"))
        found.doubled += [f"{one.request.key} had {len(one.answers)} answers" for one in asked if len(one.answers) != 1]
        found.doubled += [
            f"{one.request.key} was accepted {one.first_times} times" for one in asked if one.first_times > 1
        ]
        found.doubled += [wrong for one in asked for wrong in one.reused]
        demand_well(plan, 1, found)
        served.stop()
    count.add(found, plan.cycles)
    count.notes.append(f"{sent:,} were sent for {plan.cycles:,} answers; the others were told to come later")
    say(plan, count)
    return count


def _asked(requests: int, chance: random.Random, served: Market) -> list[Asked]:
    many = max(1, requests // 2 // TIMES_EACH)
    return [_one(f"storm-{number}", chance, served) for number in range(FEW_KEYS + many)]


def _order(requests: int, keys: int, chance: random.Random) -> Iterator[int]:
    """Which key is sent each time: half of them one of the few, which come first; the others each as often."""
    order = [chance.randrange(FEW_KEYS) for _ in range(requests // 2)]
    many = [FEW_KEYS + number % (keys - FEW_KEYS) for number in range(requests - len(order))]
    both = order + many
    chance.shuffle(both)
    return iter(both)


def _one(mark: str, chance: random.Random, served: Market) -> Asked:
    body = a_trade(
        resident_id=f"R{chance.randrange(RESIDENTS) + 1:08d}",
        amount_cny=f"{chance.randrange(100, 300_000) / 100:.2f}",
        traded_at=f"2024-06-{chance.randrange(1, 29):02d}T10:00:00+08:00",
        metadata={"mark": mark},
        over_allowance="refuse" if chance.random() < 0.2 else None,
    )
    request = Request("trade", "/v1/transactions", body, f"k-{mark}", (mark,))
    other = {**body, "commodity": "另一种"}
    return Asked(request, _bytes_of(request.key, body, served), _bytes_of(request.key, other, served))


def _bytes_of(key: str, body: Document, served: Market) -> bytes:
    content = orjson.dumps(body)
    head = (
        f"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nAuthorization: {served.headers['Authorization']}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _storm(port: int, asked: list[Asked], order: list[int], chance: random.Random) -> int:
    """Sends the requests over many connections, and returns how many were sent."""
    left, sent = list(reversed(order)), 0

    async def send() -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left:
            one = asked[left.pop()]
            # Another meaning is sent only after the first answer: otherwise it could be the first, and the true one.
            is_other = bool(one.answers) and chance.randrange(OTHER_MEANING_EVERY) == 0
            while True:
                sent += 1
                writer.write(one.other_wire if is_other else one.wire)
                status, is_replay, text = await _answer(reader)
                if status not in {429, 503}:
                    break
                await asyncio.sleep(WAIT_S)
            _note(one, status, is_replay, text, is_other=is_other)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return sent


def _note(one: Asked, status: int, is_replay: bool, text: bytes, *, is_other: bool) -> None:
    if is_other:
        if (status, orjson.loads(text).get("code")) != (422, "idempotency-key-reused"):
            one.reused.append(f"{one.request.key} was taken for another request: {status} {text.decode()}")
        return
    one.answers[status, hashlib.blake2b(text, digest_size=8).digest()] += 1
    one.first_times += not is_replay
    if not one.last:
        one.last = orjson.loads(text)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool, bytes]:
    """Status, whether it is a replay, and the body of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head.split(None, 2)[1]), b"idempotency-replayed: true" in head, await reader.readexactly(length)


FAULTS = (Fault("retry-storm", "storms", REQUESTS, run, told="retries on few keys and on many (cycles are requests)"),)
