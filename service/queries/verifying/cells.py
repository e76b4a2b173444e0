"""I3: checks that every cell is what it counts adds up to, and that it names what changed it last."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any, Generic, NamedTuple, TypeVar

from service.domain.cells import Cell, CellKey
from service.domain.processing_cells import ProcessingCell
from service.queries.verifying.counting import CountedRow, Recount
from service.queries.verifying.faults import UNREADABLE, Wrong, unreadable
from service.queries.verifying.processing_counting import count_lines
from service.storage import cells, processing_cells, processing_recount, recount
from service.storage.cell_tables import RawKey, cell_key_of
from service.storage.engine import Connection
from service.storage.processing_cells import NOTHING_FOLDED, FoldedUpTo
from service.storage.raw_rows import Raw

C = TypeVar("C")
KEY_LENGTH = 3


class CheckedCells(NamedTuple, Generic[C]):
    """How the cells of a table are read, and what they, their parts and what changes them are called."""

    cell_of: Callable[[Raw], tuple[CellKey, C]]
    is_as_written: Callable[[Raw], bool]
    values_of: Callable[[C], tuple[Any, ...]]
    measures: tuple[str, ...]
    name: str
    parts: str
    changed_in: str


TRADE_CELLS: CheckedCells[Cell] = CheckedCells(
    cells.cell_of, cells.is_as_written, cells.sums_and_sets, cells.MEASURES, "cell", "entries", "block"
)
PROCESSING_CELLS: CheckedCells[ProcessingCell] = CheckedCells(
    processing_cells.cell_of, processing_cells.is_as_written, processing_cells.sums_and_sets,
    processing_cells.MEASURES, "processing cell", "lines", "fact",
)  # fmt: skip


class CellFault(NamedTuple):
    """A cell that is not what it must be: the key of its row, what it must hold (None: it must not be), the fault."""

    key: RawKey
    counted: CountedRow | None
    said: Wrong


TellFault = Callable[[CheckedCells[Any], CellFault], None]
"""What is done with each cell that is not right."""


def raise_wrong(_kind: CheckedCells[Any], fault: CellFault) -> None:
    """Ends the verification at the first cell that is not right. Raises Wrong."""
    raise fault.said


def verify_cells(connection: Connection, counted: Recount, tell: TellFault = raise_wrong) -> int:
    """The number of cells. It tells each cell whose values are not those counted, and each that is missing."""
    rows = counted.cell_rows()
    number = len(rows)
    with closing(recount.cell_rows(connection)) as stored:
        for fault in find_faults(stored, rows, TRADE_CELLS):
            tell(TRADE_CELLS, fault)
    return number


def verify_processing_cells(connection: Connection, tell: TellFault = raise_wrong) -> FoldedUpTo:
    """Tells cells of transfers as `verify_cells` does, and returns how far they are folded.

    Raises Wrong for a row that says wrongly how far they go. The transfers, their lines and the register
    must have been verified before.
    """
    folded = processing_cells.find_folded(connection)
    if folded != NOTHING_FOLDED and processing_recount.heads_at(connection, folded.fact) != folded:
        raise Wrong(f"The fold of transfers up to fact {folded.fact} is not what the register has up to there.")
    rows = count_lines(connection, folded)
    with closing(processing_recount.cell_rows(connection)) as stored:
        for fault in find_faults(stored, rows, PROCESSING_CELLS):
            tell(PROCESSING_CELLS, fault)
    return folded


def find_faults(
    stored: Iterable[Raw], counted: dict[RawKey, CountedRow], kind: CheckedCells[Any]
) -> Iterator[CellFault]:
    """Compares stored rows with what was counted, and tells each difference.

    It takes out of `counted` what it has seen. A row that has the very bytes that a fold writes is right, and is
    not read any further. Of any other row the values are compared, because one set may be written in more than one way.
    """
    for row in stored:
        key = row[0], row[1], row[2]
        expected = counted.pop(key, None)
        if expected is None or row[KEY_LENGTH:] != expected.as_stored():
            wrong = _why_wrong(row, expected, kind)
            if wrong is not None:
                yield CellFault(key, expected, wrong)
    for key in sorted(counted):
        yield CellFault(key, counted[key], Wrong(f"The {kind.name} of {named(cell_key_of(key))} is missing."))


def _why_wrong(row: Raw, expected: CountedRow | None, kind: CheckedCells[Any]) -> Wrong | None:
    grain, day, dimensions, *_ = row
    *_, changed_in = row
    try:
        key, cell = kind.cell_of(row[:-1])
        hash(key)
        is_as_written = kind.is_as_written(row)
    except UNREADABLE as error:
        return unreadable(f"The {kind.name} of day {day}, grain {grain}, {dimensions!r}", error)
    if not is_as_written:
        return Wrong(f"The {kind.name} of {named(key)} is written otherwise than a fold writes it.")
    if expected is None or kind.values_of(cell) != (*expected.sums, *expected.sets):
        return Wrong(f"The {kind.name} of {named(key)} is not what its {kind.parts} add up to.")
    if expected.changed_in != changed_in:
        return Wrong(
            f"The {kind.name} of {named(key)} names {kind.changed_in} {changed_in}, and {kind.changed_in} "
            f"{expected.changed_in} changed it last."
        )
    return None


def named(key: CellKey) -> str:
    """A cell as a person finds it: day, grain and the values of its dimensions."""
    grain, day, values = key
    return f"{day}, grain {grain}, {values}"
