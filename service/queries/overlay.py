"""What is not folded yet is laid over the cells of a cube: it is added to copies of the cells that it touches.

The cells that were there before are kept, so that the overlay can be taken off again before newer cells are loaded.
"""

from collections.abc import Iterable, Mapping
from typing import Generic, Protocol, Self, TypeVar

from service.domain.cells import CellKey


class Copied(Protocol):
    """A cell."""

    def copy(self) -> Self:
        """A copy that can be changed without a change of this cell."""


C = TypeVar("C", bound=Copied)


class HasCells(Protocol[C]):
    """A cube."""

    def find(self, key: CellKey) -> C | None:
        """The cell with a key, or None."""

    def put(self, key: CellKey, cell: C) -> None:
        """Adds or replaces a cell."""

    def take_out(self, key: CellKey) -> None:
        """Removes a cell that `put` has added."""


class Overlay(Generic[C]):
    """The cells that were changed by what is not folded yet, as they were before; None where there was none."""

    def __init__(self) -> None:
        """Begins with nothing laid over."""
        self._covered: dict[CellKey, C | None] = {}

    def copies(self, cube: HasCells[C], keys: Iterable[CellKey]) -> dict[CellKey, C]:
        """Copies of those of these cells that exist, to be changed and then laid over the cube."""
        found: dict[CellKey, C] = {}
        for key in keys:
            cell = cube.find(key)
            if key not in self._covered:
                self._covered[key] = cell
            if cell is not None:
                found[key] = cell.copy()
        return found

    def lay(self, cube: HasCells[C], changed: Mapping[CellKey, C]) -> None:
        """Puts the changed cells into the cube."""
        for key, cell in changed.items():
            cube.put(key, cell)

    def take_off(self, cube: HasCells[C]) -> None:
        """Puts back the folded cells, and removes the cells that only the overlay had."""
        for key, cell in self._covered.items():
            if cell is None:
                cube.take_out(key)
            else:
                cube.put(key, cell)
        self._covered.clear()
