"""The address to listen on. The server finds and holds it before it does anything else, or refuses it in one line."""

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator

from service.config import SettingError


@contextlib.contextmanager
def held(host: str, port: int) -> Iterator[str]:
    """Holds a port for this process alone, and gives the numeric address of the host. Raises SettingError.

    The server's workers share their port with each other (SO_REUSEPORT). They would also share it with the workers of
    another ledger, and the system would give each request to either server at random. So the holder first binds the
    port without sharing, which fails when another server has it. After that the holder, which never listens, allows
    sharing, and the workers of this user can bind the port.
    """
    family, address = _resolve(host, port)
    with socket.socket(family) as holder:
        # Connections that a stopped server has just closed must not prevent the next start.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((address, port))
        except OSError as error:
            raise SettingError(_why_not(error, host, port)) from None
        if sys.platform == "linux":
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        else:
            # On other systems the server binds once, and its workers inherit that socket. It could not bind while the
            # holder is open.
            holder.close()
        yield address


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    """The first IPv4 address of a host, or its first address when it has no IPv4 address.

    So `localhost` is the address that the welcome text names.
    """
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
