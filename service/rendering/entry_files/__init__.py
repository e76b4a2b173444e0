"""Files of entries, written piece by piece: CSV, NDJSON and XLSX. The last line of each tells how many entries it has.

A server can't tell its caller that a stream has failed half-way: the body just ends. So a file without its last line,
or with another number of entries than that line says, is not whole. `hushi import` refuses such a file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from service.rendering.entry_files.delimited import csv_pieces
from service.rendering.entry_files.json_lines import ndjson_pieces
from service.rendering.entry_files.workbook import ENTRIES_MAX, xlsx_pieces

__all__ = ["ENTRIES_MAX", "PIECES", "csv_pieces", "ndjson_pieces", "xlsx_pieces"]

PIECES: Mapping[str, Callable[[Iterable[Mapping[str, Any]]], Iterator[bytes]]] = {
    "csv": csv_pieces,
    "ndjson": ndjson_pieces,
    "xlsx": xlsx_pieces,
}
"""By its format, the function that makes the pieces of a file from entries as the API answers them."""
