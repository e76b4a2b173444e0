"""Connections to PostgreSQL that help each other: when one of them finds the server silent, the others need not wait.

Each connection would notice the silence by itself, but only some seconds after its use began, one after the other.
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
"""How long a server may take to accept the request to cancel a statement that was given up."""
SILENT_AFTER_S = 3.0
"""When a connection ends after a longer wait than this, the server was silent: nobody else has ended the connection."""


class Peers:
    """The connections of a process to one server.

    After a fail-over the server is another one. The first connection to it ends all connections to the one before.
    """

    def __init__(self, begins_within_s: float) -> None:
        """Begins without connections. A transaction that reads must begin within this time."""
        self.begins_within_s = begins_within_s
        self._inside = threading.Lock()
        self._connections: weakref.WeakSet[PatientConnection] = weakref.WeakSet()
        self._server: str | None = None
        self.switches = 0
        """How often a connection has led to another server than the connections before it."""

    def join(self, connection: "PatientConnection") -> None:
        """Adds a connection; it stays in the set while other code uses it."""
        connection.peers, connection.heard_at = self, time.monotonic()
        with self._inside:
            self._connections.add(connection)
            is_another = self._server not in {None, connection.server}
            self._server = connection.server
            self.switches += is_another
            others = [other for other in self._connections if other.server != connection.server] if is_another else []
        for other in others:
            other.cut_off()

    def has_left(self, connection: "PatientConnection") -> bool:
        """Whether a connection leads to a server that was left for another one."""
        return connection.server != self._server

    def cut_off_the_silent(self, since: float) -> None:
        """Ends all connections that have heard nothing since this moment, so that their users get an error at once."""
        with self._inside:
            connections = list(self._connections)
        for connection in connections:
            if connection.heard_at < since:
                connection.cut_off()


class PatientConnection(psycopg.Connection[Any]):
    """A connection that waits `answer_within_s` for an answer at most; None means that it waits without a limit."""

    answer_within_s: float | None = None
    peers: Peers | None = None
    server: str | None = None
    """What tells this server from others: the time at which it was started."""
    heard_at = 0.0
    """When its server last answered, by time.monotonic."""

    def cut_off(self) -> None:
        """Ends the connection for the thread that uses it: the next read or write fails at once.

        Its descriptor stays open, because the connection itself has to close it.
        """
        with contextlib.suppress(OSError, psycopg.Error):
            descriptor = os.dup(self.pgconn.socket)
            with socket.socket(fileno=descriptor) as ours:
                ours.shutdown(socket.SHUT_RDWR)

    def wait(
        self, gen: Generator[Any, Any, Any], interval: float = LOOK_FOR_INTERRUPTS_S, timeout: float | None = None
    ) -> Any:
        """Waits for the server. When there is no answer in time, the connection is closed: its state is unknown.

        Before that, it asks the server to cancel the statement. The server would not notice that the client has gone: a
        commit that waits for a standby would keep its connection and its locks as long as the standby is away.
        """
        within_s = timeout or self.answer_within_s
        began = time.monotonic()
        try:
            answer = super().wait(gen, interval, within_s)
        except psycopg.OperationalError:
            waited_s = time.monotonic() - began
            is_silent = waited_s > SILENT_AFTER_S
            if within_s is not None and waited_s >= within_s:
                is_silent = not self._end_what_runs()
                self.pgconn.finish()
            if self.closed and is_silent and self.peers is not None:
                self.peers.cut_off_the_silent(began)
            raise
        self.heard_at = time.monotonic()
        if self.peers is not None and self.peers.has_left(self):
            self.pgconn.finish()  # The answer came in the moment in which the connection was being cut off.
            raise psycopg.OperationalError("another server answers by now")
        return answer

    def _end_what_runs(self) -> bool:
        """Asks the server, on another connection, to cancel the statement; returns whether the server accepted that.

        The outcome of the statement stays unknown, because the server may have been about to answer. This connection
        must still be open, because otherwise a pooler no longer knows which session the request is for.
        """
        if not psycopg.capabilities.has_cancel_safe():
            return False  # The older kind of request has no limit for its waiting.
        try:
            self.cancel_safe(timeout=CANCEL_WITHIN_S)
        except (psycopg.Error, OSError):
            return False
        return True
