"""The registry of a process, brought up to the snapshot of each question that needs it."""

import threading

from service.domain.registry import Registry
from service.storage import registrations
from service.storage.engine import Connection
from service.storage.standing import Registrations


class RegistryKeeper:
    """The one registry of a process; to be asked while its caller holds the snapshot."""

    def __init__(self) -> None:
        """Loads nobody before the first question."""
        self._lock = threading.Lock()
        self._registry = Registry()
        self._known = registrations.NOTHING

    def as_of(self, connection: Connection, state: Registrations) -> Registry:
        """The registry as this snapshot has it. A registry never goes back: snapshots must come in their order."""
        with self._lock:
            if state != self._known:
                for ordinal, person in registrations.load_changed(connection, self._known):
                    self._registry.put(ordinal, person)
                self._known = state
            return self._registry
