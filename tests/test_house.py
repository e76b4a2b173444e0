"""The rules of the house, as tests: sizes, the reference, the README (test_floors.py has the arrows)."""

import ast
import json
import pathlib
import re
import statistics
import subprocess
from collections.abc import Mapping, Sequence

import pytest

ROOT = pathlib.Path(__file__).parents[1]
SOURCES = [path for folder in ("service", "schemas") for path in (ROOT / folder).rglob("*.py")]
TESTS = [path for folder in ("tests", "loadtests", "examples") for path in (ROOT / folder).rglob("*.py")]
HANDWRITTEN = [path for path in SOURCES if "migrations" not in path.parts]
SCRIPTS = list((ROOT / "service").rglob("static/*.js"))
PAGE_TESTS = list((ROOT / "tests/javascript").glob("*.js"))

FUNCTION_LINES_MAX, FUNCTION_LINES_P90, FUNCTION_LINES_MEDIAN = 50, 25, 10
FILE_LINES_MAX, FILE_LINES_MEDIAN = 300, 100
REASONED = r"# (noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\] #) \(.+\)"
"""An exception from a rule: of which rule, and why. mypy takes its own comment only if another one follows."""


def _function_lengths(paths: Sequence[pathlib.Path]) -> dict[str, int]:
    lengths = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lengths[f"{path.relative_to(ROOT)}:{node.name}:{node.lineno}"] = node.end_lineno - node.lineno + 1
    return lengths


def _file_lengths(paths: Sequence[pathlib.Path]) -> dict[str, int]:
    return {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in paths}


def _longer_than(most: int, lengths: Mapping[str, int]) -> dict[str, int]:
    return {name: length for name, length in lengths.items() if length > most}


def test_functions_are_short() -> None:
    ordered = sorted(_function_lengths(HANDWRITTEN).values())
    assert _longer_than(FUNCTION_LINES_MAX, _function_lengths([*HANDWRITTEN, *TESTS])) == {}
    assert statistics.median(ordered) <= FUNCTION_LINES_MEDIAN
    assert ordered[len(ordered) * 9 // 10] <= FUNCTION_LINES_P90


def test_files_are_short() -> None:
    assert _longer_than(FILE_LINES_MAX, _file_lengths([*HANDWRITTEN, *TESTS])) == {}
    assert statistics.median(_file_lengths(HANDWRITTEN).values()) <= FILE_LINES_MEDIAN


def test_scripts_of_pages_and_their_tests_are_short() -> None:
    """ESLint holds scripts to the same sizes; this holds where there is no Node.js."""
    assert len(SCRIPTS) > 20
    assert _longer_than(FILE_LINES_MAX, _file_lengths([*SCRIPTS, *PAGE_TESTS])) == {}


def test_an_exception_from_a_rule_gives_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (*SOURCES, *TESTS)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search(r"# (noqa\b|type: ignore)", line) and not re.search(rf"{REASONED}$", line)
    ]
    assert bare == []


def test_every_module_and_public_function_has_a_docstring() -> None:
    without = []
    for path in HANDWRITTEN:
        tree = ast.parse(path.read_text("utf-8"))
        named = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        ]
        without += [f"{path.name}:{node.name}" for node in named if ast.get_docstring(node) is None]
        without += [] if ast.get_docstring(tree) else [path.name]
    inner = {"answer_request", "declare", "prepare", "open_transaction", "refuse"}
    assert [name for name in without if name.split(":")[-1] not in inner] == []


def test_no_lambda_hides_a_use_case() -> None:
    """Who looks for the callers of a command or a query finds them by its name; functools.partial says it as well."""
    named: set[str] = set()
    for path in (ROOT / "service").rglob("*.py"):
        if path.relative_to(ROOT / "service").parts[0] in {"commands", "queries", "judging.py"}:
            nodes = ast.walk(ast.parse(path.read_text("utf-8")))
            named |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    hidden = []
    for path in HANDWRITTEN:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Lambda):
                inside = {getattr(each, "attr", getattr(each, "id", None)) for each in ast.walk(node.body)}
                hidden += [f"{path.name}:{node.lineno} {name}" for name in sorted(named.intersection(inside))]
    assert hidden == []


ROW_PLACE_MAX = 3


def _numbered_places(tree: ast.AST, *, slices: bool) -> list[str]:
    """Subscripts with a number that nobody can tell the meaning of."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and (slices or not isinstance(node.slice, ast.Slice)):
            bounds = [node.slice.lower, node.slice.upper] if isinstance(node.slice, ast.Slice) else [node.slice]
            numbers = [bound.value for bound in bounds if isinstance(bound, ast.Constant)]
            if any(isinstance(number, int) and number > ROW_PLACE_MAX for number in numbers):
                found.append(ast.unparse(node))
    return found


def test_no_value_of_a_row_is_taken_by_a_number() -> None:
    """Not even a run of them. In the domain, only texts are cut at a number, such as the year off a day."""
    numbered = [
        f"{path.relative_to(ROOT)}: {one}"
        for folder in ("storage", "queries", "domain")
        for path in (ROOT / "service" / folder).rglob("*.py")
        for one in _numbered_places(ast.parse(path.read_text("utf-8")), slices=folder != "domain")
    ]
    assert numbered == []
    assert _numbered_places(ast.parse("row[3], row[13], row[:7], row[7:]"), slices=True) == [
        "row[13]",
        "row[:7]",
        "row[7:]",
    ]


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_the_readme_shows_the_two_commands(command: str) -> None:
    assert re.search(rf"^{command}\b", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)


def test_nothing_that_is_committed_names_a_path_of_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this copy is no git checkout")
    named = []
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".yml", ".json", ".html", ""} and path.is_file():
            text = path.read_text("utf-8", errors="ignore")
            named += [name] if re.search(r"/(?:root|work)/[a-z.]", text) and name != "tests/test_house.py" else []
    assert named == []


def test_the_lock_of_the_scripts_checks_names_no_registry() -> None:
    """Packages are found by name and checked by their hashes: each has one, and none says where it came from."""
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    named = {name: each for name, each in packages.items() if name}
    assert len(named) > 50
    assert [name for name, each in named.items() if "resolved" in each or "integrity" not in each] == []
    told = json.loads((ROOT / "package.json").read_text("utf-8"))
    pins = told["devDependencies"]
    assert told["private"] is True
    assert "dependencies" not in told, "what is served needs nothing that npm installs"
    assert {name: version for name, version in pins.items() if not re.fullmatch(r"[0-9.]+", version)} == {}


@pytest.mark.parametrize("name", ["requirements-run.lock", "requirements-test.lock"])
def test_what_is_installed_is_part_of_one_resolution(name: str) -> None:
    def pins(path: pathlib.Path) -> set[str]:
        return set(re.findall(r"^[\w.-]+==\S+", path.read_text("utf-8"), re.MULTILINE))

    assert pins(ROOT / name) <= pins(ROOT / "requirements.lock")
