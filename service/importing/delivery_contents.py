"""Finds what a delivery names: its enterprise by id, credit code or name, its trades by id or document number."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from service.domain.enterprises import Enterprise, enterprise_id, name_form
from service.domain.transactions import Transaction
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer
from service.importing.deliveries import DELIVERY_HEADINGS
from service.importing.delivery_rows import Delivery, DeliveryRow, described, paid_fen_of
from service.storage.journal import Related

HASH_BYTES = 16

DocumentName = tuple[str, str]
"""A trade point and the number of a document there."""


FindTrades = Callable[[Collection[UUID], Collection[DocumentName]], Related]


class Contents(NamedTuple):
    """What a delivery says, as a transfer: `rows` are in the order of the goods. Equal contents have equal keys."""

    stated: NewTransfer
    goods: StatedGoods
    rows: list[DeliveryRow]
    key: str


class EnterpriseNames:
    """The enterprises of the market by their ids, their credit codes and their names."""

    def __init__(self, enterprises: Iterable[Enterprise]) -> None:
        """Two enterprises may have one name; names are compared without case, blanks and full-width spellings."""
        self._by_text: dict[str, set[int]] = {}
        self._by_code: dict[str, set[int]] = {}
        for one in enterprises:
            self._by_code[one.credit_code] = {one.number}
            for text in (enterprise_id(one.number), one.credit_code, one.name):
                self._by_text.setdefault(name_form(text), set()).add(one.number)

    def identity(self, shared: Mapping[str, Any]) -> object:
        """The number of the enterprise that a row names; what the row says, where that is no one enterprise."""
        found = self._found(shared)
        return next(iter(found)) if len(found) == 1 else (shared["enterprise"], shared["credit_code"])

    def number_of(self, shared: Mapping[str, Any]) -> int:
        """The number of the enterprise that a row names. Raises ValueError that says what to send."""
        found = self._found(shared)
        told = " and ".join(str(shared[name]) for name in ("enterprise", "credit_code") if shared[name] is not None)
        if not found:
            raise ValueError(f"No enterprise is registered as {told}; register it first, or read the name again.")
        if len(found) > 1:
            ids = ", ".join(map(enterprise_id, sorted(found)))
            raise ValueError(f"Several enterprises are called {told}: {ids}; send the id or the credit code of one.")
        return next(iter(found))

    def _found(self, shared: Mapping[str, Any]) -> set[int]:
        """The enterprises that fit all that a row says."""
        text, code = shared["enterprise"], shared["credit_code"]
        by_text = None if text is None else self._by_text.get(name_form(text), set())
        by_code = None if code is None else self._by_code.get(code.upper(), set())
        if by_text is None or by_code is None:
            return (by_code if by_text is None else by_text) or set()
        return by_text & by_code


def read_contents(delivery: Delivery, names: EnterpriseNames, find_trades: FindTrades) -> Contents | None:
    """What a delivery says. When it names what does not exist, its rows are refused, and the result is None."""
    shared, first = delivery.shared, delivery.rows[0]
    number = 0
    try:
        number = names.number_of(shared)
    except ValueError as error:
        delivery.refuse(first, "unknown-enterprise", "enterprise", str(error))
    goods, rows = _goods(delivery, find_trades)
    if delivery.refused or goods is None:
        return None
    stated = NewTransfer(
        number,
        shared["purpose"],
        shared["transferred_on"],
        paid_fen_of(delivery),
        shared["contract"],
        shared["invoice"],
    )
    return Contents(stated, goods, rows, _key_of(stated, goods))


def _goods(delivery: Delivery, find_trades: FindTrades) -> tuple[StatedGoods | None, list[DeliveryRow]]:
    """The goods of a delivery, and its rows in their order: that of the trades' ids, whatever the file's order is."""
    first = delivery.rows[0]
    if not first.names_a_trade:
        return StatedGoods.of_consignment(first.fields["consignment"], first.fields["trade_point"]), [first]
    trades = _trades_of(delivery, find_trades)
    if delivery.refused:
        return None, []
    ids = sorted(trades)
    lines = [WantedLine(transaction_id, trades[transaction_id].fields["quantity_g"]) for transaction_id in ids]
    return StatedGoods.of_trades(lines), [trades[transaction_id] for transaction_id in ids]


def _trades_of(delivery: Delivery, find_trades: FindTrades) -> dict[UUID, DeliveryRow]:
    """The rows of a delivery by the trades that they name; refuses rows that name none, another one, or one again."""
    ids = {found for row in delivery.rows if (found := _id_of(row)) is not None}
    documents = {name for row in delivery.rows for name in _documents_of(row)}
    known, trades = find_trades(ids, documents), dict[UUID, DeliveryRow]()
    for row in delivery.rows:
        try:
            trade = _trade_of(row, known)
        except ValueError as error:
            delivery.refuse(row, "unknown-trade", described(row, DELIVERY_HEADINGS), str(error))
            continue
        before = trades.setdefault(trade.transaction_id, row)
        if before is not row:
            detail = f"Line {before.line.number} names this trade already; add the quantities up in one line."
            delivery.refuse(row, "repeated", described(row, DELIVERY_HEADINGS), detail)
    return trades


def _id_of(row: DeliveryRow) -> UUID | None:
    """The id in the column of ids; None when there is a document number or nothing."""
    try:
        return UUID(row.fields["transaction_id"] or "")
    except ValueError:
        return None


def _documents_of(row: DeliveryRow) -> list[DocumentName]:
    """The documents that a row names; a column of ids may hold document numbers as well."""
    stated = [] if _id_of(row) is not None else [row.fields["transaction_id"]]
    return [(row.fields["trade_point"], number) for number in (*stated, row.fields["reference"]) if number is not None]


def _trade_of(row: DeliveryRow, known: Related) -> Transaction:
    """The trade that a row names. Raises ValueError that says what to send instead."""
    transaction_id, point = _id_of(row), row.fields["trade_point"]
    named = [known.by_reference.get(name) for name in _documents_of(row)]
    if transaction_id is not None:
        named.append(known.by_id.get(transaction_id))
    found = named[0]
    if found is None or None in named:
        raise ValueError(f"The ledger has no such trade at {point}; read the number again, or import the trade first.")
    if any(other != found for other in named):
        raise ValueError("The id and the document number are those of two trades; leave one of them out.")
    consignment = row.fields["consignment"]
    if consignment is not None and consignment != found.consignment:
        other = "no truck" if found.consignment is None else found.consignment
        raise ValueError(f"The trade is of {other}, and not of {consignment}; read the line again.")
    return found


def _key_of(stated: NewTransfer, goods: StatedGoods) -> str:
    """The idempotency key of a delivery: a hash of all that it says."""
    text = orjson.dumps([stated, goods.consignment, goods.trade_point, goods.lines], default=tuple)
    return f"delivery:{hashlib.blake2b(text, digest_size=HASH_BYTES).hexdigest()}"
