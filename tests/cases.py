"""The golden cases: copies of the shared ones, so that a clone passes on its own."""

import json
import pathlib
from typing import Any

FOLDER = pathlib.Path(__file__).parent / "cases"


def read_cases(name: str) -> list[Any]:
    """The cases of one file."""
    cases: list[Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["cases"]
    return cases
