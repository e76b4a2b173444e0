"""Checks the promises of Dockerfile, docker-compose.yml and the units of systemd, without a container runtime.

tests/deploying starts them for real, where there is one.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import zipfile
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from service import __version__
from service.cli.main import hushi
from service.config import read_settings
from service.server.processes import SHUTDOWN_TIMEOUT_S
from service.storage.engine import Database

ROOT = pathlib.Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
BUILD, IMAGE = DOCKERFILE.rsplit("\nFROM ", 1)
UNITS = sorted((ROOT / "deploy/systemd").glob("*.*"))
ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_MAX = 2.0
"""systemd-analyze gives 0 to what may do nothing, and 9.6 to a unit without any restriction."""
COPIED = [path for line in re.findall(r"^COPY (?!--from)(.+) \S+$", BUILD, re.MULTILINE) for path in line.split()]


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
    return found


def test_the_image_installs_by_the_commands_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for options in ("--require-hashes -r requirements-run.lock", "--no-deps --no-build-isolation"):
        assert options in BUILD
        assert options in makefile
    assert BUILD.index("COPY schemas") < BUILD.index("pip install")
    assert "COPY --from=build /opt/hushi /opt/hushi" in IMAGE


def test_what_the_image_copies_builds_a_whole_package(tmp_path: pathlib.Path) -> None:
    for name in COPIED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, tmp_path / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", "out", "."]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert {name for name in packed if "/licenses/" in name} == {
        f"hushi-{__version__}.dist-info/licenses/{name}" for name in ("LICENSE", "NOTICE")
    }
    files = {
        str(path.relative_to(tmp_path)) for name in ("service", "schemas") for path in (tmp_path / name).rglob("*")
    }
    assert {name for name in files if (tmp_path / name).is_file()} <= packed


def test_the_image_runs_hushi_as_an_ordinary_user_in_a_folder_of_its_own() -> None:
    user = re.search(r"^USER (\S+)$", IMAGE, re.MULTILINE)
    assert user is not None
    assert user[1] not in {"root", "0"}
    assert f"install -d -o {user[1]} /var/lib/hushi" in IMAGE
    assert "HUSHI_DATA_DIR=/var/lib/hushi" in IMAGE
    assert "VOLUME /var/lib/hushi" in IMAGE
    assert IMAGE.index("useradd") < IMAGE.index("USER ") < IMAGE.index("ENTRYPOINT")


def test_the_image_serves_to_its_network_and_asks_whether_it_is_ready() -> None:
    assert 'ENTRYPOINT ["hushi"]' in IMAGE
    assert 'CMD ["serve", "--host", "0.0.0.0"]' in IMAGE
    assert CliRunner().invoke(hushi, ["serve", "--host", "0.0.0.0", "--help"]).exit_code == 0
    assert re.search(r"^HEALTHCHECK .*CMD", IMAGE, re.MULTILINE)
    assert "http://127.0.0.1:8000/health/ready" in IMAGE


def test_the_service_of_compose_has_nothing_that_it_does_not_need(services: dict[str, dict[str, Any]]) -> None:
    service = services["hushi"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["ports"] == ["127.0.0.1:${HUSHI_PORT:-8000}:8000"]
    # Requests in flight end: longer than the server itself waits for them.
    assert int(service["stop_grace_period"].rstrip("s")) > 30


def test_the_ledger_of_compose_is_migrated_before_it_is_served(services: dict[str, dict[str, Any]]) -> None:
    assert services["hushi"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert CliRunner().invoke(hushi, [*services["migrate"]["command"], "--help"]).exit_code == 0
    assert services["postgres"]["image"] == "${POSTGRES_IMAGE:-postgres:18}"
    assert DOCKERFILE.count("FROM ${PYTHON_IMAGE}") == 2
    (named,) = re.findall(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert services["hushi"]["build"]["args"] == {"PYTHON_IMAGE": f"${{PYTHON_IMAGE:-{named}}}"}
    assert "pg_isready -U hushi -d hushi" in services["postgres"]["healthcheck"]["test"][-1]
    # The image of version 18 keeps its data one folder higher than those before.
    assert services["postgres"]["volumes"] == ["ledger:/var/lib/postgresql"]
    assert "ledger" in yaml.safe_load(COMPOSE)["volumes"]


def test_the_settings_of_compose_are_settings_of_hushi(services: dict[str, dict[str, Any]]) -> None:
    hosts: dict[str, str | None] = {"migrate": "postgres", "hushi": "postgres", "backup": "postgres"}
    hosts |= dict.fromkeys(("migrate-cluster", "hushi-a", "hushi-b"))
    assert set(hosts) == {name for name, service in services.items() if service.get("image") == "hushi"}
    for name, host in hosts.items():
        environment = services[name]["environment"]
        settings = read_settings(environment)
        assert not settings.is_sqlite
        url = Database(settings.database_url).url
        assert (url.host, url.database, url.password) == (host, "hushi", None)
        mounted = {f"/run/secrets/{secret}" for secret in services[name]["secrets"]}
        assert {str(settings.secrets_file), url.query["passfile"]} == mounted
        assert set(environment) <= {
            "HUSHI_DATABASE_URL",
            "HUSHI_SECRETS_FILE",
            "HUSHI_LOG_LEVEL",
            "HUSHI_BACKUP_DIR",
            "TMPDIR",
        }


def test_backups_of_compose_are_read_by_the_service_and_written_by_one_beside_it(
    services: dict[str, dict[str, Any]],
) -> None:
    assert services["hushi"]["volumes"] == ["./backups:/backups:ro"]
    assert services["backup"]["volumes"] == ["./backups:/backups"]
    assert services["backup"]["profiles"] == ["backups"]
    for line in re.findall(r"hushi ((?:backup|restore) [^;\n]+)", services["backup"]["entrypoint"][-1]):
        assert CliRunner().invoke(hushi, [*line.split(), "--help"]).exit_code == 0
    assert "backups/" in (ROOT / ".gitignore").read_text("utf-8").split()
    assert "backups" in (ROOT / ".dockerignore").read_text("utf-8").split()


def test_what_observes_the_service_of_compose_is_what_is_shipped(services: dict[str, dict[str, Any]]) -> None:
    mounted = [volume.split(":")[0] for name in ("prometheus", "grafana") for volume in services[name]["volumes"]]
    files = [ROOT / path for path in mounted if path.startswith("./")]
    assert len(files) == 5
    assert [path for path in files if not path.exists()] == []
    source = yaml.safe_load((ROOT / "deploy/observability/compose/datasource.yml").read_text("utf-8"))
    assert source["datasources"][0]["url"] == "http://hushi:9090"
    # Prometheus asks 127.0.0.1:8000 without a key, so it has to be where the service is.
    assert services["prometheus"]["network_mode"] == "service:hushi"
    scraped = yaml.safe_load((ROOT / "deploy/observability/prometheus.yml").read_text("utf-8"))["scrape_configs"]
    assert [job["static_configs"][0]["targets"] for job in scraped] == [["127.0.0.1:8000"]]


def test_the_three_nodes_of_compose_run_without_the_other_profiles(services: dict[str, dict[str, Any]]) -> None:
    nodes = ("db1", "db2", "db3")
    assert {services[name]["environment"]["NODE"] for name in nodes} == set(nodes)
    assert {services[f"etcd{name[-1]}"]["network_mode"] for name in nodes} == {f"service:{name}" for name in nodes}
    started, needed = set[str](), ["hushi-a", "hushi-b"]
    while needed:
        name = needed.pop()
        started.add(name)
        needed += [*services[name].get("depends_on", []), services[name].get("network_mode", ":").split(":")[1]]
        needed = [one for one in needed if one and one not in started]
    assert started == {name for name, service in services.items() if service.get("profiles") == ["cluster"]}


def test_no_secret_stands_in_a_file_that_is_committed(services: dict[str, dict[str, Any]]) -> None:
    declared = yaml.safe_load(COMPOSE)["secrets"]
    used = {secret for service in services.values() for secret in service.get("secrets", [])}
    assert used == set(declared)
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    assert "data/" in ignored
    assert all(secret["file"].startswith("./data/") for secret in declared.values())
    postgres = services["postgres"]["environment"]
    assert postgres["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres-password"
    assert [name for name in postgres if "PASSWORD" in name and not name.endswith("_FILE")] == []


needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze on this machine")


@needs_systemd
def test_systemd_understands_the_units(tmp_path: pathlib.Path) -> None:
    """Each unit is as the page installs it, with programs that are there."""
    assert [path.name for path in UNITS if path.suffix == ".service"]
    for path in UNITS:
        text = path.read_text("utf-8").replace("/opt/hushi/bin/hushi", sys.executable)
        (tmp_path / path.name).write_text(text)
    for path in UNITS:
        done = _analyze("verify", "--man=no", "--recursive-errors=no", str(tmp_path / path.name))
        assert (done.returncode, done.stderr) == (0, ""), path.name


@needs_systemd
@pytest.mark.parametrize("is_broken", [False, True])
def test_the_units_may_do_little(tmp_path: pathlib.Path, is_broken: bool) -> None:
    for path in UNITS:
        if path.suffix == ".service":
            text = path.read_text("utf-8").replace(
                "ProtectSystem=strict\n", "" if is_broken else "ProtectSystem=strict\n"
            )
            text = text.replace("CapabilityBoundingSet=\n", "" if is_broken else "CapabilityBoundingSet=\n")
            (tmp_path / path.name).write_text(text)
            threshold = f"--threshold={EXPOSURE_MAX * 10:.0f}"
            done = _analyze("security", "--offline=yes", "--no-pager", threshold, str(tmp_path / path.name))
            assert (done.returncode != 0) is is_broken, done.stdout


def _analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True)


def test_the_unit_waits_longer_than_the_server_and_gives_nothing_but_the_secrets() -> None:
    unit = (ROOT / "deploy/systemd/hushi.service").read_text("utf-8")
    settings = dict(line.split("=", 1) for line in unit.splitlines() if re.match(r"[A-Z]\w+=", line))
    assert int(settings["TimeoutStopSec"]) > SHUTDOWN_TIMEOUT_S
    assert settings["KillMode"] == "mixed"
    assert settings["LoadCredential"].startswith("secrets.json:")
    assert settings["StateDirectory"] == "hushi"
    of_unit = dict(line.split("=", 1) for line in re.findall(r"^Environment=(.+)$", unit, re.MULTILINE))
    # What hushi.env says wins over Environment=, and ExecStart wins over both.
    of_file = {"HUSHI_SECRETS_FILE": "/etc/hushi/secrets.json"}
    *before, arguments = settings["ExecStart"].split(maxsplit=3)
    assert (before[0], before[2]) == ("/usr/bin/env", "/opt/hushi/bin/hushi")
    read = read_settings({**of_unit, **of_file, **dict([before[1].split("=", 1)])})
    assert (str(read.data_dir), str(read.secrets_file)) == ("/var/lib/hushi", "%d/secrets.json")
    assert CliRunner().invoke(hushi, [*arguments.split(), "--help"]).exit_code == 0
