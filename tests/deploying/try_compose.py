"""Starts docker-compose.yml as its head says, uses the service, stops it under load, and starts it again.

    python -m tests.deploying.try_compose [--stand-ins PYTHON]

DOCKER_HOST names the daemon. With --stand-ins, images are built on this machine instead of pulled. PYTHON is an
interpreter to copy into them. The exit code is 0 when everything was as promised; each line says what was seen.
"""

import argparse
import pathlib
import tempfile
import threading
import time

from tests.builders import a_registration, a_trade
from tests.deploying.project import Project, commands_at_the_head, compose_program, copy_of_repository
from tests.deploying.standins.images import POSTGRES, PYTHON, build_standins

PORT = 28080
CALLERS = 4
GRACE_S = 35


def main() -> None:
    """Runs every check, one after the other, on one project."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--stand-ins", metavar="PYTHON")
    arguments.add_argument("--images-are-built", action="store_true", help="take the stand-ins of an earlier run")
    asked = arguments.parse_args()
    if asked.stand_ins and not asked.images_are_built:
        build_standins(asked.stand_ins)
    images = {"PYTHON_IMAGE": PYTHON, "POSTGRES_IMAGE": POSTGRES} if asked.stand_ins else {}
    with tempfile.TemporaryDirectory(prefix="hushi-compose-") as name:
        folder = pathlib.Path(name) / "hushi"
        folder.mkdir()
        copy_of_repository(folder)
        variables = {**images, "HUSHI_PORT": str(PORT), "COMPOSE_PROJECT_NAME": "hushi-trial"}
        project = Project(folder, variables, PORT)
        try:
            check(project)
        finally:
            project.compose("down --volumes --timeout 5")


def check(project: Project) -> None:
    """Everything that the file promises. Raises AssertionError at the first thing that is not so."""
    _comes_up(project)
    _is_confined(project)
    _takes_trades(project)
    acknowledged = _stops_under_load(project)
    _comes_back(project, acknowledged)
    _survives_its_database(project, acknowledged)


def say(told: str) -> None:
    """Prints a line of the table of what was seen."""
    print(f"ok  {told}", flush=True)


def _comes_up(project: Project) -> None:
    for command in commands_at_the_head((project.folder / "docker-compose.yml").read_text("utf-8")):
        printed = project.run(command.replace("docker compose", compose_program()))
    project.key = printed.splitlines()[-1]
    say(f"built, migrated, and healthy {project.wait_until_healthy():.0f} s later; a key was made")
    assert project.state("migrate", "{{.State.ExitCode}}") == "0"


def _is_confined(project: Project) -> None:
    assert project.execute("id -u") == "10001"
    project.execute("sh -c 'echo x > /var/lib/x || echo x > /opt/hushi/x'", exits=2)
    status = project.execute("cat /proc/1/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert project.state("hushi", "{{.HostConfig.ReadonlyRootfs}}") == "true"
    say("runs as 10001 on a read-only root, with no capability and no new privileges")


def _takes_trades(project: Project) -> None:
    assert project.ask("/v1/residents", a_registration(1))[0] == 201
    first = project.ask("/v1/transactions", a_trade(amount_cny="1.00"), "first")
    assert first[0] == 201, first
    assert _count(project) == 1
    say("takes a trade through the published port, and reports it")


def _stops_under_load(project: Project) -> set[str]:
    """Posts while the service is stopped. Returns the ids of the trades that were acknowledged."""
    acknowledged, stopping = set[str](), threading.Event()

    def post(caller: int) -> None:
        for number in range(100_000):
            try:
                status, body = project.ask("/v1/transactions", a_trade(amount_cny="0.01"), f"load-{caller}-{number}")
            except OSError:
                if stopping.is_set():
                    return
                raise
            if status == 201:
                acknowledged.add(body["transaction_id"])

    callers = [threading.Thread(target=post, args=(caller,)) for caller in range(CALLERS)]
    for caller in callers:
        caller.start()
    time.sleep(3)
    stopping.set()
    began = time.monotonic()
    project.compose("stop hushi")
    took_s = time.monotonic() - began
    for caller in callers:
        caller.join()
    assert took_s < GRACE_S, took_s
    assert project.state("hushi", "{{.State.ExitCode}}") == "0"
    took = f"stopped in {took_s:.1f} s with exit code 0"
    say(f"{took}, while {CALLERS} callers got {len(acknowledged)} trades acknowledged")
    return acknowledged


def _comes_back(project: Project, acknowledged: set[str]) -> None:
    """The containers are removed, so that only what the volume holds is left."""
    project.compose("down")
    project.compose("up -d")
    project.wait_until_healthy()
    project.run("sleep 1")
    lost = [one for one in acknowledged if project.ask(f"/v1/transactions/{one}")[0] != 200]
    assert lost == []
    assert _count(project) >= 1 + len(acknowledged)
    status, again = project.ask("/v1/transactions", a_trade(amount_cny="1.00"), "first")
    assert (status, _count(project)) == (201, _count(project)), again
    assert "every figure is what the journal adds up to" in project.execute("hushi verify")
    say(f"after `down` and `up`, all {len(acknowledged)} are there, a retry is a replay, and `hushi verify` passes")


def _survives_its_database(project: Project, acknowledged: set[str]) -> None:
    """The database is killed; Docker starts it again, and the service goes on without a restart of its own."""
    started = project.state("hushi", "{{.State.StartedAt}}")
    project.compose("kill postgres")
    began = time.monotonic()
    project.compose("up -d postgres")
    while project.ask("/v1/transactions", a_trade(amount_cny="0.01"), "after-the-kill")[0] != 201:
        assert time.monotonic() - began < 60
        time.sleep(0.5)
    assert project.state("hushi", "{{.State.StartedAt}}") == started
    assert _count(project) >= 2 + len(acknowledged)
    say(f"takes trades again {time.monotonic() - began:.0f} s after its database was killed, by itself")


def _count(project: Project) -> int:
    status, report = project.ask("/v1/reports/trade?period=2024&compare=none")
    assert status == 200, report
    return int(report["total"]["transactions"]["current"])


if __name__ == "__main__":
    main()
