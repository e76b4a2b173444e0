"""Reads the golden cases. They are copies of the shared cases, so that the tests of a clone pass without these."""

import json
import pathlib
from typing import Any

FOLDER = pathlib.Path(__file__).parent / "cases"


def read_cases(name: str) -> list[Any]:
    """Reads the cases of one file."""
    cases: list[Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["cases"]
    return cases
