"""The templates of a real deployment are whole, and each program takes the file that is made for it."""

import pathlib
import shutil
import subprocess
import sys

import pytest
import yaml

from deploy.cluster.render import FOLDER, read_values, render, write
from service.storage.postgresql import COMMIT_WITHIN_S
from tests.cluster.cluster import Cluster, values_of, wheel_programs
from tests.cluster.network import network

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/sbin:/usr/bin")
SYSTEMD = shutil.which("systemd-analyze")
ASKING_ALL_MEMBERS_S = 4.0
"""How long Patroni asks the other members, with failsafe_mode, before it stops a primary that has lost etcd."""
PATRONI = pathlib.Path(sys.executable).with_name("patroni")


@pytest.fixture
def values() -> dict[str, str]:
    """The example, with passwords."""
    named = read_values((FOLDER / "cluster.env.example").read_text("utf-8"))
    return {name: value or "a-password" for name, value in named.items()}


def test_each_value_of_the_example_is_used_and_no_other_is_needed(values: dict[str, str]) -> None:
    files = render(values, "db1")
    assert set(files) == {"create-ledger.sql", "etcd.default", "haproxy.cfg", "patroni.yml"}
    for name in values:
        changed = render({**values, name: "10.9.9.9"}, "db1")
        assert changed != files, f"no template uses {name}"


@pytest.mark.parametrize("missing", ["HUSHI_PASSWORD", "DB2_ADDRESS"])
def test_a_value_that_is_missing_or_empty_is_named(
    values: dict[str, str], missing: str, tmp_path: pathlib.Path
) -> None:
    for wrong in ({name: value for name, value in values.items() if name != missing}, {**values, missing: ""}):
        file = tmp_path / "cluster.env"
        file.write_text("".join(f"{name}={value}\n" for name, value in wrong.items()))
        command = [sys.executable, str(FOLDER / "render.py"), str(file), "db1", str(tmp_path / "made")]
        told = subprocess.run(command, capture_output=True, text=True)
        assert (told.returncode, missing in told.stderr) == (1, True)
        assert not (tmp_path / "made").exists()


def test_files_with_passwords_are_for_their_owner_only(values: dict[str, str], tmp_path: pathlib.Path) -> None:
    write(render(values, "db3"), tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_test_cluster_runs_the_rendered_templates(tmp_path: pathlib.Path) -> None:
    """Its values differ in addresses, ports, passwords, folders and the device of the timer, and in nothing else."""
    with network(namespaces=False, port=23100) as machines:
        cluster = Cluster(machines, tmp_path, pathlib.Path("/programs"))
        for name, node in cluster.nodes.items():
            own = node.folder
            places = {"DATA_DIR": own / "data", "STATE_DIR": own, "ETCD_DATA_DIR": own / "etcd"}
            device = {"WATCHDOG_DEVICE": str(own / "watchdog")}
            known = {**cluster.values, **{key: str(place) for key, place in places.items()}, **device}
            files = {path.name: path.read_text("utf-8") for path in (own / "etc").iterdir()}
            assert files == render(known, name)
        cluster.close()


def test_the_values_of_a_test_are_those_that_a_deployment_chooses() -> None:
    with network(namespaces=False, port=23100) as machines:
        ours = values_of(machines, pathlib.Path("/programs"))
    named = read_values((FOLDER / "cluster.env.example").read_text("utf-8"))
    assert set(ours) == set(named)


def test_patroni_promises_what_the_reasons_say(values: dict[str, str]) -> None:
    """docs/decisions/0034 rests on these. ttl may not be less than Patroni's least, or Patroni changes it silently."""
    config = yaml.safe_load(render(values, "db2")["patroni.yml"])
    dynamic = config["bootstrap"]["dcs"]
    assert (dynamic["synchronous_mode"], dynamic["synchronous_mode_strict"]) == ("quorum", True)
    assert (config["watchdog"]["mode"], dynamic["failsafe_mode"]) == ("required", True)
    assert dynamic["ttl"] >= 20
    assert dynamic["loop_wait"] + 2 * dynamic["retry_timeout"] <= dynamic["ttl"]
    # An isolated primary stops before Hushi gives a commit up, and before its lease ends. The watchdog is in between.
    assert (
        dynamic["loop_wait"] + 2 * dynamic["retry_timeout"] + ASKING_ALL_MEMBERS_S < COMMIT_WITHIN_S <= dynamic["ttl"]
    )
    assert dynamic["ttl"] - config["watchdog"]["safety_margin"] > dynamic["loop_wait"] + dynamic["retry_timeout"]
    assert "scram-sha-256" in str(dynamic["postgresql"]["pg_hba"])
    assert "trust" not in render(values, "db2")["patroni.yml"]


def test_patroni_takes_its_file(values: dict[str, str], tmp_path: pathlib.Path) -> None:
    local = {f"DB{number}_ADDRESS": f"127.0.0.{number + 1}" for number in (1, 2, 3)}
    ports = {name: str(port) for port, name in enumerate(("POSTGRESQL_PORT", "PATRONI_PORT"), start=23110)}
    folders = {"DATA_DIR": str(tmp_path / "data"), "STATE_DIR": str(tmp_path), "BIN_DIR": str(wheel_programs())}
    files = render({**values, **local, **ports, **folders}, "db1")
    assert _refused(files["patroni.yml"], tmp_path) == []
    wrong = files["patroni.yml"].replace("synchronous_mode: quorum", "synchronous_mode: qorum")
    assert "synchronous_mode" in " ".join(_refused(wrong, tmp_path))


def _refused(text: str, folder: pathlib.Path) -> list[str]:
    """What Patroni refuses of a file, but that no etcd runs here."""
    (folder / "patroni.yml").write_text(text)
    command = [str(PATRONI), "--validate-config", str(folder / "patroni.yml"), "--ignore-listen-port"]
    told = subprocess.run(command, capture_output=True, text=True)
    return [line for line in (told.stdout + told.stderr).splitlines() if line and "etcd" not in line]


@pytest.mark.skipif(HAPROXY is None, reason="HAProxy is not installed")
def test_haproxy_takes_its_file(values: dict[str, str], tmp_path: pathlib.Path) -> None:
    write(render(values, "db1"), tmp_path)
    told = subprocess.run([str(HAPROXY), "-c", "-f", str(tmp_path / "haproxy.cfg")], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: pathlib.Path) -> None:
    """The programs that it starts are replaced by one that is here."""
    unit = (FOLDER / "hushi-patroni.service").read_text("utf-8")
    for program in ("/opt/patroni/bin/patroni", "/sbin/modprobe", "/bin/chown"):
        assert program in unit
        unit = unit.replace(program, "/bin/true")
    (tmp_path / "hushi-patroni.service").write_text(unit)
    command = [str(SYSTEMD), "verify", str(tmp_path / "hushi-patroni.service")]
    told = subprocess.run(command, capture_output=True, text=True)
    assert [line for line in told.stderr.splitlines() if "hushi-patroni" in line] == []
