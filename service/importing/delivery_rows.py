"""Puts the rows of a table of deliveries together: each delivery becomes one transfer, whole or not at all.

Rows are of one delivery when enterprise, purpose, day, trade point, truck, contract and invoice are the same, wherever
they stand in the file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.deliveries import DeliveryRowSchema
from service.domain.errors import Refusal
from service.domain.transactions import DEFAULT_TRADE_POINT
from service.domain.transfers import TRANSFER_LINES_MAX
from service.importing.deliveries import DELIVERY_FIELDS
from service.importing.headings import KnownHeadings
from service.importing.hiding import hidden_fields, hide_in_parts, hide_numbers
from service.importing.lines import FileLine, ImportFileError
from service.importing.refused_lines import RefusedLine

FILE_LINES_MAX = 100_000
"""How many lines a file may have. Rows of one delivery may stand anywhere, so the whole file is kept in memory."""

LINES_NAMED_MAX = 10
ANOTHER_LINE_CODE = "delivery-refused"

DeliveryName = tuple[object, ...]
Name = Callable[[Mapping[str, Any]], object]
"""Says which enterprise the fields of a row name: equal results mean the same enterprise."""

_ROW = DeliveryRowSchema()


@dataclass(slots=True)
class DeliveryRow:
    """A row that can be read: its line of the file, and its fields as the schema reads them."""

    line: FileLine
    fields: Mapping[str, Any]

    @property
    def names_a_trade(self) -> bool:
        """Whether the row is a trade; otherwise it is a whole truck."""
        return self.fields["transaction_id"] is not None or self.fields["reference"] is not None


@dataclass(slots=True)
class Delivery:
    """The rows of a delivery, in the order of the file, and those of its lines that can't be read."""

    rows: list[DeliveryRow] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)

    @property
    def shared(self) -> Mapping[str, Any]:
        """The fields of its first row, which has what all rows share."""
        return self.rows[0].fields

    def refuse(self, row: DeliveryRow, code: str, *reason: str) -> None:
        """Refuses a row, and with it the delivery. Citizen numbers are hidden in each part of the reason."""
        self.refused.append(RefusedLine(row.line, code, hide_in_parts(*reason)))


@dataclass(slots=True)
class DeliveryFile:
    """All that a file says: rows and refused lines, with the name of the delivery that each of them is of.

    `doubtful` are the lines that may be of any delivery.
    """

    rows: list[DeliveryRow] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    doubtful: list[RefusedLine] = field(default_factory=list)


def read_rows(lines: Iterable[FileLine]) -> DeliveryFile:
    """Reads all lines of a file. Raises ImportFileError when it has too many or can't be read to its end."""
    found = DeliveryFile()
    for count, line in enumerate(lines, 1):
        if count > FILE_LINES_MAX:
            raise ImportFileError(f"The file has more than {FILE_LINES_MAX:,} lines; send it in parts.")
        if line.body is None:
            refused = RefusedLine(line, "unreadable-line", hide_numbers(line.error or ""))
            (found.refused if line.key else found.doubtful).append(refused)
            continue
        try:
            found.rows.append(DeliveryRow(line, _ROW.read(line.body)))
        except Refusal as refusal:
            is_doubtful = any(error.pointer.lstrip("/") in DELIVERY_FIELDS for error in refusal.errors)
            refused = RefusedLine(line, refusal.code, hidden_fields(refusal))
            (found.doubtful if is_doubtful else found.refused).append(refused)
    return found


def put_together(file: DeliveryFile, enterprise_of: Name) -> list[Delivery]:
    """The deliveries of a file without doubtful lines, in the order of their first lines."""
    deliveries: dict[DeliveryName, Delivery] = {}
    said: list[DeliveryRow | RefusedLine] = [*file.rows, *file.refused]
    for one in sorted(said, key=lambda one: one.line.number):
        delivery = deliveries.setdefault(_name(one.line, enterprise_of), Delivery())
        if isinstance(one, DeliveryRow):
            delivery.rows.append(one)
        else:
            delivery.refused.append(one)
    for delivery in deliveries.values():
        _refuse_contradictions(delivery)
    return list(deliveries.values())


