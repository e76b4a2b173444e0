"""A list says which of its trades were reversed, and by which entry."""

from service.commands.folding import fold
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller


def test_a_list_names_the_reversal_of_each_trade_in_either_order(admin: Caller, ledger: Ledger) -> None:
    admin.register(1)
    kept, gone = (admin.trade(a_trade(amount_cny=amount)).get_json()["transaction_id"] for amount in ("1.00", "2.00"))
    reversal = admin.reverse(gone).get_json()["transaction_id"]
    for _ in ("in the tail", "in a block"):
        for order in ("newest", "oldest"):
            listed = admin.get(f"/v1/transactions?order={order}").get_json()["items"]
            told = {entry["transaction_id"]: entry["reversed_by"] for entry in listed}
            assert told == {kept: None, gone: reversal, reversal: None}
        fold(ledger)
