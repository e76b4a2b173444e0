"""What tells a ledger that the demo has filled, and whether it holds all of the demo.

These are facts in the ledger and no settings: they can't be forgotten, and copies, backups and migrations carry them
along. The first trade is kept under a key that nobody else can send, and so is the last one, which is posted last of
all. Whatever ends the filling in between leaves a ledger with the first and without the last.
"""

from service.config import SettingError
from service.demo.calibration import TO_APRIL_2024
from service.domain.idempotency import key_digest
from service.domain.keys import OPERATOR_KEY_ID
from service.ledger import Ledger
from service.queries.residents import find_ordinal
from service.queries.transactions import is_answered

ROUTE = "demo"

OPENS_WITH = f"ytd={TO_APRIL_2024.last}"
"""The question that shows the whole of the demo: every published figure, and both of the years."""


FIRST_RESIDENT = "152501197509132592"
"""The invented citizen number of the demo's first resident, who is the first thing that it records."""

TRADES_BEFORE = 83_197
"""How many trades the demo had when its last one did not have a key of its own."""


def trade_digest(number: int) -> bytes:
    """Under which key the demo posts a trade of its plan."""
    return key_digest(OPERATOR_KEY_ID, ROUTE, f"trade-{number}")


def is_demo(ledger: Ledger) -> bool:
    """Whether the demo has filled this ledger, so that what it shows is invented. Raises DatabaseUnavailable."""
    return is_answered(ledger, trade_digest(0))


def last_digest() -> bytes:
    """Under which key the demo posts the last trade of its plan."""
    return key_digest(OPERATOR_KEY_ID, ROUTE, "trade-last")


def is_whole(ledger: Ledger) -> bool:
    """Whether the ledger holds all of the demo."""
    return is_answered(ledger, last_digest()) or is_answered(ledger, trade_digest(TRADES_BEFORE - 1))


def is_cut(ledger: Ledger) -> bool:
    """Whether the ledger holds a part of the demo: its totals are not those that were published."""
    if is_whole(ledger):
        return False
    return is_demo(ledger) or find_ordinal(ledger, FIRST_RESIDENT) == 1


def refuse_cut_demo(ledger: Ledger) -> None:
    """Raises SettingError for a ledger that holds a part of the demo: nothing of it may be taken for the whole."""
    if is_cut(ledger):
        raise SettingError(
            "HUSHI_DATABASE_URL names a ledger with a part of the demo, whose totals are wrong: filling it was cut, "
            "or goes on now. Run hushi demo: it goes on where it stopped."
        )
