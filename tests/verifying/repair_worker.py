"""A process that repairs cells, and dies by SIGKILL at the point that its argument names."""

import os
import sys

from service.commands.repairing import repair_cells
from service.config import read_settings
from service.ledger import open_ledger
from service.queries.verifying import tell_nobody
from service.queries.verifying.repairs import find_wrong_cells
from service.storage import cells, processing_cells, self_checks
from tests.fold_worker import die_after

POINTS = {
    "cells written": (cells, "replace"),
    "processing cells written": (processing_cells, "replace"),
    "the repair recorded": (self_checks, "record_repair"),
    "the alarm cleared": (self_checks, "clear"),
}


def main() -> None:
    """Repairs until the process is killed."""
    die_after(*POINTS[sys.argv[1]])
    ledger = open_ledger(read_settings(os.environ))
    _, wrong = find_wrong_cells(ledger, None, tell_nobody)
    repair_cells(ledger, wrong, 0)
