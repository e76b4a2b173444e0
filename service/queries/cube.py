"""The cube of a process: the folded cells and the tail, brought up to the ledger's last commit before each question.

Everything is read from one snapshot, under one lock, so that a question sees each entry once: either in a cell or in
the tail. Cells are loaded when a block has changed them. Entries of the tail are added to copies of the cells ("laid
over" them), only in the grains that questions are answered from.
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog

from service.domain.cells import GRAINS, Cell, CountedEntry, Grain, apply, reversed_pairs, touched_cells
from service.domain.cube import Cube
from service.domain.processing_cells import ALL_GRAINS, ProcessingGrain
from service.domain.processing_cube import ProcessingCube
from service.domain.registry import Registry
from service.ledger import Ledger
from service.queries.overlay import Overlay
from service.queries.processing_memory import ProcessingMemory
from service.storage import cells, registrations, tail
from service.storage.engine import Connection
from service.storage.ledger_state import NOTHING, LedgerState, Position
from service.storage.ledger_state import read as read_state

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """The cubes and the registry that a process has in memory, and the state of the ledger that they are exact at.

    `processing` is exact when its grains were asked for.
    """

    cube: Cube
    registry: Registry
    processing: ProcessingCube
    state: LedgerState


class CubeKeeper:
    """Keeps the one cube and the one registry of a process up to date."""

    def __init__(self, ledger: Ledger) -> None:
        """Begins with an empty cube; the first question loads what it needs."""
        self._ledger = ledger
        self._lock = threading.Lock()
        self._is_cold = False
        self._processing = ProcessingMemory()
        self._forget()

    def _forget(self) -> None:
        """Drops everything in memory: nothing in it is right for another ledger. The constructor calls it too."""
        self._cube = Cube()
        self._registry = Registry()
        self._state = NOTHING
        self._grains: list[Grain] = []
        self._tail: list[CountedEntry] = []
        self._places: set[int] = set()
        self._laid: dict[Grain, int] = {}
        self._overlay: Overlay[Cell] = Overlay()
        self._people = registrations.NOTHING
        self._processing.forget()

    @contextmanager
    def known_at(
        self,
        state: LedgerState,
        grains: Collection[Grain],
        *,
        people: bool = False,
        processing: Collection[ProcessingGrain] = (),
    ) -> Iterator[Known]:
        """Gives what is in memory, exact at this state of the ledger or at a later one, and locks it while it is used.

        It holds the cells of these grains at least, and the registry if `people` is true: each is loaded when it is
        first needed. Raises DatabaseUnavailable.
        """
        with self._lock:
            missing = self._missing(grains)
            outdated = people and self._people != state.registrations
            outdated = outdated or self._processing.is_behind(state.register, processing)
            if missing or outdated or state != self._state or any(map(self._is_behind, grains)):
                with self._ledger.database.reading() as connection:
                    self._bring_up_to_date(connection, grains, people=people, processing=processing)
            yield self._known()

    @contextmanager
    def known_in(
        self,
        snapshot: ExitStack,
        grains: Collection[Grain],
        *,
        people: bool = False,
        processing: Collection[ProcessingGrain] = (),
    ) -> Iterator[tuple[Known, Connection]]:
        """Like `known_at` at the newest state; it gives the snapshot's connection as well.

        The snapshot stays open as long as the caller's stack is open, also when others ask again, so that the caller
        can read more of the same state from it. Raises DatabaseUnavailable.
        """
        with self._lock:
            connection = snapshot.enter_context(self._ledger.database.reading())
            self._bring_up_to_date(connection, grains, people=people, processing=processing)
            yield self._known(), connection

    def _known(self) -> Known:
        return Known(self._cube, self._registry, self._processing.cube, self._state)

    def warm_up(self) -> None:
        """Loads everything and prepares it a month at a time, so that questions in between do not wait long."""
        for grain in GRAINS:
            with self.known_at(self._state, [grain], people=True):
                pass
        with self.known_at(self._state, GRAINS):  # Loading a grain takes the tail off the grains loaded before it.
            pass
        self._prepare(self._cube.prepare())
        for of_transfers in ALL_GRAINS:
            with self.known_at(self._state, [], processing=[of_transfers]):
                pass
        self._prepare(self._processing.cube.prepare())

    def stay_warm(self) -> None:
        """Prepares the months again that have changed, but not since the last call; to be called about every minute.

        When everything had to be dropped, it loads everything. Raises DatabaseUnavailable.
        """
        if self._is_cold:
            self.warm_up()
            self._is_cold = False
        self._prepare(self._cube.prepare_again())
        self._prepare(self._processing.cube.prepare_again())

    def memory_bytes(self) -> int:
        """About how much memory the cells take, to be asked about every minute."""
        total = 0
        for measuring in (self._cube.measure(), self._processing.cube.measure()):
            done = False
            while not done:
                with self._lock:  # For a month at a time, so that questions in between do not wait long.
                    found = next(measuring, None)
                done = found is None
                total += found or 0
        return total

    def _prepare(self, preparing: Iterator[None]) -> None:
        done = False
        while not done:
            with self._lock:
                done = next(preparing, self) is self

    def _bring_up_to_date(
        self,
        connection: Connection,
        grains: Collection[Grain],
        *,
        people: bool,
        processing: Collection[ProcessingGrain],
    ) -> None:
        """Brings memory to the state of this snapshot. When an error ends it half-way, it drops all of the memory."""
        try:
            self._refresh(connection, grains, people=people)
            self._processing.refresh(connection, processing, self._state.register)
        except BaseException:
            # Memory may hold cells of a block that a fail-over is about to lose, or the tail may be taken off.
            self._forget()
            self._is_cold = True
            raise

    def _refresh(self, connection: Connection, grains: Collection[Grain], *, people: bool) -> None:
        now, is_same_ledger = read_state(connection, self._state)
        if not is_same_ledger:
            self._forget_another_ledger(now)
        elif now.figures.repairs != self._state.figures.repairs and self._state != NOTHING:
            self._forget_repaired(now)
        missing = self._missing(grains)
        if missing or now.position.block != self._state.position.block:
            self._uncover()
            self._load(connection, missing)
        if now.position != self._state.position or len(self._places) != now.position.tail_length:
            self._read_tail(connection, now.position)
        for grain in filter(self._is_behind, set(grains)):
            self._cover(connection, grain)
        if people and now.registrations != self._people:
            for ordinal, person in registrations.load_changed(connection, self._people):
                self._registry.put(ordinal, person)
            self._people = now.registrations
        self._state = now

    def _forget_another_ledger(self, now: LedgerState) -> None:
        """Drops everything, because after a fail-over or a restore another ledger answers under the same address."""
        _log.warning("another-ledger", position=str(now.position), known=str(self._state.position))
        self._forget()
        self._is_cold = True

    def _forget_repaired(self, now: LedgerState) -> None:
        """Drops everything, because cells in memory may be those that a repair has changed in the database."""
        _log.info("cells-repaired", repairs=now.figures.repairs)
        self._forget()
        self._is_cold = True

    def _missing(self, grains: Collection[Grain]) -> list[Grain]:
        # Each grain must be in the list once: entries of the tail are added to the cells of every grain in the list.
        return [grain for grain in dict.fromkeys(grains) if grain not in self._grains]

    def _load(self, connection: Connection, missing: list[Grain]) -> None:
        """Loads the cells that newer blocks have changed, and all cells of the grains that are missing."""
        loads = [(self._grains, self._state.position.block), (missing, 0)]
        for grains, after_block in loads:
            for key, cell in cells.load_changed(connection, after_block, [grain.number for grain in grains]):
                self._cube.put(key, cell)
        self._grains.extend(missing)

    def _uncover(self) -> None:
        """Takes the tail off: puts back the folded cells, and removes the cells that only the tail had."""
        self._overlay.take_off(self._cube)
        self._tail.clear()
        self._places.clear()
        self._laid.clear()

    def _read_tail(self, connection: Connection, now: Position) -> None:
        """Reads the entries of the tail that are not in memory yet."""
        fresh = tail.find_entries(connection, after=max(self._places, default=0))
        length, places = now.tail
        is_all = len(self._places) + len(fresh) == length and places in (0, sum(self._places) + sum(fresh))
        if not is_all:
            # On PostgreSQL a lower place may become visible after a higher one.
            fresh = tail.find_entries(connection)
            if not self._places <= fresh.keys():
                # After a fail-over an entry in memory may be missing in the ledger, although the newest one is there.
                self._uncover()
            fresh = {seq: entry for seq, entry in fresh.items() if seq not in self._places}
        self._places.update(fresh)
        self._tail.extend(fresh.values())

    def _is_behind(self, grain: Grain) -> bool:
        """Whether some entries of the tail are not laid over the cells of a grain yet."""
        return self._laid.get(grain, 0) < len(self._tail)

    def _cover(self, connection: Connection, grain: Grain) -> None:
        """Adds the entries of the tail that a grain lacks to copies of its cells, and puts the copies into the cube."""
        entries = self._tail[self._laid.get(grain, 0) :]
        live = tail.find_live(connection, reversed_pairs(entries))
        changed = self._overlay.copies(self._cube, touched_cells(entries, [grain]))
        apply(entries, live, changed, [grain])
        self._overlay.lay(self._cube, changed)
        self._laid[grain] = len(self._tail)
