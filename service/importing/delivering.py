"""Imports a table of deliveries: each delivery becomes one transfer, recorded whole or not at all.

An import that was cut off can safely run again, because the idempotency key of a delivery is a hash of what it says. As
with trades, a refusal is no final answer here: the delivery may be sent again when the enterprise is registered.
"""

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from service.commands.once import Attempt
from service.commands.transfer_checks import TransferChecker
from service.commands.transfers import post_transfer
from service.domain.enterprises import enterprise_id
from service.domain.errors import Refusal, Unavailable
from service.domain.idempotency import key_digest, request_fingerprint
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.money import format_cny, format_kg
from service.domain.transfers import transfer_id
from service.importing.deliveries import DELIVERY_HEADINGS
from service.importing.delivery_contents import Contents, EnterpriseNames, read_contents
from service.importing.delivery_rows import (
    Delivery,
    DeliveryFile,
    all_refused,
    described,
    line_numbers,
    put_together,
    read_rows,
)
from service.importing.hiding import hidden_fields
from service.importing.lines import FileLine
from service.importing.refused_lines import RefusedLine
from service.ledger import Ledger
from service.queries.deliveries import enterprises_of_market, find_trades, is_reversed

IMPORT_ROUTE = "transfers/import"
_POINTED_LINE = re.compile(r"/lines/([0-9]+)(?:/.*)?")


@dataclass(slots=True)
class DeliveryTally:
    """How many transfers were recorded, how many were known already, and how many lines were refused.

    `lines` are the lines of the recorded transfers. `left` are the lines that wait because another line of the file
    can't be read, and may be of any delivery.
    """

    recorded: int = 0
    lines: int = 0
    known: int = 0
    refused: int = 0
    left: int = 0


class Settled(NamedTuple):
    """What became of a delivery that is not refused, or what would become of it: a sentence for people."""

    is_known: bool
    said: str


Settle = Callable[[Contents, Attempt], Settled]
"""Records a delivery, or checks it. Raises the refusal of its transfer."""


@dataclass(slots=True)
class DeliveryImport:
    """One run over a table of deliveries; `settle` decides whether it records or only checks.

    `refuse` is called with each refused line, and `tell` with what became of each other delivery.
    """

    ledger: Ledger
    settle: Settle
    refuse: Callable[[RefusedLine], None]
    tell: Callable[[Settled], None]
    tally: DeliveryTally = field(default_factory=DeliveryTally)

    def run(self, lines: Iterable[FileLine], advance: Callable[[float], None]) -> None:
        """Records every delivery and counts it. Calls `advance` with the part of the deliveries that is done, up to 1.

        What is done is on disk then. Raises ImportFileError when the file can't be read to its end: then nothing is
        recorded. Raises what the database raises: the deliveries that are recorded stay, and another run records the
        others.
        """
        file = read_rows(lines)
        if file.doubtful:
            self._refuse_file(file)
            return
        names = EnterpriseNames(enterprises_of_market(self.ledger))
        deliveries = put_together(file, names.identity)
        for place, delivery in enumerate(deliveries, 1):
            self._settle(delivery, names)
            advance(place / len(deliveries))

    def _refuse_file(self, file: DeliveryFile) -> None:
        """Refuses the lines that can't be read. Each of them may be of any delivery, so that no delivery is whole."""
        self.tally.left = len(file.rows)
        for one in sorted([*file.doubtful, *file.refused], key=lambda one: one.line.number):
            self._count_refused(one)

    def _settle(self, delivery: Delivery, names: EnterpriseNames) -> None:
        settled = self._settled(delivery, names)
        if settled is None:
            for one in all_refused(delivery):
                self._count_refused(one)
            return
        self.tally.known += settled.is_known
        self.tally.recorded += not settled.is_known
        self.tally.lines += 0 if settled.is_known else len(delivery.rows)
        self.tell(settled._replace(said=f"{line_numbers(delivery.rows)}: {settled.said}"))

    def _settled(self, delivery: Delivery, names: EnterpriseNames) -> Settled | None:
        """What became of a delivery; None when a line of it is refused."""
        if delivery.refused:
            return None
        contents = read_contents(delivery, names, functools.partial(find_trades, self.ledger))
        if contents is None:
            return None
        try:
            return self.settle(contents, _attempt_of(contents))
        except Unavailable:
            raise
        except Refusal as refusal:
            _refuse_lines(delivery, contents, refusal)
            return None

    def _count_refused(self, refused: RefusedLine) -> None:
        self.tally.refused += 1
        self.refuse(refused)


def recording(ledger: Ledger) -> Settle:
    """Records each delivery as a transfer of its own, in a database transaction of its own."""

    def _record(contents: Contents, attempt: Attempt) -> Settled:
        transfer = post_transfer(ledger, contents.stated, contents.goods, OPERATOR_KEY_ID, attempt).transfer
        if attempt.told is None:
            return Settled(is_known=False, said=f"recorded as {transfer.public_id}")
        return _known(transfer.public_id, is_reversed=is_reversed(ledger, transfer.number))

    return _record


def checking_only(ledger: Ledger, checker: TransferChecker) -> Settle:
    """Says what recording each delivery would do, after the deliveries before it."""

    def _check(contents: Contents, attempt: Attempt) -> Settled:
        number = checker.find_known(attempt)
        if number is not None:
            return _known(transfer_id(number), is_reversed=is_reversed(ledger, number))
        lines = checker.check(contents.stated, contents.goods).lines
        quantity_kg = format_kg(sum(line.quantity_g for line in lines))
        amount_cny = format_cny(sum(line.amount_fen for line in lines))
        trades = "1 trade" if len(lines) == 1 else f"{len(lines)} trades"
        name = enterprise_id(contents.stated.enterprise)
        said = f"would go on to {name} for {contents.stated.purpose}: {trades}, {quantity_kg} kg, {amount_cny} CNY"
        return Settled(is_known=False, said=said)

    return _check


def _known(name: str, *, is_reversed: bool) -> Settled:
    again = "; it was reversed since. To record it again, use hushi transfers add" if is_reversed else ""
    return Settled(is_known=True, said=f"known already as {name}{again}")


def _attempt_of(contents: Contents) -> Attempt:
    """The attempt of a delivery: its key is a hash of all that it says, so the key is its meaning as well."""
    digest = key_digest(OPERATOR_KEY_ID, IMPORT_ROUTE, contents.key)
    first = contents.rows[0].line.number
    return Attempt(digest, request_fingerprint(contents.key), f"import-line-{first}", refusal_is_final=False)


def _refuse_lines(delivery: Delivery, contents: Contents, refusal: Refusal) -> None:
    """Refuses the lines that a refusal points to; the first line of the delivery where it points to none."""
    for error in refusal.errors:
        if match := _POINTED_LINE.fullmatch(error.pointer):
            row = contents.rows[int(match[1])]
            delivery.refuse(row, refusal.code, described(row, DELIVERY_HEADINGS), error.detail)
    if not delivery.refused:
        delivery.refused.append(RefusedLine(delivery.rows[0].line, refusal.code, hidden_fields(refusal)))
