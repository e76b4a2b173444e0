"""What a process has in memory of what went on after the market: the folded cells, with newer transfers laid over."""

from collections.abc import Collection

from service.domain.chain import RegisterHead
from service.domain.processing_cells import CountedLine, ProcessingCell, ProcessingGrain, apply_lines, touched_cells
from service.domain.processing_cube import ProcessingCube
from service.queries.overlay import Overlay
from service.storage import processing_cells, processing_tail
from service.storage.engine import Connection
from service.storage.lineage import NOTHING_REGISTERED
from service.storage.processing_cells import NOTHING_FOLDED
from service.storage.processing_tail import TransferHeads


class ProcessingMemory:
    """The one cube of transfers of a process. Its owner holds a lock while it uses or refreshes it.

    Each transfer and each reversal is a fact of the register. So while the head of the register is the same, memory is
    exact, however many trades are posted and whatever is folded meanwhile.
    """

    def __init__(self) -> None:
        """Begins with an empty cube; the first question loads what it needs."""
        self.forget()

    def forget(self) -> None:
        """Drops everything: nothing in memory is right for another ledger. The constructor calls it too."""
        self.cube = ProcessingCube()
        self._register = NOTHING_REGISTERED
        self._grains: list[ProcessingGrain] = []
        self._folded = NOTHING_FOLDED
        self._seen = TransferHeads()
        self._lines: list[CountedLine] = []
        self._laid: dict[ProcessingGrain, int] = {}
        self._overlay: Overlay[ProcessingCell] = Overlay()

    def is_behind(self, register: RegisterHead, grains: Collection[ProcessingGrain]) -> bool:
        """Whether memory must be refreshed to answer from these grains when the register has this head."""
        if not grains:
            return False
        return (
            register != self._register
            or not set(grains) <= set(self._grains)
            or any(self._laid.get(grain, 0) < len(self._lines) for grain in grains)
        )

    def refresh(self, connection: Connection, grains: Collection[ProcessingGrain], register: RegisterHead) -> None:
        """Brings memory to the state of this snapshot, whose register has this head."""
        if not self.is_behind(register, grains):
            return
        folded = processing_cells.find_folded(connection)
        if folded.fact < self._folded.fact:
            # After a fail-over or a restore the same register may be there, and not the last folds.
            self.forget()
        missing = [grain for grain in dict.fromkeys(grains) if grain not in self._grains]
        if missing or folded != self._folded:
            self._take_off(folded)
            self._load(connection, missing)
            self._folded = folded
        self._read_lines(connection)
        for grain in set(grains):
            self._cover(connection, grain)
        self._register = register

    def _take_off(self, folded: processing_cells.FoldedUpTo) -> None:
        self._overlay.take_off(self.cube)
        self._lines.clear()
        self._laid.clear()
        self._seen = TransferHeads(folded.transfer, folded.transfer_reversal)

    def _load(self, connection: Connection, missing: list[ProcessingGrain]) -> None:
        """Loads the cells that newer folds have changed, and all cells of the grains that are missing."""
        for grains, after in ((self._grains, self._folded.fact), (missing, 0)):
            for key, cell in processing_cells.load_changed(connection, after, [grain.number for grain in grains]):
                self.cube.put(key, cell)
        self._grains.extend(missing)

    def _read_lines(self, connection: Connection) -> None:
        """Reads the transfers and reversals that are in no cell and not in memory yet."""
        newest = processing_tail.newest(connection)
        self._lines.extend(line for _, line in processing_tail.find_lines(connection, self._seen, newest))
        self._seen = newest

    def _cover(self, connection: Connection, grain: ProcessingGrain) -> None:
        """Lays the lines that a grain lacks over its cells."""
        lines = self._lines[self._laid.get(grain, 0) :]
        if not lines:
            return
        reversals = [line for line in lines if line.is_reversal]
        live = processing_tail.find_live(connection, reversals, self._seen, [grain.on])
        changed = self._overlay.copies(self.cube, touched_cells(lines, [grain]))
        apply_lines(lines, live, changed, [grain])
        self._overlay.lay(self.cube, changed)
        self._laid[grain] = len(self._lines)
