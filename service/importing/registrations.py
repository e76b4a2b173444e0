"""The columns of a table of residents: its headings, and how a clerk's cells become the body of a registration."""

import datetime
from typing import ClassVar

from service.domain.transactions import business_day
from service.importing.cells import ReadCell
from service.importing.headings import KnownHeadings
from service.importing.plain import text
from service.importing.recognised import table_of, words_in
from service.importing.table import FileColumns
from service.importing.times import instant
from service.importing.words import fold_word

RESIDENT_HEADINGS = KnownHeadings(
    table_of("resident_headings"), ("name", "id_number", "registered_on"), takes_metadata=False
)
NO_END = frozenset(words_in("no_end"))


class RegistrationColumns(FileColumns):
    """The columns of a table of residents. A line has no key: its citizen number tells whether it is registered."""

    known: ClassVar[KnownHeadings] = RESIDENT_HEADINGS
    is_personal: ClassVar[bool] = True

    def readers(self, *, grouped: bool, is_typed: bool) -> dict[str, ReadCell]:
        """The reader of each field; a field without one is read as text."""
        return {"id_number": citizen_number, "registered_on": day, "valid_until": last_day}

    def key_of(self, body: dict[str, object], own_key: str | None) -> str:
        """No key."""
        return ""


def citizen_number(cell: str) -> str:
    """The number as the cell holds it. Raises ValueError on what a spreadsheet has left of one, and shows no digit."""
    try:
        return text(cell)
    except ValueError:
        raise ValueError(
            "This is what a spreadsheet has left of the number; format the column as text and type it again."
        ) from None


def day(cell: str) -> str:
    """The business day of a clerk's date or time: "2024/4/1" is 2024-04-01. Raises ValueError."""
    return business_day(datetime.datetime.fromisoformat(instant(cell))).isoformat()


def last_day(cell: str) -> str | None:
    """The last day of a registration; None for a word that says that it has no end."""
    return None if fold_word(cell) in NO_END else day(cell)
