"""Splits at once: 64 threads that split two trucks over one group break no allowance and no line of a truck.

The lock on the consignment has a negative control on PostgreSQL. SQLite has one writer, so it needs no such lock.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from service.commands.splitting import SplitRequest, post_split
from service.config import read_settings
from service.domain.errors import Refusal
from service.ledger import Ledger, open_ledger
from service.planning import SplitPlan, plan_split
from service.queries.verifying import verify
from service.storage import allowance, consignments
from service.storage.tables import allowance_use, journal
from tests.builders import a_key
from tests.conftest import Caller
from tests.http.trucks import TRUCK, Trucks, a_line

THREADS, RESIDENTS = 64, 12
LIMIT_FEN = 800_000
NAMES, CHEAP = (TRUCK, "the second"), "cheap"


@pytest.fixture
def trucks(admin: Caller) -> Trucks:
    """Two trucks that are worth more than the allowances of one group."""
    made = Trucks(admin)
    group = admin.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    assert group == "G000001"
    admin.register(RESIDENTS, group_id=group)
    for name in NAMES:
        made.register(a_line(quantity_kg="3000", amount_cny="60000.00"), consignment=name)
    return made


@pytest.fixture
def ledgers(ledger: Ledger, environment: dict[str, str]) -> Iterator[list[Ledger]]:
    """The same ledger, opened as by several processes."""
    opened = [open_ledger(read_settings(environment)) for _ in range(4)]
    yield opened
    for one in opened:
        one.database.close()


def _in_threads(work: Callable[[int], None], count: int) -> None:
    together = threading.Barrier(count)

    def begin(number: int) -> None:
        together.wait()
        work(number)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _split_until_nothing_is_left(trucks: Trucks, call: Callable[..., Caller]) -> Counter[tuple[int, str]]:
    """Each thread proposes and posts until nothing of its truck or of the allowances is left to it."""
    caller, answers = call(), Counter[tuple[int, str]]()

    def split_some(number: int) -> None:
        mine = Caller(caller.client.application.test_client(), None)
        mine.headers = caller.headers
        own, name = Trucks(mine), NAMES[number % len(NAMES)]
        for _ in range(THREADS):
            terms = {"group_id": "G000001", "unit_kg": "50", "policy": ("fill", "even")[number // 2 % 2]}
            proposed = own.propose(name, remainder="leave", **terms).get_json()
            if not proposed["parts"]:
                return
            answer = own.split(proposed["proposal"], name)
            answers[answer.status_code, answer.get_json().get("code", "")] += 1

    _in_threads(split_some, THREADS)
    return answers


def _parts_and_uses(ledger: Ledger) -> tuple[dict[str, int], dict[int, int]]:
    """The grams of each truck that were split, and the exempt fen that each resident has used, by the journal."""
    with ledger.database.reading() as connection:
        grams = sa.select(journal.c.consignment, sa.func.sum(journal.c.quantity_g)).group_by(journal.c.consignment)
        exempt = sa.select(journal.c.resident, sa.func.sum(journal.c.exempt_fen)).group_by(journal.c.resident)
        split: dict[str, int] = {name: int(total) for name, total in connection.execute(grams)}
        used: dict[int, int] = {resident: int(total) for resident, total in connection.execute(exempt)}
        rows = connection.execute(sa.select(allowance_use.c.resident, allowance_use.c.exempt_fen)).all()
    assert dict(map(tuple, rows)) == used
    return split, used


def test_sixty_four_threads_split_two_trucks_over_one_group(
    trucks: Trucks, call: Callable[..., Caller], ledger: Ledger
) -> None:
    answers = _split_until_nothing_is_left(trucks, call)

    assert set(answers) <= {(201, ""), (422, "split-outdated")}, answers
    split, used = _parts_and_uses(ledger)
    assert all(0 < fen <= LIMIT_FEN for fen in used.values())
    assert len(used) == RESIDENTS
    assert all(grams <= 3_000_000 for grams in split.values())
    # 400 kg fill an allowance, so twelve residents buy 4,800 kg of the 6,000 kg.
    assert sum(split.values()) == RESIDENTS * 400_000
    left = sum(float(kilograms) for name in NAMES for kilograms, _ in trucks.left(name))
    assert left == 6000 - sum(split.values()) / 1000
    verify(ledger)


def _post_at_once(
    ledgers: list[Ledger], splits: Sequence[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Two transactions post a split each, of a truck by its token; returns what became of them.

    Both plan before the first one commits, unless a lock prevents it.
    """
    both_have_planned, outcomes = threading.Barrier(2), list[str]()

    def plan_together(*arguments: Any, **named: Any) -> SplitPlan:
        planned = plan_split(*arguments, **named)
        with contextlib.suppress(threading.BrokenBarrierError):
            both_have_planned.wait(1.5)
        return planned

    monkeypatch.setattr("service.commands.splitting.plan_split", plan_together)

    def post(number: int) -> None:
        try:
            post_split(ledgers[number], SplitRequest(*splits[number], 1, a_key(), "race"))
            outcomes.append("posted")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    _in_threads(post, 2)
    return sorted(outcomes)


