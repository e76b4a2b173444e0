"""Runs `hushi` without folding, to measure what folding costs: `python -m loadtests.unfolded serve --port 8000`.

The service has no switch for this, and should have none: an operator who turned folding off would have slower reports
for ever.
"""

from typing import Any

import service.server.processes


class _NothingFolds:
    """Takes the place of the process that folds, and does nothing."""

    def __init__(self, _served: object) -> None:
        self.start = self.stop = lambda: None


def main() -> None:
    """Runs the command without the process that folds."""
    from service.cli.main import main as hushi

    server: Any = service.server.processes
    server.FoldingProcess = _NothingFolds
    hushi()


if __name__ == "__main__":
    main()
