"""Runs `hushi` without folding, to measure what folding costs: `python -m loadtests.unfolded serve --port 8000`.

The service has no switch for this, and should have none: an operator who turned folding off would have slower reports
for ever.
"""

import service.server.processes
from service.server.processes import FoldingProcess


class NothingFolds(FoldingProcess):
    """Takes the place of the process that folds, and does nothing."""

    def start(self) -> None:
        """Starts nothing."""

    def stop(self) -> None:
        """Stops nothing."""


def main() -> None:
    """Runs the command without the process that folds."""
    from service.cli.main import main as hushi

    service.server.processes.FoldingProcess = NothingFolds  # type: ignore[misc] # (only here nothing may fold)
    hushi()


if __name__ == "__main__":
    main()
