"""The builds that are compared: this one, and the commit that BENCH_BASE names, in a git worktree below .bench-data.

Both run with the same interpreter and the same installed packages. Each process gets the folder of its build in
PYTHONPATH, before everything that is installed, and does not look into its working directory (PYTHONSAFEPATH).
"""

import functools
import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

ROOT = pathlib.Path(__file__).parents[1]
BASE = os.environ.get("BENCH_BASE", "")
LOCK = "requirements-run.lock"
Kind = Literal["base", "ours"]


@dataclass(frozen=True, slots=True)
class Build:
    """The code of a commit, or of this working tree, in a folder."""

    kind: Kind
    name: str
    folder: pathlib.Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process run this build, also in the processes that it starts. Both builds stay compiled."""
        return {"PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": ""}

    def run(self, program: str, *arguments: object, environment: Mapping[str, str] | None = None) -> Any:
        """Runs one of this tree's programs with the packages of the build, and returns what its last line says."""
        command = [sys.executable, str(ROOT / "loadtests" / program), *map(str, arguments)]
        return self._last_line(command, environment or {})

    def run_own(self, module: str, *arguments: object) -> Any:
        """Runs a module of the build, and returns what its last line says."""
        return self._last_line([sys.executable, "-m", module, *map(str, arguments)], {})

    def _last_line(self, command: list[str], environment: Mapping[str, str]) -> Any:
        told = {**os.environ, **self.environment, **environment}
        done = subprocess.run(command, check=False, env=told, stdout=subprocess.PIPE)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command[1:])} failed with {self.name}, whose folder is {self.folder}.")
        return orjson.loads(done.stdout.splitlines()[-1])


OURS = Build("ours", "Hushi", ROOT)


def git(*arguments: str, folder: pathlib.Path) -> str:
    """What git answers about a folder. Ends the program when git fails."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def build_of(revision: str, tree: pathlib.Path = ROOT) -> Build:
    """The build of a commit. Its worktree is made when it does not exist, and must not be changed by anybody."""
    commit = git("rev-parse", "--verify", "--short=10", f"{revision}^{{commit}}", folder=tree)
    folder = tree / ".bench-data" / f"build-{commit}"
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        git("worktree", "prune", folder=tree)
        git("worktree", "add", "--quiet", "--detach", str(folder), commit, folder=tree)
    changed = git("status", "--porcelain", "--untracked-files=no", folder=folder)
    if changed or not git("rev-parse", "HEAD", folder=folder).startswith(commit):
        raise SystemExit(f"{folder} is not the commit {commit} any more; remove it with `git worktree remove`.")
    return Build("base", f"base {commit[:7]}", folder)


@functools.cache
def base() -> Build | None:
    """The build to compare with; None when BENCH_BASE names none."""
    return build_of(BASE) if BASE else None


def builds() -> list[Build]:
    """The builds to measure in turns: the base, if there is one, and this one."""
    found = base()
    return [OURS] if found is None else [found, OURS]


def conditions() -> dict[str, str]:
    """What a reader of the figures must know of the base."""
    found = base()
    if found is None:
        return {}
    is_same = (found.folder / LOCK).read_bytes() == (ROOT / LOCK).read_bytes()
    told = "the same libraries are locked" if is_same else f"its {LOCK} differs, it runs with the libraries of this one"
    return {found.name: told}
