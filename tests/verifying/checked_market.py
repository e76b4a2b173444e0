"""A small market whose trades and transfers are folded, and statements that change a cell behind the service's back."""

import datetime

from service.commands.enterprises import register_enterprise
from service.commands.folding import fold_all
from service.commands.processing_folding import fold_all_transfers
from service.commands.transfers import post_transfer
from service.domain.enterprises import NewEnterprise
from service.domain.transfer_lines import StatedGoods
from service.domain.transfers import NewTransfer
from service.ledger import Ledger
from tests.builders import a_credit_code, a_trade
from tests.conftest import Caller

DAYS = ("2024-06-28", "2024-06-29", "2024-06-30")
REPORT = "/v1/reports/trade?period=2024-06&by=category&compare=none"
PROCESSING = "/v1/reports/processing?period=2024-06&by=enterprise_id&compare=none"

COPIED = "dimensions, amount_fen, exempt_fen, quantity_g, transactions, residents, block"
CHANGES = {
    "an amount": ("UPDATE cell SET amount_fen = amount_fen + 100 WHERE grain = 1 AND day = 20240629", "amount_fen"),
    "an exempt part": ("UPDATE cell SET exempt_fen = exempt_fen - 1 WHERE grain = 2 AND day = 20240629", "exempt_fen"),
    "a weight": ("UPDATE cell SET quantity_g = quantity_g + 1 WHERE grain = 3 AND day = 20240629", "quantity_g"),
    "a number": ("UPDATE cell SET transactions = transactions + 1 WHERE grain = 1 AND day = 20240629", "transactions"),
    "residents": ("UPDATE cell SET residents = {others} WHERE grain = 1 AND day = 20240629", "residents"),
    "a deleted cell": ("DELETE FROM cell WHERE grain = 3 AND day = 20240629", "amount_fen"),
    "an added cell": (
        f"INSERT INTO cell SELECT grain, 20200101, {COPIED} FROM cell WHERE grain = 1 AND day = 20240629",
        "amount_fen",
    ),
    "what was paid": (
        "UPDATE processing_cell SET paid_fen = paid_fen + 1 WHERE grain = 1 AND day = 20240629",
        "paid_fen",
    ),
    "a part by the day of the transfer": (
        "UPDATE processing_cell SET quantity_g = quantity_g + 1 WHERE grain = 4",
        "quantity_g",
    ),
}


def fill(ledger: Ledger, admin: Caller) -> None:
    """Records it: two residents trade on three days, and the truck of the middle day goes on."""
    admin.register(2)
    register_enterprise(
        ledger,
        NewEnterprise("公司", a_credit_code(1), ("processor",), datetime.date(2020, 1, 2), datetime.date(2035, 12, 31)),
        0,
    )
    for day in DAYS:
        for resident in ("R00000001", "R00000002"):
            at = f"{day}T10:00:00+08:00"
            body = a_trade(resident_id=resident, amount_cny="1000.00", traded_at=at, consignment=f"T-{day}")
            assert admin.trade(body).status_code == 201
    middle = StatedGoods.of_consignment("T-2024-06-29")
    post_transfer(ledger, NewTransfer(1, "processing", datetime.date(2024, 6, 30), 50_000, None, None), middle)
    fold_all(ledger)
    fold_all_transfers(ledger)
