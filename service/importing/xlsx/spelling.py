"""Spells a number or date of a worksheet's cell as the spreadsheet shows it, or refuses it.

The value that a cell holds and the value that it shows may differ: 380.5 under the format 0 is shown as 381. Then the
file does not tell which of the two was meant.
"""

import datetime
import decimal
import functools
import re
import unicodedata
from collections.abc import Callable, Sequence

from service.importing.headings import Heading
from service.importing.numbers import CNY_DECIMALS, CNY_UNITS, KG_DECIMALS, KG_UNITS
from service.importing.quoting import shown
from service.importing.times import MARKET_OFFSET
from service.importing.xlsx.number_formats import number_format
from service.importing.xlsx.sheet import Fault, IsoDate, Serial, SheetCell, Shown

FLOAT_NOISE_MAX = 1e-9
DIGITS_KEPT_MAX = 15
MILLISECONDS_PER_DAY, MILLISECONDS_PER_SECOND = 86_400_000, 1_000
HALF_A_SECOND_BEFORE_MIDNIGHT = 1 - 0.5 / 86_400
DAY_NOISE_MAX = 2e-10
"""The noise of a count of days, because a spreadsheet keeps 15 digits only."""

NOISE_MILLISECONDS_MAX = 5
SERIAL_MAX = 100_000
"""Excel's number of a day in 2173. A greater number is no time but a date that was typed as a number, such as
20240401."""

FORMATS_KNOWN_MAX = 256

CellSpelling = Callable[[float | IsoDate], str]

_CNY_SIGNS = re.compile(rf"{CNY_UNITS}|[,\s]", re.IGNORECASE)
_KG_SIGNS = re.compile(rf"{KG_UNITS}|[,\s]", re.IGNORECASE)
_ISO_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?))?(?:Z|\+08:00)?", re.ASCII
)


def column_spellings(
    headings: Sequence[Heading], width: int, *, counts_from_1904: bool
) -> list[tuple[str, CellSpelling]]:
    """For each column, its heading and the function that spells a number in it."""
    epoch = datetime.datetime(1904, 1, 1) if counts_from_1904 else datetime.datetime(1899, 12, 30)  # noqa: DTZ001 (market time)
    special: dict[str, CellSpelling] = {
        "quantity_kg": lambda number: spell_decimal(number, KG_DECIMALS, _KG_SIGNS),
        **dict.fromkeys(("amount_cny", "paid_cny"), lambda number: spell_decimal(number, CNY_DECIMALS, _CNY_SIGNS)),
        "id_number": spell_citizen_number,
        **dict.fromkeys(
            ("traded_at", "registered_on", "valid_until", "transferred_on"),
            lambda number: spell_instant(number, epoch),
        ),
    }
    spellings: list[tuple[str, CellSpelling]] = [("", str)] * width
    for heading in headings:
        spellings[heading.index] = (heading.text, special.get(heading.field, spell_identifier))
    return spellings


def spell_cell(cell: SheetCell, spell: CellSpelling) -> str:
    """The cell as text; `spell` spells a number or date. Raises a ValueError that says what to send instead."""
    if isinstance(cell, Fault):
        raise ValueError(str(cell))
    if isinstance(cell, bool):
        raise ValueError(f"{str(cell).upper()} is a truth value; send text.")
    if isinstance(cell, str) and not isinstance(cell, IsoDate):
        return cell
    return spell(cell)


def spell_decimal(number: float | IsoDate, decimals: int, units: re.Pattern[str] = _CNY_SIGNS) -> str:
    """An amount or weight in decimals: 0.30000000000000004 is "0.30". It raises ValueError and never rounds a value.

    `units` are the signs that the cell's format may show around the number. It raises ValueError as well when the
    format shows another sign or other digits.
    """
    if isinstance(number, IsoDate | Serial):
        raise ValueError(MADE_A_DATE)
    rounded = round(number, decimals)
    if abs(number - rounded) > FLOAT_NOISE_MAX:
        raise ValueError(f"{float(number)!r} has more than {decimals} decimals; round it to what was weighed or paid.")
    spelled = f"{rounded:.{decimals}f}"
    if isinstance(number, Shown) and not _is_shown_as(number, spelled, decimals, units):
        raise ValueError(
            f"The cell holds {spelled} and shows {shown(_show(number))}; format it as General, or as a number with "
            f"{decimals} decimals, and look whether it says what was weighed or paid."
        )
    return spelled


def _is_shown_as(number: Shown, spelled: str, decimals: int, units: re.Pattern[str]) -> bool:
    """Whether the format shows the same number as `spelled`."""
    places = _places_shown(number.format.code, units)
    if places is not None and number > 0:
        # Nearly every amount is decided here: the format shows it when the decimals that it hides are zeros.
        return places >= decimals or not spelled[places - decimals :].strip("0")
    return _amount_shown(number, units) == decimal.Decimal(spelled)


