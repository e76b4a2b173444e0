"""Connects to one of several servers of PostgreSQL: the one that takes writes, or one of its standbys.

libpq asks one host after the other, and gives each the whole time for a connection: three hosts, two of them silent,
would take three times as long as one. Here the next host is asked as soon as the one before has failed or has been
silent for a moment. The first server of the wanted kind is taken, and all together take no longer than one would.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import psycopg

NEXT_HOST_AFTER_S = 0.2
"""How long a host may be silent before the next one is asked as well."""

_PREFER_STANDBY = "prefer-standby"
_WRONG_KIND = ("session is read-only", "session is not read-only", "server is in hot standby mode",
               "server is not in hot standby mode")  # fmt: skip
"""What libpq says of a server that answers and is not of the wanted kind."""

Parameters = Mapping[str, Any]


class Closing(Protocol):
    """What is opened, and closed when another one was faster."""

    def close(self) -> None:
        """Closes it."""


C = TypeVar("C", bound=Closing)


class NoWantedServer(psycopg.OperationalError):
    """Servers have answered, and none of them is of the kind that target_session_attrs names."""

    found_only_others = True


def attempts_of(parameters: Parameters) -> list[dict[str, Any]]:
    """The parameters of each attempt, in their order: a host and its port, and for prefer-standby all hosts twice."""
    hosts = str(parameters.get("host") or "").split(",")
    ports = str(parameters.get("port") or "").split(",")
    if len(hosts) == 1:
        return [dict(parameters)]
    rest = {name: value for name, value in parameters.items() if name not in {"host", "port"}}
    wanted = rest.setdefault("target_session_attrs", "read-write")
    each = [{**rest, "host": host, **({"port": port} if port else {})} for host, port in zip(hosts, ports, strict=True)]
    if wanted != _PREFER_STANDBY:
        return each
    of_kind = [[{**one, "target_session_attrs": kind} for one in each] for kind in ("standby", "any")]
    return of_kind[0] + of_kind[1]


def connect_to_one(attempts: Sequence[Parameters], connect: Callable[[Parameters], C], within_s: float) -> C:
    """The first connection that one of these attempts makes. Raises psycopg.OperationalError when none does in time.

    `connect` runs in threads of its own, and closes nothing: a connection that comes too late is closed here.
    """
    if len(attempts) == 1:
        return connect(attempts[0])
    race: _Race[C] = _Race(connect)
    until, pending, errors = time.monotonic() + within_s, list(attempts), list[psycopg.Error]()
    while (left_s := until - time.monotonic()) > 0 and len(errors) < len(attempts):
        if pending:
            race.begin(pending.pop(0))
        found = race.next(min(left_s, NEXT_HOST_AFTER_S) if pending else left_s)
        if isinstance(found, psycopg.Error):
            errors.append(found)
        elif found is not None:
            return found
    late = race.end()
    if late is not None:
        return late
    raise _none_of(errors, len(attempts))


class _Race(Generic[C]):
    """Attempts that run at the same time; one of them wins."""

    def __init__(self, connect: Callable[[Parameters], C]) -> None:
        self._connect = connect
        self._told: queue.SimpleQueue[C | psycopg.Error] = queue.SimpleQueue()
        self._deciding = threading.Lock()
        self._is_over = False

    def begin(self, attempt: Parameters) -> None:
        """Runs an attempt in a thread."""
        threading.Thread(target=self._run, args=(attempt,), name="connecting", daemon=True).start()

    def next(self, within_s: float) -> C | psycopg.Error | None:
        """The first connection, or the next error; None when nothing comes in time."""
        try:
            return self._told.get(timeout=within_s)
        except queue.Empty:
            return None

    def end(self) -> C | None:
        """Lets no attempt win any more. The connection of one that has won in the last moment, or None."""
        with self._deciding:
            self._is_over = True
        while (found := self.next(0)) is not None:
            if not isinstance(found, psycopg.Error):
                return found
        return None

    def _run(self, attempt: Parameters) -> None:
        try:
            made = self._connect(attempt)
        except psycopg.Error as error:
            self._told.put(error)
            return
        except Exception as error:  # noqa: BLE001 (the thread that waits must get an answer)
            self._told.put(psycopg.OperationalError(type(error).__name__))
            return
        with self._deciding:
            is_late, self._is_over = self._is_over, True
            if not is_late:
                self._told.put(made)  # Before anybody can end the attempts, and look here for the last time.
        if is_late:
            made.close()


def _none_of(errors: Sequence[psycopg.Error], asked: int) -> psycopg.OperationalError:
    """One error for all attempts. libpq's messages name hosts and users, and no password."""
    said = [line for line in dict.fromkeys(str(error).strip() for error in errors) if line]
    if len(errors) < asked:
        said.append(f"{asked - len(errors)} of {asked} attempts were not answered in time")
    kind = NoWantedServer if any(words in line for line in said for words in _WRONG_KIND) else psycopg.OperationalError
    return kind("\n".join(said))
