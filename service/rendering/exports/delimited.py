"""CSV for machines: names as on the wire, UTF-8 with a byte-order mark so that Excel reads Chinese, CRLF."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from service.rendering.exports.columns import table_of

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_of(document: Mapping[str, Any]) -> bytes:
    """The CSV file of a report's or a series' document; the total is the last row, null is empty."""
    table = table_of(document)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_harmless(column.wire_name) for column in table.columns])
    for row in table.rows:
        writer.writerow(
            [
                _harmless(value) if column.kind == "text" else value
                for column, value in zip(table.columns, row, strict=True)
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def _harmless(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe: names are whatever somebody has sent."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
