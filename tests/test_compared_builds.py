"""Two builds are compared: each process runs the code of its build, and a row says whether its limit is reached."""

import itertools
import pathlib
import subprocess

import pytest

pytest.importorskip("polars", reason="the libraries of what measures come with make bench")

from loadtests import builds
from loadtests.compared import ComparedFigure, cells_of, medians
from loadtests.memory import path_of
from loadtests.questions import never_asked

SERVICE = {
    "service/__init__.py": "", "requirements-run.lock": "",
    "service/told.py": "import pathlib; print('{\"at\": \"' + str(pathlib.Path(__file__).parents[1]) + '\"}')",
}  # fmt: skip


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """A git repository with one commit of a service, which was changed since."""
    for name, text in SERVICE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "--message", "One", "--no-verify")
    (tmp_path / "service/told.py").write_text("raise SystemExit('the changed service ran')")
    return tmp_path


def _git(folder: pathlib.Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def test_a_process_runs_the_code_of_its_build(
    tree: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Python would look into the working directory first, for a module that is run by its name (-m)."""
    monkeypatch.chdir(tree)
    base = builds.build_of("HEAD", tree)
    assert base.run_own("service.told") == {"at": str(base.folder)}
    assert base.folder != tree
    monkeypatch.setattr(builds.Build, "environment", {"PYTHONPATH": str(base.folder)})
    with pytest.raises(SystemExit, match=r"service\.told failed with base"):
        base.run_own("service.told")
    assert "the changed service ran" in capfd.readouterr().err


def test_a_worktree_is_made_once_and_must_not_be_changed(tree: pathlib.Path) -> None:
    base = builds.build_of("HEAD", tree)
    assert builds.build_of("HEAD", tree) == base
    (base.folder / "service/told.py").write_text("print('{}')")
    with pytest.raises(SystemExit, match="is not the commit"):
        builds.build_of("HEAD", tree)
    with pytest.raises(SystemExit, match="no-such-commit"):
        builds.build_of("no-such-commit", tree)


def test_this_build_runs_the_programs_that_measure_inside_a_process(tmp_path: pathlib.Path) -> None:
    told = builds.OURS.run("inside/fold.py", "sqlite", 300)
    assert min(told["seconds"], told["cpu_s"]) > 0
    environment = {
        "HUSHI_DATABASE_URL": f"sqlite:///{tmp_path}/hushi.db", "HUSHI_DATA_DIR": str(tmp_path),
        "HUSHI_SECRETS_FILE": f"{tmp_path}/secrets.json",
    }  # fmt: skip
    made = builds.OURS.run("inside/making.py", 300, environment=environment)
    assert made["durability"] == "synchronous=2, journal_mode=wal"
    assert builds.OURS.run("inside/making.py", 0, environment=environment)["key"] != made["key"]


def test_each_question_that_was_never_asked_has_an_address() -> None:
    paths = [path_of(question) for question in itertools.islice(never_asked(), 200)]
    assert all(path.isascii() and " " not in path for path in paths)
    assert any("&settlement=%E7%A4%BE" in path for path in paths)
    assert {path.partition("?")[0] for path in paths} == {"/v1/reports/trade"}


def test_a_row_compares_medians_and_holds_its_limit() -> None:
    rate = medians("post", "sqlite", "a second", {"base": [10, 1000, 20], "ours": [50, 40, 1]}, least=2.0)
    assert (rate.base, rate.ours, rate.ratio, rate.is_reached) == (20, 40, 2.0, True)
    slower = medians("post, p99", "sqlite", "ms", {"base": [10], "ours": [7]}, most=0.6)
    assert slower.is_reached is False
    assert cells_of(slower) == ["post, p99", "sqlite", "ms", "10.0", "7.00", "0.70", "≤ 0.6 x", "[bold]no[/bold]"]


def test_a_row_may_limit_the_value_of_this_build_alone() -> None:
    weight = ComparedFigure("a transaction", "postgresql", "bytes", None, 480, most=480, judged="ours")
    assert (weight.ratio, weight.is_reached) == (None, True)
    assert ComparedFigure("a transaction", "postgresql", "bytes", 400, 481, most=480, judged="ours").is_reached is False


@pytest.mark.parametrize("limits", [{}, {"least": 2.0}])
def test_a_row_without_limit_or_base_says_nothing_about_it(limits: dict[str, float]) -> None:
    alone = medians("post", "sqlite", "a second", {"ours": [40.0]}, **limits)
    assert (alone.ratio, alone.is_reached) == (None, None)
    assert cells_of(alone)[-1] == ""
