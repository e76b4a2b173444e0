"""Callers of the two serving processes: some post and keep what was acknowledged, one asks for reports all the time.

Each post has an amount of its own, which tells in the journal what post an entry is of: post 20 is a trade of 0.20 CNY,
and post -20 its reversal. It is not a reference, which the database would keep from being doubled by itself.
"""

import bisect
import contextlib
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any, Self

import orjson

from tests.builders import a_trade

POSTERS = 4
RESIDENTS = 8
PACE_S = 0.08
ANSWER_WITHIN_S = 3.0
"""How long a caller waits for an answer. Then the outcome is unknown to it, and it asks again with the key."""
ASK_AGAIN_S = 0.2
GIVEN_UP_SHARE = 0.3
"""How many of the unknown posts are asked again at the end of the cycle only."""
REPORT = "/v1/reports/trade?period=2024&compare=none&category=meat"
REVERSED_EACH = 10
"""Each tenth trade is reversed. These are of another category, so that the report of the others only ever grows."""
NO_ANSWER = 0
TO_ASK_AGAIN = frozenset({NO_ANSWER, 409, 429, 503})


def is_reversed(number: int) -> bool:
    """Whether a post is a reversal, or a trade that is reversed."""
    return number % REVERSED_EACH == 0


@dataclass(frozen=True)
class Place:
    """The address of a serving process, and the key to it."""

    name: str
    address: str
    port: int
    key: str

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Sends a request, and returns status and document; status NO_ANSWER when no answer came."""
        connection = HTTPConnection(self.address, self.port, timeout=ANSWER_WITHIN_S)
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})}
        try:
            connection.request(method, path, None if body is None else orjson.dumps(body), sent)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, orjson.loads(text) if text else None
        except (OSError, HTTPException, orjson.JSONDecodeError):
            return NO_ANSWER, None
        finally:
            connection.close()

    def post(self, number: int, reversed_id: str = "") -> tuple[int, Any]:
        """Posts the trade with this number, or the reversal of an entry with a negative number, under its key."""
        key = {"Idempotency-Key": f"post-{number}"}
        if number < 0:
            return self.ask("POST", f"/v1/transactions/{reversed_id}/reversal", {"reason": "wrong weight"}, key)
        resident = f"R{number % RESIDENTS + 1:08d}"
        amount = f"{number // 100}.{number % 100:02d}"
        goods = {"category": "grain", "commodity": "小麦"} if is_reversed(number) else {}
        body = a_trade(resident_id=resident, amount_cny=amount, quantity_kg="1", **goods)
        return self.ask("POST", "/v1/transactions", body, key)


@dataclass
class Kept:
    """What the callers know: the acknowledged posts with their entries, those that are unknown, and what was wrong."""

    acknowledged: dict[int, str] = field(default_factory=dict)
    reported: int = 0
    """How many of them the report must hold: the trades that are never reversed."""
    unknown: list[int] = field(default_factory=list)
    asked_again: int = 0
    reports: int = 0
    unanswered_reports: int = 0
    wrong: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    """When a post was acknowledged, by the serving process, in the time of time.monotonic."""
    inside: threading.Lock = field(default_factory=threading.Lock)

    def take(self, number: int, transaction_id: str, place: str) -> None:
        """Keeps an acknowledged post. A second answer must name the same entry."""
        with self.inside:
            self.times.setdefault(place, []).append(time.monotonic())
            self.reported += number not in self.acknowledged and not is_reversed(number)
            if self.acknowledged.setdefault(number, transaction_id) != transaction_id:
                self.wrong.append(f"post {number} was answered with two entries")

    def longest_gap_s(self, place: str, since: float, until: float) -> float:
        """The longest time without an acknowledged post between two moments, through one process."""
        with self.inside:
            times = self.times.get(place, [])
            moments = [since, *times[bisect.bisect(times, since) : bisect.bisect(times, until)], until]
        return max(after - before for before, after in itertools.pairwise(moments))


class Callers:
    """The threads that post and ask, until they are stopped."""

    def __init__(self, places: Sequence[Place], seed: int) -> None:
        """Starts no thread yet."""
        self.places, self.kept = places, Kept()
        self._seed = seed
        self._numbers = itertools.count(1)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Starts all threads."""
        self._threads = [threading.Thread(target=self._post_all, args=(number,)) for number in range(POSTERS)]
        self._threads.append(threading.Thread(target=self._ask_for_reports))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops all threads."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def settle_unknown(self) -> None:
        """Asks once more for each post whose outcome is unknown, through both processes, until all have an answer."""
        with self.kept.inside:
            unknown, self.kept.unknown = self.kept.unknown, []
        for number in unknown:
            for place in self.places:
                while not self._try(place, number):
                    time.sleep(ASK_AGAIN_S)

    def _post_all(self, poster: int) -> None:
        """Posts, through one process; a post without an answer is asked again through either of them, or left."""
        dice = random.Random(f"{self._seed}-{poster}")
        place = self.places[poster % len(self.places)]
        while not self._stopped.wait(PACE_S):
            number = next(self._numbers)
            self._post(number, place, dice)
            if is_reversed(number) and number in self.kept.acknowledged:
                self._post(-number, place, dice)

    def _post(self, number: int, asked: Place, dice: random.Random) -> None:
        """Posts until there is an answer, or the post is given up for now."""
        while not self._try(asked, number):
            with self.kept.inside:
                self.kept.asked_again += 1
                if self._stopped.is_set() or dice.random() < GIVEN_UP_SHARE:
                    self.kept.unknown.append(number)
                    return
            time.sleep(ASK_AGAIN_S)
            asked = dice.choice(self.places)

    def _try(self, place: Place, number: int) -> bool:
        """Posts once; returns whether the answer was final."""
        status, document = place.post(number, self.kept.acknowledged.get(-number, ""))
        with self.kept.inside:
            self.kept.answers[status] += 1
        if status == 201:
            self.kept.take(number, document["transaction_id"], place.name)
            return True
        if status not in TO_ASK_AGAIN:
            with self.kept.inside:
                self.kept.wrong.append(f"post {number} was answered {status}: {document}")
        return False

    def _ask_for_reports(self) -> None:
        """Asks both processes in turns. No answer may be older than the one before, or lack what was acknowledged."""
        seen, seen_position = 0, (0, 0)
        for place in itertools.cycle(self.places):
            if self._stopped.wait(PACE_S):
                return
            acknowledged = self.kept.reported
            status, document = place.ask("GET", REPORT)
            if status != 200:
                self.kept.unanswered_reports += 1
                continue
            self.kept.reports += 1
            counted = document["total"]["transactions"]["current"]
            block, _, tail = document["position"].partition(".")
            position = (int(block), int(tail))
            with contextlib.suppress(AssertionError):
                self._demand(counted >= acknowledged, f"{counted} entries, {acknowledged} acknowledged", place)
                self._demand(counted >= seen, f"{counted} entries after {seen}", place)
                self._demand(position >= seen_position, f"position {position} after {seen_position}", place)
            seen, seen_position = max(seen, counted), max(seen_position, position)

    def _demand(self, is_right: bool, told: str, place: Place) -> None:
        if not is_right:
            with self.kept.inside:
                self.kept.wrong.append(f"{time.strftime('%H:%M:%S')} a report of {place.name} went back: {told}")
            raise AssertionError(told)