def _one_truck_twice(trucks: Trucks) -> list[tuple[str, str]]:
    """Two splits of one truck, each to another resident: no allowance keeps the two apart."""
    trucks.register(a_line(quantity_kg="3000", amount_cny="30.00"), consignment=CHEAP)
    residents = ("R00000001", "R00000002")
    return [(CHEAP, trucks.propose(CHEAP, resident_ids=[one]).get_json()["proposal"]) for one in residents]


def _two_trucks_to_one_resident(trucks: Trucks) -> list[tuple[str, str]]:
    """A split of each truck, both to one resident, whose allowance row exists."""
    used = {**a_line(quantity_kg="1", amount_cny="1.00"), "resident_id": "R00000001"}
    assert trucks.caller.trade({**used, "traded_at": "2024-06-30T08:00:00+08:00"}).status_code == 201
    terms: dict[str, Any] = {"resident_ids": ["R00000001"], "remainder": "leave"}
    return [(name, trucks.propose(name, **terms).get_json()["proposal"]) for name in NAMES]


def test_two_splits_of_one_truck_see_each_other(
    trucks: Trucks, ledgers: list[Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _post_at_once(ledgers, _one_truck_twice(trucks), monkeypatch) == ["posted", "split-outdated"]
    assert trucks.left(CHEAP) == [("0.000", "0.00")]


def test_without_the_lock_more_than_the_truck_is_split(
    trucks: Trucks, ledgers: list[Ledger], monkeypatch: pytest.MonkeyPatch, engine_name: str
) -> None:
    """A negative control."""
    _postgresql_only(engine_name)
    monkeypatch.setattr(consignments, "lock", consignments.find)
    assert _post_at_once(ledgers, _one_truck_twice(trucks), monkeypatch) == ["posted", "posted"]
    assert trucks.left(CHEAP) == [("-3000.000", "-30.00")]


def test_two_trucks_use_one_allowance_once(
    trucks: Trucks, ledgers: list[Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = _two_trucks_to_one_resident(trucks)
    assert _post_at_once(ledgers, splits, monkeypatch) == ["posted", "split-outdated"]
    assert _parts_and_uses(ledgers[0])[1] == {1: LIMIT_FEN}


def test_without_the_lock_of_allowances_two_trucks_use_one_allowance_twice(
    trucks: Trucks, ledgers: list[Ledger], monkeypatch: pytest.MonkeyPatch, engine_name: str
) -> None:
    """A negative control."""
    _postgresql_only(engine_name)
    splits = _two_trucks_to_one_resident(trucks)
    monkeypatch.setattr(allowance, "_LOCK", allowance._FIND)
    assert _post_at_once(ledgers, splits, monkeypatch) == ["posted", "posted"]


def _postgresql_only(engine_name: str) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has one writer: the second begins after the first has ended")


def test_one_key_at_once_posts_one_split(trucks: Trucks, call: Callable[..., Caller]) -> None:
    caller, answers = call(), list[tuple[int, bytes]]()
    token = trucks.propose(group_id="G000001", remainder="leave").get_json()["proposal"]
    key = a_key()

    def post(_number: int) -> None:
        mine = Caller(caller.client.application.test_client(), None)
        mine.headers = caller.headers
        answer = Trucks(mine).split(token, key=key)
        answers.append((answer.status_code, answer.data))

    _in_threads(post, 8)
    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
