"""Runs what is to happen at once: in many threads, or two with the second in the middle of the first."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from service.domain.errors import Refusal
from tests.conftest import Caller
from tests.transfers.market import buy

RESIDENTS = 5


def in_threads(work: Callable[[int], str], count: int) -> Counter[str]:
    """What became of each thread's work: its answer, the code of a refusal, or an error that must not be."""
    together = threading.Barrier(count)
    became: list[str] = []

    def begin(number: int) -> None:
        together.wait()
        became.append(code_of(lambda: work(number)))

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(became)


def code_of(work: Callable[[], str]) -> str:
    """What became of work: its answer, the code of its refusal, or an error that must not be."""
    try:
        return work()
    except Refusal as refusal:
        return refusal.code
    except Exception as error:  # noqa: BLE001 (the test wants to see whatever it is)
        return f"{type(error).__name__}: {error}"


def wait_behind(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Makes a thread wait behind a function, so that another one may overtake it there."""
    work = getattr(module, name)

    def work_and_wait(*arguments: Any) -> Any:
        found = work(*arguments)
        time.sleep(0.5)
        return found

    monkeypatch.setattr(module, name, work_and_wait)


def both(first: Callable[[], str], second: Callable[[], str]) -> list[str]:
    """What became of two at once; the second begins a quarter of a second behind the first."""
    became: dict[int, str] = {}

    def begin(number: int, work: Callable[[], str]) -> None:
        time.sleep(number * 0.25)
        became[number] = code_of(work)

    threads = [threading.Thread(target=begin, args=call) for call in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [became[0], became[1]]


def bought(caller: Caller) -> list[str]:
    """Posts a trade of each resident, and returns their ids."""
    return [buy(caller, resident_id=f"R{number:08d}")[0] for number in range(1, RESIDENTS + 1)]


def postgresql_only(engine_name: str) -> None:
    """Skips a test about locks, which SQLite does not have."""
    if engine_name == "sqlite":
        pytest.skip("SQLite has one writer: the second begins after the first has ended")
