"""The controls of the harness: on a ledger whose protection is taken away, the check must find what is wrong."""

import pathlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.torture import broken
from tests.torture.asking import Log
from tests.torture.checking import check
from tests.torture.kills import FAULTS
from tests.torture.markets import Market, databases, market
from tests.torture.running import ENGINES, Plan
from tests.torture.traffic import Traffic

PLAN = Plan(FAULTS[0], "sqlite", 1, 17, pathlib.Path(), is_quick=True)


@contextmanager
def broken_market(engine: str, folder: pathlib.Path, how: str) -> Iterator[Market]:
    """A served market whose ledger is broken."""
    with (
        databases(engine, folder) as made,
        market(made, folder / "market", broken.main, **{broken.BREAK: how}) as served,
    ):
        served.start()
        yield served


@pytest.mark.parametrize("engine", ENGINES)
def test_a_ledger_that_forgets_keys_shows_doubles(engine: str, tmp_path: pathlib.Path) -> None:
    log = Log()
    with broken_market(engine, tmp_path, "forgets-keys") as served:
        traffic = Traffic("c", served, PLAN.chance(1), log)
        traffic.wait_for_more(20)
        traffic.stop()
        found = check(served, log, PLAN.chance("check"))
    assert found.doubled
    assert not found.lost


@pytest.mark.parametrize("engine", ENGINES)
def test_a_ledger_that_answers_before_its_commit_shows_losses(engine: str, tmp_path: pathlib.Path) -> None:
    log = Log()
    with broken_market(engine, tmp_path, "answers-early") as served:
        traffic = Traffic("c", served, PLAN.chance(1), log)
        traffic.wait_for_more(20)
        served.stop(signal.SIGKILL)
        served.variables.clear()
        served.start()
        traffic.stop()
        found = check(served, log, PLAN.chance("check"))
    assert found.lost
