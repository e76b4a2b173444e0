"""A proxy that counts the bytes of a conversation, both directions together, and strikes at one of them.

A cut ends both sides, by an end of the stream or by a reset. A frozen connection stays open on both sides, and nothing
passes any more, as when a machine or a network has vanished.
"""

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

PIECE_BYTES = 65_536
LOOK_S = 0.05
Way = Literal["end", "reset", "freeze"]

_AT_ONCE = struct.pack("ii", 1, 0)
"""A socket that lingers for no time is reset when it is closed."""


@dataclass(eq=False)
class _Pair:
    """The two sides of a connection."""

    caller: socket.socket
    server: socket.socket
    is_counted: bool = False

    def other(self, one: socket.socket) -> socket.socket:
        return self.server if one is self.caller else self.caller


class CountingProxy:
    """Forwards connections to a server. `arm` names the byte at which one of them is cut or frozen."""

    def __init__(self, connect: Callable[[], socket.socket], port: int) -> None:
        """Listens on a port of this machine. `connect` opens a connection to the server."""
        self._connect, self.port = connect, port
        self._listening = socket.create_server(("127.0.0.1", port))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ, None)
        self._pairs: set[_Pair] = set()
        self._frozen: list[_Pair] = []
        self._inside = threading.RLock()
        self._left: int | None = None
        self._before: bytes | None = None
        self._how: Way = "end"
        self._begins_with: bytes | None = None
        self._is_armed = self._is_closing = False
        self.counted = 0
        """How many bytes of the conversation have passed since it was armed."""
        self.has_struck = False
        self._thread = threading.Thread(target=self._work, name="proxy", daemon=True)
        self._thread.start()

    def arm(self, byte: int | bytes | None, how: Way, begins_with: bytes | None = None) -> None:
        """Strikes after so many bytes of the next conversation, or before these bytes; never for None, which counts.

        A conversation begins with the first byte of a new connection, or where something is sent that contains
        `begins_with`.
        """
        with self._inside:
            for pair in self._pairs:
                pair.is_counted = False
            self._before = byte if isinstance(byte, bytes) else None
            self._left = byte if isinstance(byte, int) else None
            self._how, self._begins_with = how, begins_with
            self.counted, self.has_struck, self._is_armed = 0, False, True

    def disarm(self) -> None:
        """Lets everything pass from now on. What is frozen stays so."""
        with self._inside:
            self._is_armed, self._left = False, None

    def end_frozen(self) -> None:
        """Ends the connections that are frozen."""
        with self._inside:
            while self._frozen:
                self._end(self._frozen.pop())

    def close(self) -> None:
        """Ends everything."""
        self._is_closing = True
        self._thread.join()
        self.end_frozen()
        for pair in list(self._pairs):
            self._end(pair)
        self._listening.close()
        self._selector.close()

    def _work(self) -> None:
        while not self._is_closing:
            for key, _ in self._selector.select(LOOK_S):
                with self._inside:
                    if key.data is None:
                        self._accept()
                    elif key.data in self._pairs:
                        self._pass_on(key.data, key.fileobj)  # type: ignore[arg-type] # (only sockets are registered)

    def _accept(self) -> None:
        caller, _ = self._listening.accept()
        try:
            server = self._connect()
        except OSError:
            caller.close()
            return
        pair = _Pair(caller, server, is_counted=self._is_armed and self._begins_with is None)
        self._pairs.add(pair)
        for one in (caller, server):
            if one.family != socket.AF_UNIX:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(one, selectors.EVENT_READ, pair)
        if pair.is_counted and self._left == 0:
            self._strike(pair)

    def _pass_on(self, pair: _Pair, source: socket.socket) -> None:
        try:
            piece = source.recv(PIECE_BYTES)
            if not piece:
                self._end(pair)
                return
            if self._is_armed and self._begins_with and source is pair.caller and self._begins_with in piece:
                pair.is_counted = True
            if not pair.is_counted or not self._is_armed:
                pair.other(source).sendall(piece)
                return
            self.counted += len(piece)
            if self._before is not None and self._before in piece:
                self._strike(pair)
                return
            if self._left is None:
                pair.other(source).sendall(piece)
                return
            passing, self._left = piece[: self._left], self._left - len(piece)
            pair.other(source).sendall(passing)
            if self._left <= 0:
                self._strike(pair)
        except OSError:
            self._end(pair)

    def _strike(self, pair: _Pair) -> None:
        self._is_armed, self.has_struck = False, True
        if self._how == "freeze":
            self._forget(pair)
            self._frozen.append(pair)
            return
        if self._how == "reset":
            for one in (pair.caller, pair.server):
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._end(pair)

    def _end(self, pair: _Pair) -> None:
        self._forget(pair)
        for one in (pair.caller, pair.server):
            one.close()

    def _forget(self, pair: _Pair) -> None:
        self._pairs.discard(pair)
        for one in (pair.caller, pair.server):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(one)
