"""A program that forwards a TCP port to a server's socket: `python -m tests.forwarder ADDRESS PORT SOCKET`."""

import contextlib
import socket
import sys
import threading


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def main(address: str, port: int, path: str) -> None:
    """Forwards every connection until it is killed."""
    listening = socket.create_server((address, port))
    print("ready", flush=True)
    while True:
        caller, _ = listening.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        for ends in ((caller, server), (server, caller)):
            threading.Thread(target=_copy, args=ends, daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