def paid_fen_of(delivery: Delivery) -> int | None:
    """What the enterprise pays for a delivery: the sum of its rows, or what the first row states for all of them.

    None when no row states an amount. A delivery in which only some rows state one has been refused.
    """
    stated = [paid for row in delivery.rows if (paid := row.fields["paid_fen"]) is not None]
    return sum(stated) if stated else None


def all_refused(delivery: Delivery) -> list[RefusedLine]:
    """The refused lines of a delivery, and the lines that are refused because of these, in the order of the file."""
    own = {one.line.number: one for one in delivery.refused}
    named = ", ".join(map(str, sorted(own)[:LINES_NAMED_MAX]))
    why = f"Another line of the same delivery is refused ({named}). Correct it, and import the file again."
    others = [RefusedLine(row.line, ANOTHER_LINE_CODE, why) for row in delivery.rows if row.line.number not in own]
    return sorted([*own.values(), *others], key=lambda one: one.line.number)


def _name(line: FileLine, enterprise_of: Name) -> DeliveryName:
    shared = dict(zip(DELIVERY_FIELDS, orjson.loads(line.key), strict=True))
    point = shared["trade_point"] or DEFAULT_TRADE_POINT
    rest = (shared[name] for name in ("purpose", "transferred_on", "consignment", "contract", "invoice"))
    return (enterprise_of(shared), point, *rest)


def _refuse_contradictions(delivery: Delivery) -> None:
    """Refuses what rows of one delivery can't say together."""
    _refuse_beside_a_truck(delivery)
    _refuse_doubtful_amounts(delivery)
    if len(delivery.rows) > TRANSFER_LINES_MAX:
        detail = f"A transfer has {TRANSFER_LINES_MAX:,} lines at most; divide the delivery by its contracts."
        delivery.refuse(delivery.rows[TRANSFER_LINES_MAX], "too-large", detail)


def _refuse_beside_a_truck(delivery: Delivery) -> None:
    """Refuses rows beside one that is a whole truck: it takes all that is left of each trade."""
    truck = next((row for row in delivery.rows if not row.names_a_trade), None)
    for row in delivery.rows if truck is not None else ():
        assert truck is not None
        if row is not truck:
            detail = (
                f"Line {truck.line.number} names no trade, so that the whole truck goes on; name a trade there, or "
                "leave this line out."
            )
            delivery.refuse(row, "repeated", detail)


def _refuse_doubtful_amounts(delivery: Delivery) -> None:
    """Refuses amounts in some of the rows: then the file does not tell what is paid for the delivery."""
    without = [row for row in delivery.rows if row.fields["paid_fen"] is None]
    if not 0 < len(without) < len(delivery.rows):
        return
    if len(without) < len(delivery.rows) - 1 or without[0] is delivery.rows[0]:
        detail = "paid_cny: State the amount in each row of the delivery, or in its first row only, for all of them."
        delivery.refuse(without[0], "amount-missing", detail)


def described(row: DeliveryRow, known: KnownHeadings) -> str:
    """What a row names, as the clerk wrote it, for a message."""
    name = "transaction_id" if row.fields["transaction_id"] is not None else "reference"
    return f"{known.described(name)} {row.fields[name]}"


def line_numbers(rows: Sequence[DeliveryRow]) -> str:
    """The lines of rows as a message names them: "2-54", or "2, 7, 9"."""
    lines = sorted(row.line.number for row in rows)
    if len(lines) == 1:
        return f"line {lines[0]}"
    if lines[-1] - lines[0] + 1 == len(lines):
        return f"lines {lines[0]}-{lines[-1]}"
    return f"lines {', '.join(map(str, lines[:LINES_NAMED_MAX]))}{' …' if len(lines) > LINES_NAMED_MAX else ''}"
