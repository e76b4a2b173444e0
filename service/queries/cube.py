"""The cube of a process, brought up to the ledger's last commit before each question: folded cells plus the tail.

Everything is read from one snapshot, under one lock, so that a question sees each entry once: either in a cell or in
the tail. Cells are loaded by the block that changed them; entries of the tail are laid over copies of cells.
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.domain.cells import Cell, CellKey, Grain, apply, reversed_pairs, touched_cells
from service.domain.cube import Cube
from service.ledger import Ledger
from service.storage import cells, standing, tail
from service.storage.engine import Connection
from service.storage.standing import Position, Registrations


@dataclass(frozen=True, slots=True)
class Standing:
    """A cube and the position that it is exact at, with the snapshot it was read from still open."""

    cube: Cube
    position: Position
    registrations: Registrations
    connection: Connection


class CubeKeeper:
    """The one cube of a process."""

    def __init__(self, ledger: Ledger) -> None:
        """Loads nothing before the first question."""
        self._ledger = ledger
        self._lock = threading.Lock()
        self._cube = Cube()
        self._position = Position(0, 0, b"")
        self._grains: list[Grain] = []
        self._known: set[int] = set()
        self._covered: dict[CellKey, Cell | None] = {}

    @contextmanager
    def standing(self, grains: Collection[Grain] = ()) -> Iterator[Standing]:
        """The cube as of now, for as long as it is used, with the cells of these grains. Raises DatabaseUnavailable.

        A grain is loaded when it is first asked for: most processes never need the finest.
        """
        with self._lock, self._ledger.database.reading() as connection:
            position, registrations = standing.read(connection)
            missing = [grain for grain in grains if grain not in self._grains]
            if missing or position.block != self._position.block:
                self._uncover()
                self._load(connection, missing)
            if missing or position != self._position:
                self._cover(connection)
            self._position = position
            yield Standing(self._cube, position, registrations, connection)

    def _load(self, connection: Connection, missing: list[Grain]) -> None:
        """Loads what blocks have changed since the last time, and grains that were not asked for before."""
        loads = [(self._grains, self._position.block), (missing, 0)]
        for grains, after_block in loads:
            for key, cell in cells.load_changed(connection, after_block, [grain.number for grain in grains]):
                self._cube.put(key, cell)
        self._grains.extend(missing)

    def _uncover(self) -> None:
        """Takes the tail off again: what it covered is the folded cell, or nothing."""
        for key, cell in self._covered.items():
            if cell is None:
                self._cube.take_out(key)
            else:
                self._cube.put(key, cell)
        self._covered.clear()
        self._known.clear()

    def _cover(self, connection: Connection) -> None:
        """Lays the entries of the tail that are not there yet over copies of the cells they touch."""
        fresh = [seq for seq in tail.list_seqs(connection) if seq not in self._known]
        if not fresh:
            return
        entries = tail.find_entries(connection, fresh)
        live = tail.find_live(connection, reversed_pairs(entries))
        changed: dict[CellKey, Cell] = {}
        for key in touched_cells(entries, self._grains):
            cell = self._cube.find(key)
            if key not in self._covered:
                self._covered[key] = cell
            if cell is not None:
                changed[key] = cell.copy()
        apply(entries, live, changed, self._grains)
        for key, cell in changed.items():
            self._cube.put(key, cell)
        self._known.update(fresh)
