"""`hushi`, but nothing folds: to measure what folding costs. `python -m loadtests.unfolded serve --port 8000`.

The service has no switch for it, and should have none: an operator who turns it off has slower reports for ever.
"""

import functools
from typing import Any

from flask import Flask

import service.app
import service.server


class _NoFolder:
    """Stands where the folder of a process stands, and does nothing."""

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        self.start = self.stop = lambda: None


def application() -> Flask:
    """The application of a worker process without its folder."""
    wiring: Any = service.app
    wiring.Folder = _NoFolder
    return service.app.application()


def main() -> None:
    """The command, with this application in the server's processes."""
    from service.cli import main as hushi

    server: Any = service.server
    server._Server = functools.partial(_instead, server._Server)
    hushi()


def _instead(server: Any, _target: str, **settings: Any) -> Any:
    return server("loadtests.unfolded:application", **settings)


if __name__ == "__main__":
    main()
