"""The columns of a table of deliveries: what of the market's goods goes on to which enterprise, as clerks list it.

A row is a trade, a part of one, or a whole truck. Rows of one delivery have the same enterprise, purpose, day, truck,
contract and invoice, and become one transfer.
"""

import re
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

import orjson

from service.importing.cells import ReadCell, trade_point, word_reader
from service.importing.headings import KnownHeadings
from service.importing.lines import FileLine, shorten_raw
from service.importing.numbers import CNY_DECIMALS, CNY_UNITS, KG_DECIMALS, KG_UNITS, decimal_reader
from service.importing.plain import code, document_number, text
from service.importing.recognised import meanings, table_of
from service.importing.registrations import day
from service.importing.table import FileColumns

DELIVERY_FIELDS = (
    "enterprise",
    "credit_code",
    "purpose",
    "transferred_on",
    "trade_point",
    "consignment",
    "contract",
    "invoice",
)
"""What the rows of one delivery have in common."""

DELIVERY_HEADINGS = KnownHeadings(table_of("transfer_headings"), ("purpose", "transferred_on"), takes_metadata=False)
PURPOSE_WORDS = meanings("purposes")

_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class DeliveryColumns(FileColumns):
    """The columns of a table of deliveries. The key of a line names its delivery, also when the line has an error.

    The key is empty when a cell that all rows of a delivery share can't be read: such a line may be of any delivery.
    """

    known: ClassVar[KnownHeadings] = DELIVERY_HEADINGS
    _is_doubtful = False

    def readers(self, *, grouped: bool, is_typed: bool) -> dict[str, ReadCell]:
        """The reader of each field."""
        readers: dict[str, ReadCell] = {
            "enterprise": text,
            "credit_code": code,
            "purpose": word_reader(PURPOSE_WORDS),
            "transferred_on": day,
            "trade_point": trade_point,
            "consignment": code,
            "contract": code if is_typed else document_number,
            "invoice": code if is_typed else document_number,
            "transaction_id": trade_name,
            "reference": code if is_typed else document_number,
            "quantity_kg": decimal_reader(KG_DECIMALS, grouped=grouped, units=KG_UNITS),
            "paid_cny": decimal_reader(CNY_DECIMALS, grouped=grouped, units=CNY_UNITS),
        }
        return readers | {field: self._noting_doubt(readers[field]) for field in DELIVERY_FIELDS}

    def line(self, number: int, cells: Sequence[str], raw: str, known_errors: Sequence[str] = ()) -> FileLine:
        """The line for a row. A workbook's error may be of any cell, so it makes the delivery of the row doubtful."""
        self._is_doubtful = bool(known_errors)
        return super().line(number, cells, raw, known_errors)

    def key_of(self, body: dict[str, object], own_key: str | None) -> str:
        """The name of the row's delivery; rows with the same name are of one delivery."""
        return orjson.dumps([body.get(field) for field in DELIVERY_FIELDS]).decode()

    def _finished(self, number: int, body: dict[str, object], errors: list[str], raw: str) -> FileLine:
        if not errors or self._is_doubtful:
            return super()._finished(number, body, errors, raw)
        return FileLine(number, self.key_of(body, None), None, " ".join(errors), shorten_raw(raw))

    def _noting_doubt(self, read: ReadCell) -> ReadCell:
        """A reader that also notes that the cell can't be read."""

        def _read(cell: str) -> object:
            try:
                return read(cell)
            except ValueError:
                self._is_doubtful = True
                raise

        return _read


def trade_name(cell: str) -> str:
    """The id of a trade, or the number of its document, which is at most 64 characters long and no UUID."""
    return str(UUID(cell)) if _UUID.fullmatch(cell) else document_number(cell)
