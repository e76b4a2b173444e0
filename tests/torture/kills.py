"""Kills by SIGKILL while clients post: a worker, the whole server, the folder, PostgreSQL, a backend of it."""

import contextlib
import dataclasses
import functools
import random
import signal
import time
from collections.abc import Callable

import psutil

from service.server import replacements
from tests.torture.asking import Log
from tests.torture.markets import Market
from tests.torture.running import CYCLES_PER_LEDGER, Count, Fault, Plan, run_on_ledgers
from tests.torture.traffic import Traffic
from tests.waiting import wait_until

BEFORE_S = (0.05, 0.8)
"""How long the clients send before the kill, at least and at most; the folder folds each second."""
MORE_AFTERWARDS = 20
"""How many entries must be acknowledged after the kill: the service goes on."""
BACK_WITHIN_S = 120.0
PAUSE_MAX_S = 0.5
CYCLES = 200
SETTINGS = {"fsync": "on", "full_page_writes": "on"}

Kill = Callable[[Market, random.Random], None]


def kill_worker(market: Market, chance: random.Random) -> None:
    """Kills one of the processes that serve; the server replaces it."""
    workers = wait_until(lambda: market.workers, BACK_WITHIN_S)
    chance.choice(sorted(workers, key=lambda one: one.pid)).kill()


def kill_folder(market: Market, chance: random.Random) -> None:
    """Kills the process that folds; the server replaces it."""
    wait_until(lambda: market.folders, BACK_WITHIN_S)[0].kill()


def kill_group(market: Market, chance: random.Random) -> None:
    """Kills all processes of the server at once, and starts the server again."""
    market.stop(signal.SIGKILL)
    market.start()


def kill_postmaster(market: Market, chance: random.Random) -> None:
    """Kills PostgreSQL's first process; its backends end by themselves. Then PostgreSQL is started again."""
    assert market.postgresql is not None
    postmaster = psutil.Process(market.postgresql.postmaster)
    backends = postmaster.children()
    postmaster.kill()
    # A new server refuses to start while a process of the old one is alive.
    _, left = psutil.wait_procs([postmaster, *backends], BACK_WITHIN_S)
    assert [one for one in left if one.status() != psutil.STATUS_ZOMBIE] == []
    market.postgresql.start_again()


def kill_backend(market: Market, chance: random.Random) -> None:
    """Kills one of PostgreSQL's processes that work for Hushi; PostgreSQL then ends all, and recovers by itself."""
    chosen = chance.choice(sorted(wait_until(lambda: _backends(market), BACK_WITHIN_S), key=lambda one: one.pid))
    with contextlib.suppress(psutil.NoSuchProcess):
        chosen.kill()


def _backends(market: Market) -> list[psutil.Process]:
    assert market.postgresql is not None
    found = []
    for each in psutil.Process(market.postgresql.postmaster).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if " tortured_" in " ".join(each.cmdline()):
                found.append(each)
    return found


def strike(kill: Kill, plan: Plan, market: Market, log: Log, number: int) -> None:
    """Kills while clients send, and lets them go on until more is acknowledged afterwards."""
    chance = plan.chance(number)
    with Traffic(f"c{number}", market, chance, log) as traffic:
        traffic.wait_for_more(1, BACK_WITHIN_S)
        time.sleep(chance.uniform(*BEFORE_S))
        kill(market, chance)
        traffic.wait_for_more(MORE_AFTERWARDS, BACK_WITHIN_S)
    market.wait_until_ready(BACK_WITHIN_S)


def _serve_with_short_pauses(hushi: Callable[[], None]) -> None:
    """Serves, and replaces processes soon: else the pause would grow to half a minute with the kills."""
    replacements.PAUSE_MAX_S = PAUSE_MAX_S
    hushi()


def _run(kill: Kill, plan: Plan) -> Count:
    soon = dataclasses.replace(plan, hushi=functools.partial(_serve_with_short_pauses, plan.hushi))
    return run_on_ledgers(soon, functools.partial(strike, kill), SETTINGS)


KILLS: dict[str, Kill] = {
    "kill-worker": kill_worker,
    "kill-group": kill_group,
    "kill-folder": kill_folder,
    "kill-postmaster": kill_postmaster,
    "kill-backend": kill_backend,
}
_TOLD = {
    "kill-worker": "SIGKILL of a serving process",
    "kill-group": "SIGKILL of all processes of the server",
    "kill-folder": "SIGKILL of the process that folds",
    "kill-postmaster": "SIGKILL of PostgreSQL",
    "kill-backend": "SIGKILL of a backend of PostgreSQL",
}
_ON_POSTGRESQL_ONLY = {"kill-postmaster", "kill-backend"}

FAULTS = tuple(
    Fault(
        name,
        "kills",
        CYCLES,
        functools.partial(_run, kill),
        ("postgresql",) if name in _ON_POSTGRESQL_ONLY else ("sqlite", "postgresql"),
        CYCLES_PER_LEDGER,
        _TOLD[name],
    )
    for name, kill in KILLS.items()
)
