"""NDJSON: one transaction body a line, as the JSON API takes it, with an optional `key` beside."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any, NoReturn

from service.importing.csv.reader import TextLines
from service.importing.headings import KEY_FIELD
from service.importing.keys import LineKeys
from service.importing.lines import FileLine, refused_line, shorten_raw


class JsonLines(TextLines):
    """The lines of an NDJSON file."""

    def __init__(self, path: pathlib.Path, encoding: str | None = None) -> None:
        """Raises ImportFileError on bytes that are no text."""
        super().__init__(path, encoding)
        self._keys = LineKeys()

    def __iter__(self) -> Iterator[FileLine]:
        """The lines, blank ones left out."""
        for text in self._physical:
            number, _ = self._physical.take_record()
            if not text.isspace():
                yield self._line_of(number, text)

    def _line_of(self, number: int, text: str) -> FileLine:
        try:
            body = _parse_object(text)
            own_key = body.pop(KEY_FIELD, None)
            if own_key is not None and not isinstance(own_key, str):
                raise ValueError("key: send text.")
            key = self._keys.key_of(body, own_key)
        except ValueError as error:
            return refused_line(number, str(error), shorten_raw(text))
        return FileLine(number, key, body, None, shorten_raw(text))


def _parse_object(text: str) -> dict[str, object]:
    try:
        body = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This is no JSON ({error.msg}, character {error.colno}); send one object a line.") from None
    except RecursionError:
        raise ValueError("The JSON is nested too deeply; send one flat object a line.") from None
    if not isinstance(body, dict):
        raise ValueError("This is JSON but no object; send one object a line, such as {...}.")
    return body


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'The field "{repeated}" is there twice; send each once.')
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON; send amounts and weights as text.")


_DECODER = json.JSONDecoder(object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
