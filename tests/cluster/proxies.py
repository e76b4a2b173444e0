"""HAProxy before the cluster, from the template: one port leads to the primary, the other to the standbys."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator

import psycopg

from tests.cluster.cluster import Cluster
from tests.cluster.network import SERVERS
from tests.waiting import wait_until

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/sbin:/usr/bin")
LEADS_WITHIN_S = 20.0


@contextlib.contextmanager
def proxy(cluster: Cluster) -> Iterator[None]:
    """Runs HAProxy on the first machine of Hushi."""
    assert HAPROXY is not None
    machine = cluster.network.machines[SERVERS[0]]
    config = cluster.nodes["db1"].folder / "etc/haproxy.cfg"
    with (cluster.folder / "haproxy.log").open("ab") as log:
        process = subprocess.Popen(machine.command(HAPROXY, "-db", "-f", str(config)), stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def following_proxy(cluster: Cluster) -> Iterator[None]:
    """Runs HAProxy where it is installed, which must lead to the right nodes before and after what is done inside."""
    if HAPROXY is None:
        print("skipped: HAProxy (it is not installed)")
        yield
        return
    with proxy(cluster):
        wait_until_it_leads(cluster)
        yield
        wait_until_it_leads(cluster)


def wait_until_it_leads(cluster: Cluster) -> None:
    """Waits until the port for writes leads to the primary, and that for reads to a standby."""
    wait_until(lambda: _is_standby(cluster, "HAPROXY_WRITE_PORT") is False, LEADS_WITHIN_S)
    wait_until(lambda: _is_standby(cluster, "HAPROXY_READ_PORT") is True, LEADS_WITHIN_S)


def _is_standby(cluster: Cluster, port: str) -> bool | None:
    """Whether the server behind a port is a standby; None when there is none."""
    try:
        with psycopg.connect(
            host=cluster.values["HAPROXY_ADDRESS"],
            port=cluster.values[port],
            user="postgres",
            password=cluster.values["SUPERUSER_PASSWORD"],
            dbname="postgres",
            connect_timeout=2,
        ) as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    except psycopg.OperationalError:
        return None
    return None if row is None else bool(row[0])
