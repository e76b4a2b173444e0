"""What docs/OPERATIONS.md tells an operator to do by hand, done to a cluster: the last machine of three goes on alone.

etcd has no majority then, so Patroni can't elect anybody. Afterwards the other two machines come back.
"""

import os
import shutil
import subprocess

from deploy.cluster.render import render, write
from tests.cluster.cluster import Cluster
from tests.cluster.nodes import PATRONI, Node
from tests.cluster.places import Place
from tests.waiting import wait_until

ACTS_WITHIN_S = 120.0
COMMAND_WITHIN_S = 30.0


def survive_alone(cluster: Cluster, places: list[Place]) -> None:
    """Loses the primary and a standby for good, makes the last node the primary by hand, and brings the others back."""
    place = places[0]
    wait_until(lambda: place.post(1)[0] == 201, ACTS_WITHIN_S)
    primary = cluster.primary()
    assert primary is not None
    survivor, other = (cluster.nodes[name] for name in cluster.standbys())
    lost = (cluster.nodes[primary], other)
    for node in lost:
        node.power_off()
    assert place.post(2)[0] in {0, 503}
    _begin_etcd_again(survivor)
    wait_until(lambda: _try(survivor, "list"), ACTS_WITHIN_S)
    wait_until(
        lambda: _try(survivor, "edit-config", "--force", "--set", "synchronous_mode_strict=false", "hushi"),
        ACTS_WITHIN_S,
    )
    wait_until(lambda: _try(survivor, "failover", "--candidate", survivor.name, "--force", "hushi"), ACTS_WITHIN_S)
    wait_until(lambda: place.post(2)[0] == 201, ACTS_WITHIN_S)
    assert place.post(1)[0] == 201
    for node in lost:
        _join_etcd(survivor, node)
        node.power_on()
    assert _try(survivor, "edit-config", "--force", "--set", "synchronous_mode_strict=true", "hushi")
    cluster.wait_until_whole()
    wait_until(lambda: place.post(3)[0] == 201, ACTS_WITHIN_S)
    print(f"{survivor.name} went on alone, and {lost[0].name} and {lost[1].name} came back")


def reinitialise(cluster: Cluster) -> None:
    """Copies the database of a standby again, as for a member that does not catch up."""
    name = cluster.standbys()[0]
    cluster.patronictl("reinit", "hushi", name, "--force", "--wait")
    cluster.wait_until_whole()
    print(f"{name} was copied again")


def replace_etcd(cluster: Cluster, places: list[Place]) -> None:
    """Begins etcd again without anything that it knew, while the nodes run; posts go on before and after."""
    before = cluster.patronictl("show-config", "hushi").stdout
    for node in cluster.nodes.values():
        node.kill_etcd()
        shutil.rmtree(node.folder / "etcd")
        write(render(node.values, node.name), node.folder / "etc")
    assert wait_until(lambda: places[0].post(4)[0] == 201, ACTS_WITHIN_S)
    for node in cluster.nodes.values():
        node.start_etcd()
    cluster.wait_until_whole()
    assert cluster.patronictl("show-config", "hushi").stdout == before
    assert wait_until(lambda: places[0].post(5)[0] == 201, ACTS_WITHIN_S)
    print("etcd began again, and Patroni wrote what it knew")


def _try(node: Node, *arguments: str) -> bool:
    """Runs patronictl on a node; returns whether it did what it was told."""
    control = str(PATRONI.with_name("patronictl"))
    program = node.machine.command(control, "-c", str(node.folder / "etc/patroni.yml"), *arguments)
    try:
        return subprocess.run(program, capture_output=True, timeout=COMMAND_WITHIN_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _begin_etcd_again(node: Node) -> None:
    """etcd forgets its lost members, and goes on as one."""
    node.kill_etcd()
    node.start_etcd("--force-new-cluster")


def _join_etcd(survivor: Node, node: Node) -> None:
    """A machine that comes back joins etcd as a new member, with an empty folder and the members that there are."""
    told = wait_until(lambda: _add_member(survivor, node), ACTS_WITHIN_S)
    members = next(line for line in told.splitlines() if line.startswith("ETCD_INITIAL_CLUSTER="))
    shutil.rmtree(node.folder / "etcd")
    file = node.folder / "etc/etcd.default"
    kept = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("ETCD_INITIAL_CLUSTER")]
    file.write_text("\n".join([*kept, members.replace('"', ""), "ETCD_INITIAL_CLUSTER_STATE=existing"]) + "\n", "utf-8")


def _add_member(survivor: Node, node: Node) -> str:
    """What etcd tells of a new member; "" when it takes none yet, because the one before has not started."""
    url = f"http://{survivor.machine.address}:{survivor.values['ETCD_CLIENT_PORT']}"
    peer = f"http://{node.machine.address}:{node.values['ETCD_PEER_PORT']}"
    program = survivor.machine.command("etcdctl", "--endpoints", url, "member", "add", node.name, f"--peer-urls={peer}")
    told = subprocess.run(program, capture_output=True, text=True, env={**os.environ, "ETCDCTL_API": "3"})
    return told.stdout if told.returncode == 0 else ""
