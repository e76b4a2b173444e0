"""A copy of what is committed, and the commands of Compose in it."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import orjson

ROOT = pathlib.Path(__file__).parents[2]
COMMAND_TIMEOUT_S = 900


@dataclass
class Project:
    """A folder with the files of the repository, from which Compose starts its services."""

    folder: pathlib.Path
    environment: dict[str, str]
    port: int
    key: str = ""

    def run(self, command: str, exits: int = 0) -> str:
        """Runs a command of the shell in the folder, and returns what it has printed. Raises AssertionError."""
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command], cwd=self.folder, env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S,
        )  # fmt: skip
        assert done.returncode == exits, f"{command}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def compose(self, arguments: str, exits: int = 0) -> str:
        """Runs Compose, of whichever version this machine has."""
        return self.run(f"{compose_program()} {arguments}", exits)

    def execute(self, command: str, service: str = "hushi", exits: int = 0) -> str:
        """Runs a command in the container of a service."""
        return self.compose(f"exec -T {service} {command}", exits)

    def state(self, service: str, template: str) -> str:
        """What Docker says about the container of a service."""
        return self.run(f"docker inspect --format '{template}' $({compose_program()} ps -a -q {service} | head -1)")

    def ask(self, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
        """Sends a request from this machine, and returns the status and the document."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        headers |= {} if key is None else {"Idempotency-Key": key}
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, orjson.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, orjson.loads(refused.read())

    def wait_until_healthy(self, service: str = "hushi", within_s: float = 120) -> float:
        """Waits until Docker's health check of a service passes, and returns the seconds that it took."""
        began = time.monotonic()
        while time.monotonic() - began < within_s:
            with contextlib.suppress(AssertionError):
                if self.state(service, "{{.State.Health.Status}}") == "healthy":
                    return time.monotonic() - began
            time.sleep(0.5)
        raise AssertionError(f"{service} did not become healthy:\n{self.compose('logs --tail 50')}")


def copy_of_repository(folder: pathlib.Path) -> None:
    """Copies the files that git knows, as they are in the working tree."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)


def compose_program() -> str:
    """The command of Compose on this machine: the plugin of Docker, or else the program of before."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    return "docker compose" if plugin else "docker-compose"


def commands_at_the_head(text: str) -> list[str]:
    """The commands in the comment at the head of docker-compose.yml."""
    return re.findall(r"^#   (.+)$", text, re.MULTILINE)
