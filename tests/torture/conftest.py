"""Fixtures of the quick forms: they share one server of PostgreSQL with the other tests, but for those that kill it."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.torture.markets import Databases
from tests.torture.running import Fault, Plan

SEED = 17
"""What the quick forms do is the same each time, as far as a seed decides it."""

MakePlan = Callable[..., Plan]


@pytest.fixture
def plan_of(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> MakePlan:
    """Makes plans of quick forms, by fault, engine and number of cycles; more changes by name."""

    def make(fault: Fault, engine: str, cycles: int = 1, **changes: Any) -> Plan:
        server = request.getfixturevalue("postgresql") if engine == "postgresql" else None
        template = request.getfixturevalue("sqlite_template") if server is None else tmp_path
        made = Databases(engine, tmp_path, server, template)
        return Plan(fault, engine, cycles, SEED, tmp_path, made=made, is_quick=True, **changes)

    return make
