"""The checks of a commit: by the project's own tools, without a network, and each of them can refuse."""

import pathlib
import subprocess
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[1]
REPOSITORIES: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
HOOKS: list[dict[str, Any]] = [hook for repository in REPOSITORIES for hook in repository["hooks"]]


def _judge(tmp_path: pathlib.Path, message: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "message").write_text(message, "utf-8")
    command = [str(ROOT / ".ci" / "commit-subject"), str(tmp_path / "message")]
    return subprocess.run(command, capture_output=True, text=True)


def test_no_hook_is_fetched() -> None:
    assert {repository["repo"] for repository in REPOSITORIES} == {"local"}
    assert {hook["language"] for hook in HOOKS} == {"system"}


def test_the_hooks_run_what_lint_runs() -> None:
    lint = (ROOT / "Makefile").read_text("utf-8").partition("\nlint-python:")[2].partition("\n\n")[0]
    for hook in HOOKS:
        program = hook["entry"].split()[0]
        if program.startswith(".venv/"):
            assert program.replace(".venv/bin", "$(BIN)") in lint
        else:
            assert (ROOT / program).is_file()


@pytest.mark.parametrize(
    "message",
    ["Add a report", "x" * 72, "章" * 72, f"# a comment of git {'x' * 80}\nAdd a report\n\n{'why ' * 40}\n", ""],
)
def test_a_subject_that_fits_is_taken(tmp_path: pathlib.Path, message: str) -> None:
    assert _judge(tmp_path, message).returncode == 0


@pytest.mark.parametrize("message", ["x" * 73, "章" * 73 + "\n\nwhy", "# comment\n" + "x" * 90])
def test_a_subject_that_is_too_long_is_refused_with_its_length(tmp_path: pathlib.Path, message: str) -> None:
    refused = _judge(tmp_path, message)
    assert refused.returncode == 1
    assert "72 are the most" in refused.stderr


def test_every_target_of_make_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = set(makefile.partition(".PHONY: ")[2].partition("\n")[0].split())
    told = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True).stdout
    assert {line.split()[1] for line in told.splitlines()} == phony
