"""Connections of PostgreSQL that help each other: when one of them finds the server silent, the others need not wait.

Each would notice by itself, but only some seconds after it was asked for, one after the other.
"""

import contextlib
import os
import socket
import threading
import time
import weakref
from collections.abc import Generator
from typing import Any

import psycopg

LOOK_FOR_INTERRUPTS_S = 0.1
CANCEL_WITHIN_S = 1.0
"""How long a server may take to admit the request to end what was given up."""
SILENT_AFTER_S = 3.0
"""A connection that ends after so long a wait has ended of silence, and not because somebody ended it."""


class Peers:
    """The connections of a process to one server."""

    def __init__(self) -> None:
        """None yet."""
        self._inside = threading.Lock()
        self._connections: weakref.WeakSet[PatientConnection] = weakref.WeakSet()

    def join(self, connection: "PatientConnection") -> None:
        """Adds a connection, for as long as somebody has it."""
        with self._inside:
            self._connections.add(connection)
        connection.peers, connection.heard_at = self, time.monotonic()

    def cut_off_the_silent(self, since: float) -> None:
        """Ends every connection that has heard nothing since then: whoever uses it finds out at once."""
        with self._inside:
            connections = list(self._connections)
        for connection in connections:
            if connection.heard_at < since:
                connection.cut_off()


class PatientConnection(psycopg.Connection[Any]):
    """A connection that waits so long for an answer and no longer; None for however long it takes."""

    answer_within_s: float | None = None
    peers: Peers | None = None
    heard_at = 0.0
    """When its server has answered for the last time, by the clock that only goes forward."""

    def cut_off(self) -> None:
        """Ends it for whatever thread uses it: its next read or write fails at once. Its descriptor stays its own."""
        with contextlib.suppress(OSError, psycopg.Error):
            descriptor = os.dup(self.pgconn.socket)
            with socket.socket(fileno=descriptor) as ours:
                ours.shutdown(socket.SHUT_RDWR)

    def wait(
        self, gen: Generator[Any, Any, Any], interval: float = LOOK_FOR_INTERRUPTS_S, timeout: float | None = None
    ) -> Any:
        """Waits for the server. A connection that gave no answer in time is closed: it is in an unknown state.

        The server is asked first to end what it does there. It would not notice that nobody waits any more: a commit
        that waits for a standby would keep its connection and its locks for as long as the standby is away.
        """
        within_s = timeout or self.answer_within_s
        began = time.monotonic()
        try:
            answer = super().wait(gen, interval, within_s)
        except psycopg.OperationalError:
            waited_s = time.monotonic() - began
            is_server_there = False
            if within_s is not None and waited_s >= within_s:
                is_server_there = self._end_what_runs()
                self.pgconn.finish()
            if self.closed and not is_server_there and waited_s > SILENT_AFTER_S and self.peers is not None:
                self.peers.cut_off_the_silent(began)
            raise
        self.heard_at = time.monotonic()
        return answer

    def _end_what_runs(self) -> bool:
        """Asks on a connection of its own to end what the server does here; whether the server has taken that.

        The outcome stays unknown: the server may have been about to answer. This connection must be open yet, because a
        pooler forgets whom it was for.
        """
        if not psycopg.capabilities.has_cancel_safe():
            return False  # The older request waits for however long the system likes.
        try:
            self.cancel_safe(timeout=CANCEL_WITHIN_S)
        except (psycopg.Error, OSError):
            return False
        return True
