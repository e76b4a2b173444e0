"""Entries as NDJSON: each line is an entry as the API answers it, and the last line the number of entries."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from service.rendering.entry_files.columns import COUNT, pieces_of


def ndjson_pieces(entries: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The pieces of the file."""
    count = 0
    for some in pieces_of(entries):
        count += len(some)
        yield b"".join(orjson.dumps(entry) + b"\n" for entry in some)
    yield orjson.dumps({COUNT: count}) + b"\n"
