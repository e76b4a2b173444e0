"""I3: checks that every cell is what it counts adds up to, and that it names what changed it last."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Generic, NamedTuple, TypeVar

from service.domain.cells import CellKey
from service.domain.processing_cells import ALL_GRAINS, ProcessingCell
from service.queries.verifying.counting import Recount
from service.queries.verifying.faults import UNREADABLE, Wrong, unreadable
from service.storage import cells, processing_cells, processing_recount, recount
from service.storage.engine import Connection
from service.storage.processing_cells import NOTHING_FOLDED
from service.storage.recount import Raw

C = TypeVar("C")


class _Checked(NamedTuple, Generic[C]):
    """The cells of a table as they were counted, each with the number of what changed it last.

    The other values say how they are read, and what they are called.
    """

    counted: Mapping[CellKey, C]
    changed_by: Mapping[CellKey, int]
    cell_of: Callable[[Raw], tuple[CellKey, C]]
    is_as_written: Callable[[Raw], bool]
    name: str
    parts: str
    changed_in: str


def verify_cells(connection: Connection, counted: Recount) -> None:
    """Raises Wrong for a cell whose values are not those counted, for one without entries, and for a missing cell."""
    checked = _Checked(
        counted.cells, counted.changed_by, cells.cell_of, cells.is_as_written, "cell", "entries", "block"
    )
    with closing(recount.cell_rows(connection)) as rows:
        _compare(rows, checked)


def verify_processing_cells(connection: Connection) -> None:
    """Raises Wrong for a cell of transfers as `verify_cells` does, and for a row that says wrongly how far they go.

    The transfers, their lines and the register must have been verified before.
    """
    folded = processing_cells.find_folded(connection)
    if folded != NOTHING_FOLDED and processing_recount.heads_at(connection, folded.fact) != folded:
        raise Wrong(f"The fold of transfers up to fact {folded.fact} is not what the register has up to there.")
    counted: dict[CellKey, ProcessingCell] = {}
    changed_by: dict[CellKey, int] = {}
    with closing(processing_recount.folded_lines(connection, folded)) as lines:
        for line, is_live, changed_in in lines:
            for grain in ALL_GRAINS:
                key = line.cell_in(grain)
                cell = counted.setdefault(key, ProcessingCell())
                if is_live:
                    cell.add(line)
                changed_by[key] = max(changed_in, changed_by.get(key, 0))
    checked = _Checked(
        counted, changed_by, processing_cells.cell_of, processing_cells.is_as_written, "processing cell", "lines",
        "fact",
    )  # fmt: skip
    with closing(processing_recount.cell_rows(connection)) as rows:
        _compare(rows, checked)


def _compare(rows: Iterable[Raw], checked: _Checked[C]) -> None:
    missing = set(checked.counted)
    for row in rows:
        key, cell = _read(row, checked)
        if checked.counted.get(key) != cell:
            raise Wrong(f"The {checked.name} of {_named(key)} is not what its {checked.parts} add up to.")
        named, changed_by = row[-1], checked.changed_by[key]
        if changed_by != named:
            kind = checked.changed_in
            raise Wrong(
                f"The {checked.name} of {_named(key)} names {kind} {named}, and {kind} {changed_by} changed it last."
            )
        missing.discard(key)
    if missing:
        raise Wrong(f"The {checked.name} of {_named(min(missing, key=repr))} is missing.")


def _read(row: Raw, checked: _Checked[C]) -> tuple[CellKey, C]:
    grain, day, dimensions, *_ = row
    try:
        key, cell = checked.cell_of(row[:-1])
        hash(key)
        is_as_written = checked.is_as_written(row)
    except UNREADABLE as error:
        raise unreadable(f"The {checked.name} of day {day}, grain {grain}, {dimensions!r}", error) from None
    if not is_as_written:
        raise Wrong(f"The {checked.name} of {_named(key)} is written otherwise than a fold writes it.")
    return key, cell


def _named(key: CellKey) -> str:
    grain, day, values = key
    return f"{day}, grain {grain}, {values}"
