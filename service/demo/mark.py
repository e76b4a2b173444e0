"""What tells a ledger that the demo has filled: its first trade, kept under a key that nobody else can send.

It is a fact in the ledger and no setting: it can't be forgotten, and copies, backups and migrations carry it along.
"""

from service.demo.calibration import TO_APRIL_2024
from service.domain.idempotency import key_digest
from service.ledger import Ledger
from service.queries.transactions import is_answered

OPERATOR_KEY_ID = 0
"""The id under which the demo's keys are kept: no API key has it."""
ROUTE = "demo"

OPENS_WITH = f"ytd={TO_APRIL_2024.last}"
"""The question that shows the whole of the demo: every published figure, and both of the years."""


def trade_digest(number: int) -> bytes:
    """Under which key the demo posts a trade of its plan."""
    return key_digest(OPERATOR_KEY_ID, ROUTE, f"trade-{number}")


def is_demo(ledger: Ledger) -> bool:
    """Whether the demo has filled this ledger, so that what it shows is invented. Raises DatabaseUnavailable."""
    return is_answered(ledger, trade_digest(0))
