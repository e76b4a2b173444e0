"""The clock of a running server jumps, forward and back: over midnight, a leap day, a year's end, by hours and years.

libfaketime moves the clock of all processes of the server at once, as a step of the system's clock does; what measures
durations (the monotonic clock) goes on. PostgreSQL keeps its own clock: Hushi takes no time from it.
"""

import contextlib
import datetime
import functools
import os
import pathlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import orjson

from service.commands.keys import create_key
from service.domain.transactions import MARKET_TIME
from service.http.sessions import CLOCK_BACK_MAX, COOKIE, LIFETIME
from tests.torture.asking import Document, Log
from tests.torture.checking import check
from tests.torture.markets import Market, market
from tests.torture.running import CYCLES_PER_LEDGER, Count, Fault, Plan, cycle_of, databases_of, demand_well, say
from tests.torture.traffic import Client, Traffic
from tests.waiting import wait_until

SITE = pathlib.Path(__file__).parent / "faketime"
CYCLES = 100
AROUND_S = 0.4
"""How long the clients send before and after a jump at least."""
MORE, OF_NOW = 15, 0.7
ANSWERED_WITHIN_S = 30.0
PROGRAM = (sys.executable, "-m", "tests.torture.broken")
"""Breaks nothing, unless the environment says so."""
KEY_LASTS = datetime.timedelta(minutes=30)


def library() -> pathlib.Path | None:
    """The library that sets the clock; None where it is not installed."""
    found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


@dataclass(frozen=True)
class Jump:
    """From an instant of the market's time, by so much; by nothing, when an hour or a day passes while it serves."""

    name: str
    start: str
    by: datetime.timedelta = datetime.timedelta()

    @property
    def begins_at(self) -> datetime.datetime:
        """The instant that the clock is set to first."""
        return datetime.datetime.fromisoformat(f"{self.start}+08:00")


_HOUR = datetime.timedelta(hours=1)
LATER = datetime.datetime(2031, 1, 1, tzinfo=MARKET_TIME)
JUMPS = (
    Jump("over midnight by itself", "2027-06-14T23:59:59.500"),
    Jump("an hour on", "2027-06-15T10:00:00", _HOUR),
    Jump("an hour back", "2027-06-15T10:00:00", -_HOUR),
    Jump("an hour on, over midnight", "2027-06-15T23:30:00", _HOUR),
    Jump("an hour back, over midnight", "2027-06-16T00:30:00", -_HOUR),
    Jump("into the leap day by itself", "2028-02-28T23:59:59.500"),
    Jump("out of the leap day by itself", "2028-02-29T23:59:59.500"),
    Jump("a day on, over the leap day", "2028-02-28T12:00:00", 48 * _HOUR),
    Jump("an hour back, into the leap day", "2028-03-01T00:30:00", -_HOUR),
    Jump("over the year's end by itself", "2027-12-31T23:59:59.500"),
    Jump("an hour on, over the year's end", "2027-12-31T23:30:00", _HOUR),
    Jump("an hour back, over the year's end", "2028-01-01T00:30:00", -_HOUR),
    Jump("thirteen hours on", "2027-06-15T08:00:00", 13 * _HOUR),
    Jump("three years on", "2027-06-15T08:00:00", 3 * 365 * 24 * _HOUR),
    Jump("three years back", "2030-06-15T08:00:00", -3 * 365 * 24 * _HOUR),
)


class Clock:
    """The clock of a server's processes: that of the machine, moved."""

    def __init__(self, path: pathlib.Path) -> None:
        """Begins at the machine's time."""
        self._path, self.moved = path, datetime.timedelta()
        self.move(self.moved)

    @property
    def now(self) -> datetime.datetime:
        """What the clock of the server shows."""
        return datetime.datetime.now(MARKET_TIME) + self.moved

    def set(self, instant: datetime.datetime) -> None:
        """Sets the clock to an instant."""
        self.move(instant - datetime.datetime.now(MARKET_TIME))

    def move(self, moved: datetime.timedelta) -> None:
        """Sets how far the clock is from that of the machine."""
        partial = self._path.with_suffix(".new")
        partial.write_text(f"{moved.total_seconds():+.6f}\n")
        partial.replace(self._path)
        self.moved = moved

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables of a server that has this clock."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
            "PYTHONPATH": os.pathsep.join((str(SITE), str(SITE.parents[2]))),
        }


