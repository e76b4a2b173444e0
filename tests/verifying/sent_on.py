"""A ledger whose goods have gone on: what `sent_on` has, and statements that change it with right or wrong MACs.

Trades 1 to 8, each of 50 kg for 1,000.01 CNY, are at the places 1 to 8; 1 and 2 are of R00000001, 3 to 8 of R00000002.
5 and 6 are of the truck EB-1, 7 is of another trade point. Place 9 is an export, 10 is a trade and 11 its reversal.

| | to | of | then |
|---|---|---|---|
| T1 | E1, processing | 1 and 2 whole | in B1, which was reversed, and in B2 |
| T2 | E1, processing | 10 kg of 3 | reversed |
| T3 | E1, processing | 7 kg of 3 and 20 kg of 4 | in B1, then reversed |
| T4 | E3, second market | the rest of 3 | |
| T5 | E2, processing | the truck EB-1 | in B3, which was reversed |
| T6 | E1, processing | 8 whole and 7 whole: of two trade points | |

E2 was suspended and came back. E3 was suspended after T4, from a day before T4 on.
"""

import datetime
from typing import Any
from uuid import UUID

from service.app import create_app
from service.commands.enterprises import change_enterprise_status, register_enterprise
from service.commands.keys import create_key
from service.commands.processing_batches import post_processing_batch, reverse_processing_batch
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.enterprises import EnterpriseKind, NewEnterprise
from service.domain.processing_batches import NewProcessingBatch, ProcessingOutput
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer, Purpose
from service.ledger import Ledger
from tests.builders import a_credit_code, a_trade
from tests.conftest import Caller

DAY = datetime.date(2024, 6, 30)
LATER = datetime.date(2024, 7, 10)


def send_on(ledger: Ledger) -> None:
    """Records all of it."""
    trades = _trades(ledger)
    _enterprises(ledger)
    _transfer(ledger, 1, _of(trades, 1, 2), paid_fen=150_001, contract="C-1", invoice="I-1")
    _transfer(ledger, 1, _of(trades, 3, quantity_g=10_000), paid_fen=333)
    _transfer(ledger, 1, StatedGoods.of_trades([_line(trades, 3, 7_000), _line(trades, 4, 20_000)]), paid_fen=100)
    reverse_transfer(ledger, 2, "秤错")
    _transfer(ledger, 3, _of(trades, 3), purpose="secondary_market")
    change_enterprise_status(ledger, 3, "suspended", "补登", DAY - datetime.timedelta(days=2), 0)
    change_enterprise_status(ledger, 2, "suspended", "年检", LATER, 0)
    change_enterprise_status(ledger, 2, "active", "年检已过", LATER + datetime.timedelta(days=1), 0)
    _transfer(ledger, 2, StatedGoods.of_consignment("EB-1"))
    _transfer(ledger, 1, _of(trades, 8, 7), paid_fen=0)
    _batches(ledger)
    reverse_transfer(ledger, 3, "退货")


def _trades(ledger: Ledger) -> list[str]:
    """The ids of the trades, of the export and of the trade that was reversed, in their order."""
    _, key = create_key(ledger, "market", ["admin"])
    admin = Caller(create_app(ledger).test_client(), key)
    admin.register(2)
    changes: list[dict[str, Any]] = [{} for _ in range(10)]
    changes[4] = changes[5] = {"consignment": "EB-1"}
    changes[6] = {"trade_point": "another"}
    changes[8] = {"direction": "export", "origin": "CN"}
    ids = []
    for place, change in enumerate(changes):
        body = a_trade(amount_cny="1000.01", resident_id=f"R0000000{1 if place < 2 else 2}", **change)
        ids.append(str(admin.trade(body).get_json()["transaction_id"]))
    admin.reverse(ids[-1])
    admin.client.application.extensions["hushi"].committer.close()
    return ids


def _enterprises(ledger: Ledger) -> None:
    of_each: list[tuple[EnterpriseKind, ...]] = [("processor", "trader"), ("processor",), ("trader",)]
    for ordinal, kinds in enumerate(of_each):
        valid = datetime.date(2020, 1, 2), datetime.date(2035, 12, 31)
        register_enterprise(ledger, NewEnterprise(f"公司{ordinal}", a_credit_code(ordinal), kinds, *valid), 0)


def _batches(ledger: Ledger) -> None:
    made = (ProcessingOutput("酱牛肉", "160250", 42_000, 504_000), ProcessingOutput("牛骨", None, 9_000, None))
    post_processing_batch(ledger, NewProcessingBatch(1, (1, 3), LATER, made))
    reverse_processing_batch(ledger, 1, "录错")
    post_processing_batch(ledger, NewProcessingBatch(1, (1,), LATER, made))
    post_processing_batch(ledger, NewProcessingBatch(2, (5,), LATER, made[:1]))
    reverse_processing_batch(ledger, 3, "录错")


def _line(trades: list[str], place: int, quantity_g: int | None = None) -> WantedLine:
    return WantedLine(UUID(trades[place - 1]), quantity_g)


def _of(trades: list[str], *places: int, quantity_g: int | None = None) -> StatedGoods:
    return StatedGoods.of_trades([_line(trades, place, quantity_g) for place in places])


def _transfer(
    ledger: Ledger, enterprise: int, goods: StatedGoods, purpose: Purpose = "processing", **papers: Any
) -> None:
    terms = {"paid_fen": None, "contract": None, "invoice": None, **papers}
    post_transfer(ledger, NewTransfer(enterprise, purpose, DAY, **terms), goods)