@functools.lru_cache(FORMATS_KNOWN_MAX)
def _places_shown(code: str, units: re.Pattern[str]) -> int | None:
    """How many decimals a format shows, when it adds nothing but a unit; None for other formats."""
    plain = number_format(code).plain
    return None if plain is None or units.sub("", unicodedata.normalize("NFKC", plain[1])) else plain[0]


def _amount_shown(number: Shown, units: re.Pattern[str]) -> decimal.Decimal | None:
    """The number that a format shows, without units and separators; None when the rest is no number."""
    try:
        return decimal.Decimal(units.sub("", unicodedata.normalize("NFKC", _show(number))))
    except decimal.InvalidOperation:
        return None


def spell_identifier(number: float | IsoDate) -> str:
    """A code or document number that was typed as a number: 20240401.0 is "20240401", 123 under 000000 is "000123".

    Raises ValueError on a date, and on a number that has decimals or more digits than a spreadsheet keeps.
    """
    if isinstance(number, IsoDate | Serial):
        raise ValueError(MADE_A_DATE)
    if not number.is_integer() or abs(number) >= 10**DIGITS_KEPT_MAX:
        raise ValueError(
            f"{float(number)!r} is kept as a number, which loses digits; format the column as text and type it again."
        )
    return _show(number) if isinstance(number, Shown) else str(int(number))


def spell_citizen_number(_number: float | IsoDate) -> str:
    """Raises ValueError: a spreadsheet keeps 15 digits of a number, and a citizen number has 18. It shows no digit."""
    raise ValueError("The cell is a number, which has lost digits; format the column as text and type it again.")


def spell_instant(cell: float | IsoDate, epoch: datetime.datetime) -> str:
    """A time in RFC 3339, in market time, from Excel's count of days, which has float noise below a millisecond.

    In the files of SheetJS, a date that is held as text ends with a Z. The Z is no zone: the cell shows the market's
    clock. A number under a format for numbers is read as it is shown: 20240401 under 0000-00-00. When the format shows
    no parts of a second, noise is taken off, and the last half second of a day raises ValueError: Excel rounds it up to
    the next day, and other programs, and formats without seconds, do not. Other values that are no time raise
    ValueError as well.
    """
    if isinstance(cell, IsoDate):
        match = _ISO_DATE.fullmatch(cell)
        if match is None:
            raise ValueError(f'{shown(cell)} is no date with a time; send text like "2024-04-01 09:30".')
        return f"{match[1]} {match[2] or '00:00'}"
    if isinstance(cell, Shown) and not isinstance(cell, Serial):
        return _show(cell)
    if not 0 < cell < SERIAL_MAX:
        raise ValueError(
            f'{float(cell)!r} is no time; format the cell as a date, or send text like "2024-04-01 09:30".'
        )
    milliseconds = round(cell * MILLISECONDS_PER_DAY)
    if isinstance(cell, Serial) and not cell.shows_decimals:
        if HALF_A_SECOND_BEFORE_MIDNIGHT < cell % 1 < 1 - DAY_NOISE_MAX:
            raise ValueError(
                f"{float(cell)!r} is less than half a second before midnight, and is shown on either of two days; "
                'send text like "2024-04-01 23:59:59".'
            )
        milliseconds = _without_noise(milliseconds)
    moment = epoch + datetime.timedelta(milliseconds=milliseconds)
    return f"{moment.isoformat(timespec='milliseconds' if moment.microsecond else 'seconds')}{MARKET_OFFSET}"


def _without_noise(milliseconds: int) -> int:
    """The nearest whole second when it is within NOISE_MILLISECONDS_MAX, else the milliseconds unchanged.

    The format shows whole seconds, and sums of times and rounded numbers lie a little beside them.
    """
    second = (milliseconds + MILLISECONDS_PER_SECOND // 2) // MILLISECONDS_PER_SECOND * MILLISECONDS_PER_SECOND
    return second if abs(milliseconds - second) <= NOISE_MILLISECONDS_MAX else milliseconds


def _show(number: Shown) -> str:
    """The text that the spreadsheet shows. Raises ValueError when the format is not understood."""
    text = number.format.show(number)
    if text is None:
        raise ValueError(
            f"{float(number)!r} is shown by the format {shown(number.format.code)}, which is not understood; "
            "format the column as text (or an amount as General) and type it again."
        )
    return text


MADE_A_DATE = "The spreadsheet has made a date of it; format the column as text and type it again."
