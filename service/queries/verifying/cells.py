"""I3: checks that every cell is what its entries add up to, and that it names the block that changed it last."""

from contextlib import closing

from service.domain.cells import Cell, CellKey
from service.queries.verifying.counting import Recount
from service.queries.verifying.faults import UNREADABLE, Wrong, unreadable
from service.storage import cells, recount
from service.storage.engine import Connection
from service.storage.recount import Raw


def verify_cells(connection: Connection, counted: Recount) -> None:
    """Raises Wrong for a cell whose values are not those counted, for one without entries, and for a missing cell."""
    missing = set(counted.cells)
    with closing(recount.cell_rows(connection)) as rows:
        for row in rows:
            key, cell, block = _read(row)
            if counted.cells.get(key) != cell:
                raise Wrong(f"The cell of {_named(key)} is not what its entries add up to.")
            if counted.changed_by[key] != block:
                changed_by = counted.changed_by[key]
                raise Wrong(f"The cell of {_named(key)} names block {block}, and block {changed_by} changed it last.")
            missing.discard(key)
    if missing:
        raise Wrong(f"The cell of {_named(min(missing, key=repr))} is missing.")


def _read(row: Raw) -> tuple[CellKey, Cell, int]:
    *stored, block = row
    grain, day, dimensions, *_, residents = stored
    try:
        key, cell = cells.cell_of(stored)
        hash(key)
    except UNREADABLE as error:
        raise unreadable(f"The cell of day {day}, grain {grain}, {dimensions!r}", error) from None
    if cell.residents.serialize() != bytes(residents) or cells.dimensions_text(key[2]) != dimensions:
        raise Wrong(f"The cell of {_named(key)} is written otherwise than a fold writes it.")
    return key, cell, block


def _named(key: CellKey) -> str:
    grain, day, values = key
    return f"{day}, grain {grain}, {values}"
