"""The two processes that serve the ledger of a cluster, each on a machine of its own."""

import contextlib
import os
import subprocess
from collections.abc import Iterator

from loadtests.ledgers import register_residents
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import open_ledger
from service.storage import schema
from service.vault import create_secrets
from tests.cluster.cluster import Cluster
from tests.cluster.network import SERVERS
from tests.cluster.places import CALLERS, RESIDENTS, Place
from tests.servers import HUSHI
from tests.waiting import wait_until

SERVES_WITHIN_S = 60.0
ENDS_WITHIN_S = 40.0


def environment_of(cluster: Cluster) -> dict[str, str]:
    """The variables of a process that serves the cluster's ledger, or of an operator's command."""
    return {
        "HUSHI_DATABASE_URL": cluster.url(),
        "HUSHI_READ_URL": cluster.url(servers="prefer-standby"),
        "HUSHI_DATA_DIR": str(cluster.folder),
        "HUSHI_SECRETS_FILE": str(cluster.folder / "secrets.json"),
        "HUSHI_LOG_LEVEL": "WARNING",
    }


def run_command(cluster: Cluster, *arguments: str, timeout_s: float = 600) -> str:
    """Runs a command of hushi on the first serving machine, and returns its output. Raises CalledProcessError."""
    machine = cluster.network.machines[SERVERS[0]]
    return subprocess.run(
        machine.command(str(HUSHI), *arguments, as_root=True),
        env={**os.environ, **environment_of(cluster)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=timeout_s,
    ).stdout


@contextlib.contextmanager
def serving_places(cluster: Cluster) -> Iterator[list[Place]]:
    """Makes the ledger, and serves it through two processes."""
    create_secrets(cluster.folder / "secrets.json")
    keys = _make_ledger(cluster)
    port = cluster.network.ports.hushi
    places = [Place(name, cluster.network.machines[name].address, port, keys) for name in SERVERS]
    with contextlib.ExitStack() as stack, contextlib.ExitStack() as ending:
        for place in places:
            started = stack.enter_context(_serving(cluster, place))
            ending.callback(started.terminate)
        for place in places:
            _wait_for(place)
        yield places


def _wait_for(place: Place) -> None:
    wait_until(lambda: place.ask("GET", "/health/ready")[0] == 200, SERVES_WITHIN_S)


def _make_ledger(cluster: Cluster) -> dict[str, str]:
    """Migrates the ledger, registers residents, and returns an API key for each caller."""
    ledger = open_ledger(read_settings({**os.environ, **environment_of(cluster)}))
    try:
        schema.upgrade(ledger.database, ledger.vault.macs)
        register_residents(ledger, RESIDENTS)
        return {name: create_key(ledger, name, ["admin"])[1] for name in CALLERS}
    finally:
        ledger.database.close()


@contextlib.contextmanager
def _serving(cluster: Cluster, place: Place) -> Iterator[subprocess.Popen[bytes]]:
    machine = cluster.network.machines[place.name]
    program = ("serve", "--host", place.address, "--port", str(place.port), "--workers", "1")
    with (cluster.folder / f"{place.name}.log").open("ab") as output:
        process = subprocess.Popen(
            machine.command(str(HUSHI), *program, as_root=True),
            env={**os.environ, **environment_of(cluster)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN_S)
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()
