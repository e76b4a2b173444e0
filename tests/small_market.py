"""A small market in a fresh ledger, for tests that compare figures with a recount."""

import datetime
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from schemas.transactions import TradeSchema
from service.commands.groups import create_group
from service.commands.posting import Post
from service.commands.residents import Registration, add_members, register
from service.config import Settings
from service.domain.idempotency import key_digest, trade_fingerprint
from service.domain.transactions import Trade
from service.ledger import Ledger, open_ledger
from tests.builders import a_citizen_number, a_key, a_trade

RESIDENTS = 5
REGISTERED_ON = datetime.date(2020, 1, 2)


@contextmanager
def opened(url: str, environment: dict[str, str]) -> Iterator[Ledger]:
    """A ledger with residents in two groups and two settlements, who have traded nothing yet."""
    folder = pathlib.Path(environment["HUSHI_DATA_DIR"])
    ledger = open_ledger(Settings(url, folder, folder / "secrets.json", False, "ERROR"))
    for n in range(RESIDENTS + 1):
        settlement = [None, "东", "西"][n % 3]
        # One more, whose registration expires before or after a cancellation.
        until = datetime.date(2024, 2, 29) if n == RESIDENTS else None
        register(ledger, Registration("巴特尔", a_citizen_number(n), REGISTERED_ON, until, settlement, None))
    for name in "ab":
        create_group(ledger, name, "village")
    add_members(ledger, 1, [1, 2], None)
    add_members(ledger, 2, [2, 3], datetime.date(2024, 1, 1))
    yield ledger
    ledger.database.close()


def post_of(body: dict[str, Any]) -> Post:
    """A trade to be posted, under a key of its own."""
    trade: Trade = TradeSchema().read(a_trade(**body))
    return Post(key_digest(1, "t", a_key()), trade_fingerprint(trade), "t", trade)
