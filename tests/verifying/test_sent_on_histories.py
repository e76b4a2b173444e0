"""A right ledger is never called wrong: random histories of trades, transfers, batches, statuses and reversals.

Each step goes through the command that a request would call. What is refused is refused; `hushi verify` finds nothing
wrong after any of it, whatever was back-dated, suspended later or reversed.
"""

import collections
import datetime
import random
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from service.commands.enterprises import change_enterprise_status, register_enterprise
from service.commands.folding import fold
from service.commands.processing_batches import post_processing_batch, reverse_processing_batch
from service.commands.processing_folding import fold_all_transfers
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.enterprises import EnterpriseKind, NewEnterprise
from service.domain.errors import Refusal
from service.domain.processing_batches import NewProcessingBatch, ProcessingOutput
from service.domain.residents import Status
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer, Purpose
from service.ledger import Ledger
from service.queries.verifying import verify
from tests.builders import a_credit_code, a_trade
from tests.conftest import Caller

STEPS, TRADES, ENTERPRISES, SEED = 120, 10, 3, 2024
FIRST = datetime.date(2024, 6, 1)
KINDS: Sequence[tuple[EnterpriseKind, ...]] = (("processor", "trader"), ("processor",), ("trader",))


class History:
    """A ledger and the chance that decides what happens to it next; `done` counts what was recorded, by kind."""

    def __init__(self, ledger: Ledger, admin: Caller, seed: int) -> None:
        """Begins with residents, trades and enterprises."""
        self.ledger, self.admin, self.chance = ledger, admin, random.Random(seed)
        self.trades: list[str] = []
        self.taken_by: list[int] = []
        """The enterprise of each transfer, in order."""
        self.batches = 0
        self.done: collections.Counter[str] = collections.Counter()
        admin.register(3)
        for ordinal in range(ENTERPRISES):
            ends = None if ordinal else self._day(40)
            register_enterprise(ledger, NewEnterprise("公司", a_credit_code(ordinal), KINDS[ordinal], FIRST, ends), 0)
        for _ in range(TRADES):
            self.buy()

    def step(self) -> None:
        """Does one thing, or has it refused."""
        steps: Sequence[Callable[[], None]] = (
            *[self.send] * 6, *[self.give_back] * 3, *[self.put_in] * 3, self.take_out, self.reverse_trade,
            self.change_status, self.cancel, self.buy, self.fold,
        )  # fmt: skip
        step = self.chance.choice(steps)
        try:
            step()
        except Refusal as refusal:
            self.done[refusal.code] += 1
        else:
            self.done[step.__name__] += 1

    def buy(self) -> None:
        """A trade of an awkward weight and amount."""
        body = a_trade(
            resident_id=f"R0000000{self.chance.randint(1, 3)}",
            quantity_kg=f"0.00{self.chance.randint(1, 9)}",
            amount_cny=f"0.{self.chance.randint(1, 99):02d}",
            traded_at=f"{self._day(20)}T10:00:00+08:00",
            consignment=self.chance.choice([None, "EB-1"]),
            trade_point=self.chance.choice(["erenhot", "another"]),
        )
        answer = self.admin.trade(body)
        assert answer.status_code == 201, answer.get_json()
        self.trades.append(answer.get_json()["transaction_id"])

    def reverse_trade(self) -> None:
        """A reversal of a trade, which goods of it that have gone on forbid."""
        answer = self.admin.reverse(self.chance.choice(self.trades))
        if answer.status_code != 201:
            self.done["reversal " + answer.get_json()["code"]] += 1

    def send(self) -> None:
        """A transfer of a consignment, or of some trades or parts of them, on any day."""
        chance = self.chance
        chosen = chance.sample(self.trades, chance.randint(1, 3))
        lines = [WantedLine(UUID(one), chance.choice([None, 1, 2])) for one in chosen]
        goods = StatedGoods.of_trades(lines) if chance.random() < 0.9 else StatedGoods.of_consignment("EB-1")
        paid = chance.choice([None, 0, 7, 100])
        enterprise = chance.choice([1, 1, 2, 2, 3])
        purpose: Purpose = "secondary_market" if enterprise == ENTERPRISES else "processing"
        day = FIRST + datetime.timedelta(days=chance.randint(15, 60))
        post_transfer(self.ledger, NewTransfer(enterprise, purpose, day, paid, None, None), goods)
        self.taken_by.append(enterprise)

    def give_back(self) -> None:
        """The reversal of a transfer."""
        reverse_transfer(self.ledger, self.chance.randint(1, len(self.taken_by) + 1), "x")

    def put_in(self) -> None:
        """A batch of some transfers."""
        enterprise = self.chance.choice([1, 2])
        its_own = [number for number, taker in enumerate(self.taken_by, 1) if taker == enterprise] or [1]
        numbers = tuple(self.chance.sample(its_own, min(len(its_own), self.chance.randint(1, 2))))
        made = (ProcessingOutput("x", None, 1, None),)
        post_processing_batch(self.ledger, NewProcessingBatch(enterprise, numbers, self._day(90), made))
        self.batches += 1

    def take_out(self) -> None:
        """The reversal of a batch."""
        reverse_processing_batch(self.ledger, self.chance.randint(1, self.batches + 1), "x")

    def change_status(self) -> None:
        """A status of an enterprise from any day on, seldom the last one."""
        status: Status = self.chance.choice(["suspended", "active", "active"])
        change_enterprise_status(self.ledger, self.chance.randint(1, ENTERPRISES), status, "x", self._day(60), 0)

    def cancel(self) -> None:
        """The last status of an enterprise, from a late day on."""
        day = FIRST + datetime.timedelta(days=self.chance.randint(50, 70))
        change_enterprise_status(self.ledger, self.chance.randint(1, ENTERPRISES), "cancelled", "x", day, 0)

    def fold(self) -> None:
        """A block, and cells of what has gone on."""
        fold(self.ledger)
        fold_all_transfers(self.ledger)

    def _day(self, within: int) -> datetime.date:
        return FIRST + datetime.timedelta(days=self.chance.randint(0, within))


@pytest.mark.parametrize("seed", range(6))
def test_a_right_ledger_is_never_called_wrong(ledger: Ledger, admin: Caller, seed: int) -> None:
    history = History(ledger, admin, seed)
    for number in range(STEPS):
        history.step()
        if number % 20 == 0:
            verify(ledger)
    verify(ledger)
    assert {"send", "give_back", "put_in", "change_status", "fold"} <= set(history.done)


def test_histories_refuse_what_they_should(ledger: Ledger, admin: Caller) -> None:
    """The control: the histories reach the refusals that verifying relies on."""
    history = History(ledger, admin, SEED)
    for _ in range(2 * STEPS):
        history.step()
    refused = {"enterprise-not-active", "quantity-exceeded", "transfer-in-batch", "reversal has-transfers"}
    assert refused | {"take_out", "cancel"} <= set(history.done)
