"""A process that folds, and that dies by SIGKILL at the point that its argument names."""

import os
import signal
import sys
from typing import Any

from service.commands.folding import fold
from service.commands.processing_folding import fold_transfers
from service.config import read_settings
from service.ledger import open_ledger
from service.storage import blocks, cells, processing_cells

POINTS = {
    "block sealed": (blocks, "insert"),
    "cells saved": (cells, "save"),
}
POINTS_OF_TRANSFERS = {
    "cells of transfers saved": (processing_cells, "save"),
    "the newest fact noted": (processing_cells, "save_folded"),
}


def die_after(module: Any, name: str) -> None:
    """Replaces a function: it does its work, and then the process is killed, before anything is committed."""
    work = getattr(module, name)

    def deadly(*arguments: Any, **named: Any) -> None:
        work(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, deadly)


def main() -> None:
    """Folds until the process is killed."""
    die_after(*{**POINTS, **POINTS_OF_TRANSFERS}[sys.argv[1]])
    ledger = open_ledger(read_settings(os.environ))
    fold(ledger)
    fold_transfers(ledger)
