"""A small market for the tests of transfers: residents with trades, and two enterprises that take goods."""

import datetime
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from service.commands.enterprises import register_enterprise
from service.domain.enterprises import NewEnterprise
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer
from service.ledger import Ledger
from service.storage.tables import transferred
from tests.builders import a_credit_code, a_trade
from tests.conftest import Caller

DAY = datetime.date(2024, 6, 30)
PROCESSOR, TRADER = 1, 2


def register_enterprises(ledger: Ledger) -> None:
    """Registers E00000001, a processor, and E00000002, a trader."""
    first_day = datetime.date(2020, 1, 1)
    register_enterprise(ledger, NewEnterprise("肉类加工厂", a_credit_code(1), ("processor",), first_day, None), 0)
    register_enterprise(ledger, NewEnterprise("二级市场商行", a_credit_code(2), ("trader",), first_day, None), 0)


def buy(caller: Caller, count: int = 1, **changes: Any) -> list[str]:
    """Posts trades of 50 kg for 1,000 CNY, and returns their ids."""
    return [str(caller.trade(a_trade(**changes)).get_json()["transaction_id"]) for _ in range(count)]


def to_processor(**changes: Any) -> NewTransfer:
    """A transfer to the processor."""
    return NewTransfer(PROCESSOR, "processing", DAY, None, None, None)._replace(**changes)


def of(*ids: str, quantity_g: int | None = None) -> StatedGoods:
    """The goods of trades, all with one weight, or all that is left of each."""
    return StatedGoods.of_trades([WantedLine(UUID(one), quantity_g) for one in ids])


def gone(ledger: Ledger) -> Sequence[tuple[int, int]]:
    """What has gone on of each trade that was ever in a transfer, in grams and fen, in the journal's order."""
    with ledger.database.reading() as connection:
        wanted = sa.select(transferred.c.gone_g, transferred.c.gone_fen).order_by(transferred.c.place)
        return [(row.gone_g, row.gone_fen) for row in connection.execute(wanted)]
