"""A program that posts a split and kills itself on the way; its arguments are CONSIGNMENT TOKEN API_KEY KEY STAGE.

STAGE is the statement behind which it dies (allowances, journal, answers), or "commit": just after the commit.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from service.commands.splitting import SplitRequest, post_split
from service.config import read_settings
from service.ledger import open_ledger
from service.storage import allowance, engine, idempotency, journal

STAGES = {"allowances": (allowance, "save"), "journal": (journal, "insert"), "answers": (idempotency, "insert")}


def _dying_behind(work: Callable[..., Any]) -> Callable[..., None]:
    def work_and_die(*arguments: Any, **named: Any) -> None:
        work(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return work_and_die


def main() -> None:
    """Posts the split as far as the stage."""
    consignment, token, api_key, key, stage = sys.argv[1:]
    module, name = STAGES.get(stage, (engine, "commit"))
    setattr(module, name, _dying_behind(getattr(module, name)))
    ledger = open_ledger(read_settings(os.environ))
    post_split(ledger, SplitRequest(consignment, token, int(api_key), key, "killed"))
