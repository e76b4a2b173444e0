"""The address to listen on: found, free and held before anything else is done, or refused in one line."""

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator

from service.config import SettingError


@contextlib.contextmanager
def held(host: str, port: int) -> Iterator[str]:
    """Holds a port for this process alone, and gives the numeric address of the host. Raises SettingError.

    The server's workers share their port with each other (SO_REUSEPORT), and would as gladly share it with those of
    another ledger: requests would go to either at random. So the port is bound once without sharing, which fails
    beside any other server; only then does the holder, which never listens, let this user's workers in.
    """
    family, address = _resolve(host, port)
    with socket.socket(family) as holder:
        # Connections that a stopped server has just closed must not hinder the next start.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((address, port))
        except OSError as error:
            raise SettingError(_why_not(error, host, port)) from None
        if sys.platform == "linux":
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        else:
            # Elsewhere the server binds once and its workers inherit that socket; it would not get past the holder.
            holder.close()
        yield address


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    """The first address of a host, one of IPv4 before others: `localhost` is the address that the welcome names."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SettingError(f"--host: there is no address for '{host}'; send one such as 127.0.0.1.") from None
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, str(address[0])


def _why_not(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"--port: {port} is in use on {host}; choose another with --port."
        case errno.EACCES:
            return f"--port: this user may not listen on {port}; choose one above 1023 with --port."
        case errno.EADDRNOTAVAIL:
            return f"--host: {host} is no address of this machine; send one such as 127.0.0.1."
        case _:
            return f"--host: {host} can't be listened on ({error.strerror})."
