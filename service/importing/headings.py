"""The headings of a table of trades, in English (the names of the JSON API) and in Chinese (what clerks write).

A file with an unknown heading is refused, because data would be lost silently if its column was left out.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.texts import normal_text
from service.importing.lines import ImportFileError
from service.importing.recognised import table_of

KEY_FIELD = "key"
METADATA_PREFIX = "metadata."
HEADING_SHOWN_MAX = 60

CHINESE_HEADINGS: dict[str, tuple[str, ...]] = {field: tuple(names) for field, names in table_of("headings").items()}
"""Each field and its other headings, the usual heading first. The heading of a weight or an amount states the unit."""

REQUIRED_FIELDS = ("resident_id", "category", "commodity", "origin", "quantity_kg", "amount_cny", "traded_at")


class KnownHeadings:
    """The headings that a kind of table may have. `names` are those of each field, beside the field's own name."""

    def __init__(self, names: Mapping[str, Sequence[str]], required: Sequence[str], *, takes_metadata: bool) -> None:
        """`takes_metadata` allows columns of the clerk's own, which are called metadata.NAME."""
        self.names, self.required, self.takes_metadata = names, frozenset(required), takes_metadata
        self._required_in_order = tuple(required)
        self._fields = {_folded(name): field for field, others in names.items() for name in (field, *others)}

    def field_of(self, heading: str) -> str:
        """The field that a heading stands for, or "" for an unknown heading."""
        text = normal_text(heading)
        folded = _folded(text)
        if folded in self._fields:
            return self._fields[folded]
        is_own = self.takes_metadata and text.startswith(METADATA_PREFIX)
        own = text[len(METADATA_PREFIX) :] if is_own else ""
        return METADATA_PREFIX + own if own else ""

    def missing_in(self, fields: set[str]) -> list[str]:
        """The required fields that are not among these, as a clerk is told them."""
        return [self.described(field) for field in self._required_in_order if field not in fields]

    def described(self, field: str) -> str:
        """A field and its usual heading."""
        others = self.names[field]
        return f"{field} ({others[0]})" if others else field

    def listed(self) -> str:
        """A sentence that names all headings."""
        return f"Known headings: {', '.join(self.described(field) for field in self.names)}."


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its index, its heading in the file, and the field that it fills."""

    index: int
    text: str
    field: str


def match_headings(cells: Sequence[str], line: int, known: KnownHeadings | None = None) -> list[Heading]:
    """The columns of a header line. Columns without a heading are left out, and must be empty in the lines below.

    `known` are the headings of another table than one of trades. Raises ImportFileError when a heading is unknown or
    missing, or when two headings name the same field.
    """
    known = known or TRADE_HEADINGS
    texts = [normal_text(cell) for cell in cells]
    headings = [Heading(i, text, known.field_of(text)) for i, text in enumerate(texts) if text]
    unknown = [_shown(heading.text) for heading in headings if not heading.field]
    if len(unknown) == len(headings):
        raise ImportFileError(f"Line {line} has no known heading; the first line names the columns. {known.listed()}")
    if unknown:
        advice = ' Columns of your own can be called "metadata.NAME".' if known.takes_metadata else ""
        raise ImportFileError(f"Line {line}: {', '.join(unknown)} is no known heading. {known.listed()}{advice}")
    _refuse_twice(headings, line)
    missing = known.missing_in({heading.field for heading in headings})
    if missing:
        raise ImportFileError(f"Line {line}: the heading {', '.join(missing)} is missing. {known.listed()}")
    return headings


def count_known(cells: Sequence[str], known: KnownHeadings | None = None) -> int:
    """How many of the cells are headings. The reader finds the delimiter and the header line by this number."""
    known = known or TRADE_HEADINGS
    return sum(1 for cell in cells if known.field_of(cell))


def _refuse_twice(headings: Sequence[Heading], line: int) -> None:
    first: dict[str, Heading] = {}
    for heading in headings:
        other = first.setdefault(heading.field, heading)
        if other is not heading:
            raise ImportFileError(
                f"Line {line}: {_shown(other.text)} (column {other.index + 1}) and {_shown(heading.text)} "
                f"(column {heading.index + 1}) are both {heading.field}; leave one of them."
            )


def _folded(heading: str) -> str:
    """The heading in one spelling.

    Two headings are the same when they differ only in full-width brackets and letters, upper case, spaces, underscores
    and line breaks.
    """
    text = unicodedata.normalize("NFKC", heading).casefold().replace("_", "")
    return "".join(text.split())


TRADE_HEADINGS = KnownHeadings(CHINESE_HEADINGS, REQUIRED_FIELDS, takes_metadata=True)


def _shown(heading: str) -> str:
    text = heading if len(heading) <= HEADING_SHOWN_MAX else f"{heading[:HEADING_SHOWN_MAX]}…"
    return f'"{text}"'


def usual_heading(field: str) -> str:
    """What clerks mostly call a field: 单据号 for reference."""
    return CHINESE_HEADINGS[field][0]
