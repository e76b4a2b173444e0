"""Tells whether the demo has filled a ledger, and whether the ledger holds all of the demo.

The marks are entries of the ledger and not settings, so that they can't be forgotten, and copies, backups and
migrations keep them. The first trade has a key that no caller can send, and so has the last one, which is posted after
all others and behind the transfers. A filling that ends in between leaves a ledger with the first trade and without the
last one.
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
"""The dashboard's query that shows the demo best: every published figure, and both years."""


FIRST_RESIDENT = "152501197509132592"
"""The invented citizen number of the demo's first resident; the demo records this resident before anything else."""

TRADES_BEFORE = 83_197
"""How many trades the demo had in earlier versions, in which the last trade did not have its own key."""


class NotFilled(Exception):
    """The ledger was not empty, or it refused a part of the plan; the message is one line."""


def trade_digest(number: int) -> bytes:
    """The digest of the key that the demo posts a trade of its plan under.

    The last trade of earlier versions tells that their demo is whole, so that the trade in its place has another key.
    """
    is_earlier = number < TRADES_BEFORE - 1
    return key_digest(OPERATOR_KEY_ID, ROUTE, f"trade-{number}" if is_earlier else f"later-trade-{number}")


def is_demo(ledger: Ledger) -> bool:
    """Whether the demo has filled this ledger, so that its figures are invented. Raises DatabaseUnavailable."""
    return is_answered(ledger, trade_digest(0))


def last_digest() -> bytes:
    """The digest of the key that the demo posts the last trade of its plan under."""
    return key_digest(OPERATOR_KEY_ID, ROUTE, "trade-last")


def is_whole(ledger: Ledger) -> bool:
    """Whether the ledger holds all of the demo."""
    last_before = key_digest(OPERATOR_KEY_ID, ROUTE, f"trade-{TRADES_BEFORE - 1}")
    return is_answered(ledger, last_digest()) or is_answered(ledger, last_before)


def is_cut(ledger: Ledger) -> bool:
    """Whether the ledger holds only a part of the demo, so that its totals are not the published ones."""
    if is_whole(ledger):
        return False
    return is_demo(ledger) or find_ordinal(ledger, FIRST_RESIDENT) == 1


def refuse_cut_demo(ledger: Ledger) -> None:
    """Raises SettingError for a ledger with only a part of the demo: its totals could be taken for the whole demo's."""
    if is_cut(ledger):
        raise SettingError(
            "HUSHI_DATABASE_URL names a ledger with a part of the demo, whose totals are wrong: filling it was cut, "
            "or goes on now. Run hushi demo: it goes on where it stopped."
        )
