"""Runs the blocks of a story of docs/OPERATIONS.md, one after the other, as an operator would type them.

Paths such as /var/lib/hushi and the port 8000 are replaced by a folder and a port of the test. No systemd runs where
tests run, so `systemctl` and `journalctl` are scripts here: they start and stop the real `hushi serve`, and show its
real log.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.operating.page import Block
from tests.postgresql import runnable_programs

BLOCK_TIMEOUT_S = 120
FOLDERS = ("/var/lib/hushi", "/var/backups/hushi", "/media/secrets", "/etc/hushi", "/usr/local/share/hushi")
"""Folders of the page that stand below the folder of the test instead."""

_SYSTEMCTL = """#!/bin/bash
# Starts and stops the unit hushi, as far as the commands of the page need it.
set -eu
started="$STORY/served"
alive() { test -s "$started" && kill -0 "$(cat "$started")" 2>/dev/null; }
stop() {
  if alive; then
    kill -TERM "$(cat "$started")"
    for _ in $(seq 400); do alive || break; sleep 0.1; done
    ! alive
  fi
  rm -f "$started"
}
start() {
  alive && return
  setsid hushi serve --port "$PORT" >>"$STORY/log" 2>&1 </dev/null &
  echo $! >"$started"
}
case "$1" in
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  is-active) if alive; then echo active; else echo inactive; exit 3; fi ;;
  *) echo "the tests have no systemctl $1" >&2; exit 64 ;;
esac
"""
_JOURNALCTL = """#!/bin/sh
cat "$STORY/log"
"""


@dataclass
class Story:
    """A folder with what the commands of a story find, and the environment that they run in."""

    folder: pathlib.Path
    port: int
    engine: str
    environment: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)
    """What commands of the page name, and what takes its place here."""

    def path(self, name: str) -> pathlib.Path:
        """Where a path of the page is in this test; its folder is made."""
        path = self.folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def run(self, script: str) -> tuple[int, str]:
        """Runs a block of commands, and returns its exit code and what it has printed on both streams."""
        for name, instead in self.replaced.items():
            script = script.replace(name, instead)
        kept, output = self.folder / "exported", self.folder / "output"
        keep = f"trap 'export -p >{kept}' EXIT\ntest ! -e {kept} || . {kept}\n"
        with output.open("wb") as printed:
            running = subprocess.Popen(
                ["bash", "-e", "-o", "pipefail", "-c", keep + script], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                code = running.wait(BLOCK_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                # Only then: a server that has just been started may still be in the same group for a moment.
                os.killpg(running.pid, signal.SIGKILL)
                raise
        return code, output.read_text("utf-8", "replace")

    def tell(self, block: Block) -> None:
        """Runs a block of the page. Raises AssertionError when it does not end, or print, as the page says."""
        code, printed = self.run(block.script)
        told = f"{block.script}\nended with {code} and printed:\n{printed}\nlog:\n{self.log()}"
        assert code == block.exits, told
        assert shows(printed, block.shown), f"expected {block.shown}\n{told}"

    def log(self) -> str:
        """What the server has logged so far."""
        log = self.folder / "log"
        return log.read_text("utf-8", "replace") if log.exists() else ""


def shows(printed: str, lines: tuple[str, ...]) -> bool:
    """Whether a text has these lines, in this order; `…` in a line is any text."""
    rest = iter(printed.splitlines())
    return all(any(_is_line(line, one) for one in rest) for line in lines)


def _is_line(line: str, found: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, line.rstrip().split("…"))), found.rstrip()) is not None


@contextlib.contextmanager
def a_story(folder: pathlib.Path, port: int, engine: str) -> Iterator[Story]:
    """A story whose server, if its commands start one, is stopped at the end."""
    programs = folder / "bin"
    programs.mkdir()
    for name, text in (("systemctl", _SYSTEMCTL), ("journalctl", _JOURNALCTL)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    own = pathlib.Path(sys.executable).parent
    environment = {
        "PATH": f"{programs}:{own}:{runnable_programs()}:{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "STORY": str(folder),
        "PORT": str(port),
        "HUSHI_LOG_LEVEL": "WARNING",
    }
    (folder / ".curlrc").write_text('write-out = "\\n"\n')  # As on a terminal, the next command begins on a new line.
    replaced = {"127.0.0.1:8000": f"127.0.0.1:{port}", "/opt/hushi/bin/": f"{own}/"}
    story = Story(folder, port, engine, environment, replaced)
    for name in FOLDERS:
        (folder / name.lstrip("/")).mkdir(parents=True)
        story.replaced[name] = str(folder / name.lstrip("/"))
    try:
        yield story
    finally:
        served = folder / "served"
        if served.exists():
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.killpg(int(served.read_text()), signal.SIGKILL)
