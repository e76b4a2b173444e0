"""The two processes that serve the ledger of a cluster, each on a machine of its own."""

import contextlib
import os
import pathlib
import subprocess
from collections.abc import Iterator

from service.vault import create_secrets
from tests.builders import a_registration
from tests.cluster.callers import RESIDENTS, Place
from tests.cluster.cluster import Cluster
from tests.cluster.network import SERVERS
from tests.servers import HUSHI
from tests.waiting import wait_until

SERVES_WITHIN_S = 60.0
ENDS_WITHIN_S = 40.0


def environment_of(cluster: Cluster) -> dict[str, str]:
    """The variables of a process that serves the cluster's ledger, or of an operator's command."""
    return {
        "HUSHI_DATABASE_URL": cluster.url(),
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
    """Makes the ledger, and serves it through two processes. The residents of the callers are registered."""
    create_secrets(cluster.folder / "secrets.json")
    run_command(cluster, "db", "upgrade")
    key = run_command(cluster, "keys", "create", "--name", "cluster", "--scope", "admin").strip()
    with contextlib.ExitStack() as stack:
        places = []
        for number, name in enumerate(SERVERS):
            port = cluster.network.ports.hushi
            place = Place(name, cluster.network.machines[name].address, port, key)
            stack.enter_context(_serving(cluster, place, cluster.folder / f"hushi-{number}.log"))
            places.append(place)
        for ordinal in range(RESIDENTS):
            assert places[0].ask("POST", "/v1/residents", a_registration(ordinal))[0] == 201
        yield places


@contextlib.contextmanager
def _serving(cluster: Cluster, place: Place, log: pathlib.Path) -> Iterator[None]:
    machine = cluster.network.machines[place.name]
    program = ("serve", "--host", place.address, "--port", str(place.port), "--workers", "1")
    with log.open("ab") as output:
        process = subprocess.Popen(
            machine.command(str(HUSHI), *program, as_root=True),
            env={**os.environ, **environment_of(cluster)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: place.ask("GET", "/health/ready")[0] == 200, SERVES_WITHIN_S)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN_S)
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()
