"""Keeps what came of each part of a run, so that a run which was stopped goes on where it was."""

import json
import pathlib
import subprocess
from typing import Any

from tests.torture.running import Count, Fault

FOLDER = pathlib.Path(__file__).parents[2] / ".torture-data"


class Progress:
    """The parts of one fault on one engine from one seed that have been run, in a file, until the row is written.

    What another commit came to does not count: each has a file of its own.
    """

    def __init__(self, fault: Fault, engine: str, seed: int, cycles: int, folder: pathlib.Path = FOLDER) -> None:
        """Reads what an earlier run has left."""
        folder.mkdir(exist_ok=True)
        self._path = folder / f"{fault.name}-{engine}-{seed}-{cycles or 'all'}-{_commit()}.json"
        self.parts: dict[str, dict[str, Any]] = {}
        if self._path.exists():
            self.parts = json.loads(self._path.read_text("utf-8"))

    def find(self, first: int) -> Count | None:
        """What came of the part that begins with this cycle; None when it has not been run, or has failed."""
        part = self.parts.get(str(first))
        if part is None:
            return None
        count = Count(notes=part["notes"])
        count.cycles, count.findings.acknowledged = part["cycles"], part["acknowledged"]
        return count

    def keep(self, first: int, count: Count) -> None:
        """Writes down what came of a part."""
        kept = {"cycles": count.cycles, "acknowledged": count.findings.acknowledged, "notes": count.notes}
        self.parts[str(first)] = kept
        self._path.write_text(json.dumps(self.parts, indent=1), "utf-8")

    def forget(self) -> None:
        """Removes the file: the next run begins with the first part."""
        self._path.unlink(missing_ok=True)


def _commit() -> str:
    """The commit of this working tree; "none" where git knows none."""
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=FOLDER.parent, capture_output=True, text=True)
    return asked.stdout.strip() or "none"
