"""Finds the address of the client of a request, also behind proxies that the operator has named.

Without HUSHI_TRUSTED_PROXIES the client is who has made the connection, whatever headers say. Behind a named proxy it
is the last address of the proxy's header that is no named proxy: what stands before it was sent by that client, who may
write anything. ONE header is read, because a proxy that sets one of two passes the caller's other one on.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from service.config import Network, ProxyHeader

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HOPS_MAX = 32
"""How many addresses of a header are looked at, from its end."""

_ELEMENT = re.compile(r'(?:[^",]|"[^"]*")+')
_FOR = re.compile(r'\s*for\s*=\s*(?:"([^"]*)"|([^\s;",]+))\s*', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([^:]*):\d+")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Clients:
    """Knows which proxies are trusted, and which header they set."""

    def __init__(self, trusted: Sequence[Network] = (), header: ProxyHeader = "X-Forwarded-For") -> None:
        """Without trusted proxies no header counts."""
        self._trusted = trusted
        self._header = f"HTTP_{header.upper().replace('-', '_')}"
        self._hops = _forwarded if header == "Forwarded" else _x_forwarded_for

    def address_of(self, environ: "WSGIEnvironment") -> str:
        """The client's address as far as it is vouched for. It is empty where the server knows none (a Unix socket)."""
        peer: str = environ.get("REMOTE_ADDR", "")
        if not self._trusted:
            return peer
        known = _read(peer)
        for hop in reversed(self._hops(environ.get(self._header, ""))[-HOPS_MAX:]):
            if known is None or not self._is_trusted(known):
                break
            found = _read(hop)
            if found is None:
                break  # "unknown", or a text: the proxy that said it is the last one that is known.
            known = found
        return peer if known is None else str(known)

    def _is_trusted(self, address: _Address) -> bool:
        return any(address in network for network in self._trusted)


def _x_forwarded_for(header: str) -> list[str]:
    return header.split(",")


def _forwarded(header: str) -> list[str]:
    """The values of `for` in the header of RFC 7239; an element without it gives an empty text."""
    if header.count('"') % 2:
        return [""]
    return [_for_of(element) for element in _ELEMENT.findall(header)]


def _for_of(element: str) -> str:
    found = next(filter(None, map(_FOR.fullmatch, element.split(";"))), None)
    return "" if found is None else found[1] or found[2] or ""


def _read(text: str) -> _Address | None:
    """The address in a text, which may have a port; an IPv4 address that is written as IPv6 is the IPv4 address."""
    text = text.strip()
    with_port = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(text if with_port is None else with_port[1] or with_port[2] or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