class ClientOfToday(Client):
    """A client most of whose trades are of the instant that the server's clock shows; the others are entered late."""

    def __init__(self, *arguments: Any, clock: Clock) -> None:
        """Keeps the clock, and what a client keeps."""
        super().__init__(*arguments)
        self._clock = clock

    def body(self, mark: str) -> Document:
        """The body of a trade."""
        body = super().body(mark)
        if self._chance.random() < OF_NOW:
            body["traded_at"] = self._clock.now.isoformat(timespec="seconds")
        return body


def run(plan: Plan) -> Count:
    """Runs jumps on one ledger after the other, with a check after each."""
    count, log, found = Count(), Log(), None
    with databases_of(plan) as made, market(made, plan.folder / "market") as served:
        clock = Clock(plan.folder / "clock")
        served.program, served.variables = PROGRAM, {**clock.variables, **plan.variables}
        served.start()
        for number in plan.numbers:
            with cycle_of(plan, number):
                jump_once(plan, served, clock, log, number)
                found = check(served, log, plan.chance(number, "check"))
            demand_well(plan, number, found)
        served.stop()
    assert found is not None
    count.add(found, plan.cycles)
    say(plan, count)
    return count


def jump_once(plan: Plan, served: Market, clock: Clock, log: Log, number: int) -> None:
    """Sets the clock, lets clients send, lets the clock jump, and looks at what depends on it."""
    jump, chance = JUMPS[(number - 1) % len(JUMPS)], plan.chance(number)
    clock.set(jump.begins_at)
    guard = Guard(served, clock)
    make = functools.partial(ClientOfToday, clock=clock)
    with Traffic(f"c{number}", served, chance, log, make=make) as traffic:
        traffic.wait_for_more(MORE, ANSWERED_WITHIN_S)
        time.sleep(AROUND_S)
        clock.move(clock.moved + jump.by)
        guard.look()
        traffic.wait_for_more(MORE, ANSWERED_WITHIN_S)
        time.sleep(AROUND_S)
    clock.set(jump.begins_at)
    guard.look()
    clock.set(LATER)  # A report ends with today, so one of today would not have what was traded on later days.
    wire = served.wire()
    wait_until(lambda: orjson.loads(wire.ask("GET", "/v1/ledger")[1])["tail"] == 0, ANSWERED_WITHIN_S)
    wire.close()
    served.wait_until_ready(ANSWERED_WITHIN_S)


class Guard:
    """A key that expires, and a session: they end by the clock, and a session that was found ended stays so."""

    def __init__(self, served: Market, clock: Clock) -> None:
        """Makes the key, and signs in with another one."""
        self._served, self._clock = served, clock
        self._key_ends, self._begun, self._is_ended = clock.now + KEY_LASTS, clock.now, False
        with served.opened() as ledger:
            _, self._key = create_key(ledger, "for a while", ["admin"], expires_at=self._key_ends)
        admin = served.headers["Authorization"].removeprefix("Bearer ")
        status, cookies = self._ask("POST", "/signin", {}, urlencode({"key": admin}))
        assert status == 303, status
        self._cookie = cookies.partition(";")[0]
        assert self._cookie.startswith(COOKIE)

    def look(self) -> None:
        """Compares what the key and the session may do with what the clock shows. Raises AssertionError."""
        now = self._clock.now
        status, _ = self._ask("GET", "/v1/ledger", {"Authorization": f"Bearer {self._key}"})
        due = 200 if now < self._key_ends else 401
        assert status == due, f"a key that ends at {self._key_ends} at {now}: {status}"
        status, _ = self._ask("GET", "/v1/ledger", {"Cookie": self._cookie})
        self._is_ended |= not self._begun - CLOCK_BACK_MAX <= now < self._begun + LIFETIME
        assert status == (401 if self._is_ended else 200), f"a session of {self._begun} at {now}: {status}"

    def _ask(self, method: str, path: str, headers: Mapping[str, str], form: str | None = None) -> tuple[int, str]:
        with contextlib.closing(HTTPConnection(*self._served.address, timeout=ANSWERED_WITHIN_S)) as connection:
            sent = {**headers, **({"Content-Type": "application/x-www-form-urlencoded"} if form else {})}
            connection.request(method, path, form, sent)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("Set-Cookie") or ""


FAULTS = (
    Fault("clock-jumps", "clocks", CYCLES, run, part=CYCLES_PER_LEDGER, told="jumps of the clock, forward and back"),
)
