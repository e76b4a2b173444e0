"""The cube of a process, brought up to the ledger's last commit before each question: folded cells plus the tail.

Everything is read from one snapshot, under one lock, so that a question sees each entry once: either in a cell or in
the tail. Cells are loaded by the block that changed them; entries of the tail are laid over copies of cells, of those
grains only that a question is answered from.
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog

from service.domain.cells import GRAINS, Cell, CellKey, CountedEntry, Grain, apply, reversed_pairs, touched_cells
from service.domain.cube import Cube
from service.domain.registry import Registry
from service.ledger import Ledger
from service.storage import cells, registrations, tail
from service.storage.engine import Connection
from service.storage.ledger_state import NOTHING, LedgerState, Position
from service.storage.ledger_state import read as read_state

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """What a process has in memory of a ledger, and the state that it is exact at."""

    cube: Cube
    registry: Registry
    state: LedgerState


class CubeKeeper:
    """The one cube and the one registry of a process."""

    def __init__(self, ledger: Ledger) -> None:
        """Loads nothing before the first question."""
        self._ledger = ledger
        self._lock = threading.Lock()
        self._is_cold = False
        self._forget()

    def _forget(self) -> None:
        """Knows nothing, or nothing any more: of another ledger nothing in memory is right."""
        self._cube = Cube()
        self._registry = Registry()
        self._state = NOTHING
        self._grains: list[Grain] = []
        self._tail: list[CountedEntry] = []
        self._places: set[int] = set()
        self._laid: dict[Grain, int] = {}
        self._covered: dict[CellKey, Cell | None] = {}
        self._people = registrations.NOTHING

    @contextmanager
    def known_at(self, state: LedgerState, grains: Collection[Grain], *, people: bool = False) -> Iterator[Known]:
        """What is known, at this state of the ledger or a later one, for as long as it is used.

        With the cells of these grains, and with the registry if `people` are asked for: each is loaded when it is
        first needed. Raises DatabaseUnavailable.
        """
        with self._lock:
            missing = self._missing(grains)
            outdated = people and self._people != state.registrations
            if missing or outdated or state != self._state or any(map(self._is_behind, grains)):
                with self._ledger.database.reading() as connection:
                    self._bring_up_to_date(connection, grains, people=people)
            yield Known(self._cube, self._registry, self._state)

    @contextmanager
    def known_in(
        self, snapshot: ExitStack, grains: Collection[Grain], *, people: bool = False
    ) -> Iterator[tuple[Known, Connection]]:
        """Like `known_at` at the newest state, with the snapshot that it was read from.

        The snapshot stays open for as long as the caller keeps its stack, also when others ask again: what is read from
        it is of the same state. Raises DatabaseUnavailable.
        """
        with self._lock:
            connection = snapshot.enter_context(self._ledger.database.reading())
            self._bring_up_to_date(connection, grains, people=people)
            yield Known(self._cube, self._registry, self._state), connection

    def warm_up(self) -> None:
        """Loads everything and prepares it, a month at a time, so that questions in between need not wait long."""
        for grain in GRAINS:
            with self.known_at(self._state, [grain], people=True):
                pass
        with self.known_at(self._state, GRAINS):  # Each has taken the tail off those before it.
            pass
        self._prepare(self._cube.prepare())

    def stay_warm(self) -> None:
        """Prepares again what was changed, once it has come to rest; to be called every minute or so.

        Loads everything when it had to be dropped. Raises DatabaseUnavailable.
        """
        if self._is_cold:
            self.warm_up()
            self._is_cold = False
        self._prepare(self._cube.prepare_again())

    def _prepare(self, preparing: Iterator[None]) -> None:
        done = False
        while not done:
            with self._lock:
                done = next(preparing, self) is self

    def _bring_up_to_date(self, connection: Connection, grains: Collection[Grain], *, people: bool) -> None:
        """Brings memory to the state of this snapshot. Whatever ends it half-way, nothing half-loaded is left."""
        try:
            self._refresh(connection, grains, people=people)
        except BaseException:
            # Cells of a block that a fail-over is about to lose may be in memory already, or the tail be off.
            self._forget()
            self._is_cold = True
            raise

    def _refresh(self, connection: Connection, grains: Collection[Grain], *, people: bool) -> None:
        now, is_same_ledger = read_state(connection, self._state)
        if not is_same_ledger:
            self._forget_another_ledger(now)
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
        """Drops everything: it is of a ledger that does not answer any more, after a fail-over or a restore."""
        _log.warning("another-ledger", position=str(now.position), known=str(self._state.position))
        self._forget()
        self._is_cold = True

    def _missing(self, grains: Collection[Grain]) -> list[Grain]:
        # Each once: entries of the tail are added to the cells of every grain in the list.
        return [grain for grain in dict.fromkeys(grains) if grain not in self._grains]

    def _load(self, connection: Connection, missing: list[Grain]) -> None:
        """Loads what blocks have changed since the last time, and grains that were not asked for before."""
        loads = [(self._grains, self._state.position.block), (missing, 0)]
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
        self._tail.clear()
        self._places.clear()
        self._laid.clear()

    def _read_tail(self, connection: Connection, now: Position) -> None:
        """Reads the entries of the tail that are not known yet."""
        fresh = tail.find_entries(connection, after=max(self._places, default=0))
        length, places = now.tail
        is_all = len(self._places) + len(fresh) == length and places in (0, sum(self._places) + sum(fresh))
        if not is_all:
            # On PostgreSQL a lower place may become visible after a higher one.
            fresh = tail.find_entries(connection)
            if not self._places <= fresh.keys():
                # After a fail-over one that was known may be gone though the newest is there.
                self._uncover()
            fresh = {seq: entry for seq, entry in fresh.items() if seq not in self._places}
        self._places.update(fresh)
        self._tail.extend(fresh.values())

    def _is_behind(self, grain: Grain) -> bool:
        """Whether entries of the tail are not laid over the cells of a grain yet."""
        return self._laid.get(grain, 0) < len(self._tail)

    def _cover(self, connection: Connection, grain: Grain) -> None:
        """Lays the entries of the tail that are not there yet over copies of the cells of a grain that they touch."""
        entries = self._tail[self._laid.get(grain, 0) :]
        live = tail.find_live(connection, reversed_pairs(entries))
        changed: dict[CellKey, Cell] = {}
        for key in touched_cells(entries, [grain]):
            cell = self._cube.find(key)
            if key not in self._covered:
                self._covered[key] = cell
            if cell is not None:
                changed[key] = cell.copy()
        apply(entries, live, changed, [grain])
        for key, cell in changed.items():
            self._cube.put(key, cell)
        self._laid[grain] = len(self._tail)
