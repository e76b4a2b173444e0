"""The floors of the code: which module may import which, and whether the contracts catch each import that is wrong.

pyproject.toml has the contracts. Here they are checked as they are, and then once more for each module with imports
that it must not have: a contract that lets one of them through guards nothing.
"""

import ast
import copy
import functools
import pathlib
from collections.abc import Iterator
from typing import Any

import grimp
import pytest
from importlinter import configuration
from importlinter.application import use_cases as linter
from importlinter.application.ports.reporting import Report

ROOT = pathlib.Path(__file__).parents[1]
FLOORS = (
    ("app", "cli"),
    ("http",),
    ("server",),
    ("demo", "importing", "rendering"),
    ("commands", "queries"),
    ("planning",),
    ("judging",),
    ("ledger",),
    ("rules", "vault", "config", "migrations"),
    ("storage",),
    ("figures",),
    ("domain",),
)
"""From the top down, as docs/ARCHITECTURE.md draws them."""
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
HOMES = {
    "sqlalchemy": ("service.storage", "service.migrations"),
    "psycopg": ("service.storage",),
    "alembic": ("service.storage", "service.migrations"),
    "flask": ("service.http", "service.app"),
    "marshmallow": ("schemas",),
    "granian": ("service.server",),
    "schemas": ("schemas", "service.http", "service.cli", "service.importing", "service.rendering"),
}
"""Where each library may be imported."""
VIEWS = "service.http.api."
"""Each endpoint family stands for itself; what two of them need has a module of its own in service.http."""
PURE = {
    "array", "base64", "bisect", "calendar", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib",
    "hmac", "itertools", "json", "math", "operator", "pyroaring", "re", "service", "struct", "typing", "unicodedata",
    "uuid", "zlib", "zoneinfo",
}  # fmt: skip
"""What the domain may import: nothing that reads a file, a clock, a variable of the environment or a random number."""


@functools.cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("service", "schemas", include_external_packages=True, cache_dir=None)


@functools.cache
def _options() -> Any:
    configuration.configure()
    options = linter.read_user_options(str(ROOT / "pyproject.toml"))
    linter._register_contract_types(options)
    return options


def _report(graph: grimp.ImportGraph) -> Report:
    return linter._build_report(
        graph=graph,
        graph_building_duration=0,
        user_options=_options(),
        limit_to_contracts=(),
        show_timings=False,
        verbose=False,
    )


def _imports_in(told: object) -> Iterator[tuple[str, str]]:
    """Each import that a report of broken contracts names, wherever in it."""
    if isinstance(told, dict):
        if isinstance(told.get("importer"), str) and "line_numbers" in told:
            yield told["importer"], told["imported"]
        for part in told.values():
            yield from _imports_in(part)
    elif isinstance(told, list | tuple):
        for part in told:
            yield from _imports_in(part)


def _caught(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    return {found for _, check in _report(graph).get_contracts_and_checks() for found in _imports_in(check.metadata)}


def _modules() -> list[str]:
    return sorted(name for name in _graph().modules if name.split(".")[0] in ("service", "schemas"))


def _must_not_import(module: str) -> Iterator[str]:
    """A module of each floor that this one must not know, and each library that is not at home here."""
    parts = module.split(".")
    for library, homes in HOMES.items():
        if not any(module == home or module.startswith(home + ".") for home in homes) and module != "service":
            yield library
    if parts[0] == "schemas":
        yield from (f"service.{name}" for name in FLOOR_OF if name != "domain")
    elif len(parts) > 1:
        floor = FLOOR_OF[parts[1]]
        yield from (f"service.{name}" for name, other in FLOOR_OF.items() if other <= floor and name != parts[1])
        if module.startswith(VIEWS):
            yield from (other for other in _modules() if other.startswith(VIEWS) and other != module)


def test_the_arrows_point_down() -> None:
    assert _caught(_graph()) == set()
    assert not _report(_graph()).contains_failures


def test_each_wrong_import_of_each_module_is_caught() -> None:
    missed = []
    for module in _modules():
        graph = copy.deepcopy(_graph())
        wrong = {(module, target) for target in _must_not_import(module)}
        for importer, imported in wrong:
            graph.add_import(importer=importer, imported=imported)
        missed += sorted(wrong - _caught(graph))
    assert missed == []


@pytest.mark.parametrize("name", ["service.helpers", "service.committer"])
def test_a_new_module_at_the_root_is_caught(name: str) -> None:
    graph = copy.deepcopy(_graph())
    graph.add_module(name)
    assert _report(graph).contains_failures


def test_the_domain_imports_nothing_that_is_not_pure() -> None:
    impure = []
    for path in (ROOT / "service" / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            impure += [f"{path.name}: {name}" for name in names if name.split(".")[0] not in PURE]
    assert impure == []


def test_snapshots_open_in_queries_and_transactions_in_commands() -> None:
    """Storage opens its own for its schema and its locks; whatever else reads or writes is a use case with a name."""
    homes = {
        "writing": ("commands", "storage"), "commit_nothing": ("commands", "storage"),
        "reading": ("queries", "commands", "storage"), "reading_apart": ("queries", "storage"),
    }  # fmt: skip
    elsewhere = []
    for path in (ROOT / "service").rglob("*.py"):
        floor = path.relative_to(ROOT / "service").parts[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in homes:
                elsewhere += [] if floor in homes[node.func.attr] else [f"{path.name}:{node.lineno} {node.func.attr}"]
    assert elsewhere == []
