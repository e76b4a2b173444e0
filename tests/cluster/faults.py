"""The faults of a cluster, one function each: it does the fault, and returns what takes it away."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster.cluster import Cluster
from tests.cluster.network import NAMES
from tests.waiting import wait_until

FAILS_OVER_WITHIN_S = 60.0
HOLDS_MAX_S = 45.0
STANDBY_AWAY_MAX_S = 12.0
ETCD_AWAY_MAX_S = 30.0
UNCOPIED_S = 1.5


@dataclass(frozen=True)
class Fault:
    """A kind of fault. `until_back` holds it until posts work again, and a moment longer; else it ends by itself."""

    name: str
    begin: Callable[[Cluster, random.Random], str]
    """Does the fault, and returns what was done, for the log."""
    until_back: bool
    needs_cuts: bool = False


def _kill(cluster: Cluster, dice: random.Random) -> str:
    """Kills PostgreSQL on the primary, with or without Patroni."""
    primary = cluster.nodes[_primary(cluster)]
    if dice.random() < 0.5:
        primary.kill_postgresql()
        return f"killed PostgreSQL of {primary.name}"
    primary.kill_database()
    return f"killed Patroni and PostgreSQL of {primary.name}"


def _lose(cluster: Cluster, _dice: random.Random) -> str:
    """Takes the power of the primary's machine. It boots only after the fail-over."""
    primary = cluster.nodes[_primary(cluster)]
    primary.power_off()
    return f"{primary.name} has no power"


def _pause(cluster: Cluster, dice: random.Random) -> str:
    """Freezes the whole machine of the primary, or of any node. It thaws at a random moment, often in the fail-over."""
    name = _primary(cluster) if dice.random() < 0.7 else dice.choice(sorted(cluster.nodes))
    was_primary = name == _primary(cluster)
    node = cluster.nodes[name]
    node.pause()
    if was_primary and dice.random() < 0.6:
        _wait_for_another(cluster, name)
        pause_s = dice.uniform(0.0, 1.5)
    else:
        pause_s = dice.uniform(1.0, 22.0)
    time.sleep(pause_s)
    node.resume()
    return f"froze {name}{' (the primary)' if was_primary else ''}, thawed {pause_s:.1f} s later"


def _hang(cluster: Cluster, _dice: random.Random) -> str:
    """Stops Patroni alone on the primary. PostgreSQL goes on, until the timer resets the machine."""
    name = _primary(cluster)
    resets = cluster.nodes[name].resets
    cluster.nodes[name].pause(only_patroni=True)
    _wait_for_another(cluster, name)
    return f"Patroni of {name} hung, and the timer reset the machine {cluster.nodes[name].resets - resets} times"


def _cut(cluster: Cluster, dice: random.Random) -> str:
    """Cuts a node off from all other machines, those with Hushi too, in both directions or in one."""
    name = dice.choice(sorted(cluster.nodes))
    one_way = dice.random() < 0.3
    is_primary = name == _primary(cluster)
    cluster.network.cut(name, [other for other in NAMES if other != name], one_way=one_way)
    if not is_primary:
        time.sleep(dice.uniform(3.0, STANDBY_AWAY_MAX_S))
    return f"cut {name}{' (the primary)' if is_primary else ''} off{', it hears nothing' if one_way else ''}"


def _isolate(cluster: Cluster, dice: random.Random) -> str:
    """Cuts the primary off from the other nodes. The machines with Hushi still reach it."""
    name = _primary(cluster)
    one_way = dice.random() < 0.2
    cluster.network.cut(name, [other for other in cluster.nodes if other != name], one_way=one_way)
    _wait_for_another(cluster, name)
    return f"cut {name} (the primary) off from the other nodes{', it hears nothing' if one_way else ''}"


def _switch(cluster: Cluster, dice: random.Random) -> str:
    """Makes another node the primary, as an operator does."""
    candidate = dice.choice(cluster.standbys())
    cluster.switch_over(candidate)
    return f"switched over to {candidate}"


def _lose_etcd(cluster: Cluster, dice: random.Random) -> str:
    """Kills etcd on all machines. With failsafe_mode the primary goes on while it reaches the other nodes."""
    for node in cluster.nodes.values():
        node.kill_etcd()
    away_s = dice.uniform(5.0, ETCD_AWAY_MAX_S)
    time.sleep(away_s)
    return f"no etcd for {away_s:.0f} s"


def _lose_uncopied(cluster: Cluster, _dice: random.Random) -> str:
    """Keeps what the primary writes from the standbys for a moment, and kills it. A standby takes over in seconds."""
    name = _primary(cluster)
    primary = cluster.nodes[name]
    for other in cluster.standbys():
        cluster.network.machines[other].drop_from([primary.machine], cluster.network.ports.postgresql)
    time.sleep(UNCOPIED_S)
    primary.kill_postgresql()
    _wait_for_another(cluster, name)
    return f"the standbys got nothing of {name} for {UNCOPIED_S} s, and its PostgreSQL was killed"


def _primary(cluster: Cluster) -> str:
    return wait_until(cluster.primary, FAILS_OVER_WITHIN_S) or ""


def _wait_for_another(cluster: Cluster, name: str) -> None:
    wait_until(lambda: cluster.primary(without=name) not in {None, name}, FAILS_OVER_WITHIN_S)


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("kill", _kill, until_back=True),
        Fault("machine lost", _lose, until_back=True),
        Fault("pause", _pause, until_back=False),
        Fault("Patroni hangs", _hang, until_back=True),
        Fault("cut off", _cut, until_back=True, needs_cuts=True),
        Fault("primary isolated", _isolate, until_back=True, needs_cuts=True),
        Fault("switchover", _switch, until_back=False),
        Fault("etcd lost", _lose_etcd, until_back=False),
    )
}
CONTROL = Fault("replication cut", _lose_uncopied, until_back=True, needs_cuts=True)
"""With asynchronous replication it must lose what was acknowledged."""
