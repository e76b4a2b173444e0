"""A program that sends goods on, or reverses a transfer, and kills itself on the way.

Its arguments are TRANSACTION_ID KEY STAGE for a transfer, and T00000001 KEY STAGE for a reversal. STAGE is the
statement behind which it dies, or "commit": just after the commit.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from service.commands.once import Attempt
from service.commands.transfers import post_transfer, reverse_transfer
from service.config import read_settings
from service.domain.idempotency import key_digest, request_fingerprint
from service.domain.transfers import parse_transfer_id
from service.ledger import open_ledger
from service.storage import engine, facts, idempotency, transferred, transfers
from tests.transfers.market import of, to_processor

POSTING = {
    "transfer": (transfers, "insert"), "transferred": (transferred, "add"), "fact": (facts, "add"),
    "answer": (idempotency, "insert"), "commit": (engine, "commit"),
}  # fmt: skip
REVERSING = {
    "reversal": (transfers, "insert_reversal"), "given back": (transferred, "give_back"), "fact": (facts, "add"),
    "answer": (idempotency, "insert"), "commit": (engine, "commit"),
}  # fmt: skip


def _dying_behind(work: Callable[..., Any]) -> Callable[..., None]:
    def work_and_die(*arguments: Any, **named: Any) -> None:
        work(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return work_and_die


def attempt_of(what: str, key: str) -> Attempt:
    """The request under its key."""
    return Attempt(key_digest(0, "killed", key), request_fingerprint(what), "killed")


def main() -> None:
    """Works as far as the stage."""
    what, key, stage = sys.argv[1:]
    is_reversal = what.startswith("T")
    module, name = (REVERSING if is_reversal else POSTING)[stage]
    setattr(module, name, _dying_behind(getattr(module, name)))
    ledger = open_ledger(read_settings(os.environ))
    if is_reversal:
        reverse_transfer(ledger, parse_transfer_id(what), "x", attempt=attempt_of(what, key))
    else:
        post_transfer(ledger, to_processor(), of(what), attempt=attempt_of(what, key))
