"""The cube of a process, brought up to the ledger's last commit before each question: folded cells plus the tail.

Everything is read from one snapshot, under one lock, so that a question sees each entry once: either in a cell or in
the tail. Cells are loaded by the block that changed them; entries of the tail are laid over copies of cells.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.domain.cube import Cell, CellKey, Cube, apply, reversed_pairs, touched_cells
from service.ledger import Ledger
from service.storage import blocks, cells, tail
from service.storage.engine import Connection


@dataclass(frozen=True, slots=True)
class Position:
    """Where a ledger stands: its last block and the length of its tail. Within a block the tail only grows."""

    block: int
    tail_length: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.block}.{self.tail_length}"


@dataclass(frozen=True, slots=True)
class Standing:
    """A cube and the position that it is exact at, with the snapshot it was read from still open."""

    cube: Cube
    position: Position
    connection: Connection


class CubeKeeper:
    """The one cube of a process."""

    def __init__(self, ledger: Ledger) -> None:
        """Loads nothing before the first question."""
        self._ledger = ledger
        self._lock = threading.Lock()
        self._cube = Cube()
        self._block = 0
        self._known: set[int] = set()
        self._covered: dict[CellKey, Cell | None] = {}

    @contextmanager
    def standing(self) -> Iterator[Standing]:
        """The cube as of now, for as long as it is used. Raises DatabaseUnavailable."""
        with self._lock, self._ledger.database.reading() as connection:
            position = read_position(connection)
            if position.block != self._block:
                self._uncover()
                for key, cell in cells.load_changed(connection, self._block):
                    self._cube.put(key, cell)
                self._block = position.block
            self._cover(connection)
            yield Standing(self._cube, position, connection)

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
        for key in touched_cells(entries):
            cell = self._cube.find(key)
            if key not in self._covered:
                self._covered[key] = cell
            if cell is not None:
                changed[key] = cell.copy()
        apply(entries, live, changed)
        for key, cell in changed.items():
            self._cube.put(key, cell)
        self._known.update(fresh)


def read_position(connection: Connection) -> Position:
    """Where the ledger stands in this snapshot."""
    head = blocks.find_head(connection)
    length = tail.length(connection)
    return Position(0, length, b"") if head is None else Position(head.block.no, length, head.block.hash)
