"""Reads the URLs of databases. PostgreSQL may be several servers: one that takes writes, and its standbys.

Several hosts are written as libpq writes them, `postgresql+psycopg://user@h1:5432,h2:5432/hushi`, or as SQLAlchemy
does, `?host=h1:5432&host=h2:5432`. Both are read into one form: the options `host` and `port`, with commas.
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa

from service.storage.faults import UnusableUrl

HOSTS_MAX = 9
PORT_MAX = 65535

WRITABLE = ("read-write", "primary")
"""The values of target_session_attrs by which a server that takes writes is found."""
PREFER_STANDBY = "prefer-standby"
READABLE = (PREFER_STANDBY, "standby", "any", "read-only", *WRITABLE)
"""All values of target_session_attrs: what only reads may be another server's."""

_WRITTEN = re.compile(r"(?P<scheme>[^:/?#]+)://(?:(?P<user>[^/?]*)@)?(?P<hosts>[^/?]*)(?P<rest>.*)", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
_CANT_BE_READ = "can't be read: is its port a number, and is an @ in its password written as %40?"
Host = tuple[str, str]
"""A host and its port; the port is "" where libpq's own holds."""


def read_url(text: str, *, takes_writes: bool = True) -> sa.URL:
    """Reads the URL of a database; with `takes_writes` one that posts can be written to. Raises UnusableUrl."""
    written = _WRITTEN.fullmatch(text)
    hosts = written["hosts"] if written is not None else ""
    names_several = written is not None and "," in hosts
    if written is not None and names_several and "@" in (written["user"] or ""):
        raise UnusableUrl(_CANT_BE_READ)
    try:
        url = sa.make_url(_without_hosts(written) if written is not None and names_several else text)
    except (ValueError, sa.exc.ArgumentError):
        raise UnusableUrl(_CANT_BE_READ) from None
    if url.get_backend_name() == "sqlite":
        if url.query:
            raise UnusableUrl("names a file only: SQLite takes no options after the question mark")
        return url
    password = url.query.get("password")
    if isinstance(password, str):  # SQLAlchemy hides a password only in its own place.
        url = url.difference_update_query(["password"]).set(password=password)
    found = _hosts_of(url, hosts if names_several else "")
    _refuse_other_servers(url, len(found), takes_writes=takes_writes)
    if len(found) < 2:
        return url
    if not takes_writes:
        url = url.update_query_dict({"target_session_attrs": url.query.get("target_session_attrs", PREFER_STANDBY)})
    several = url.difference_update_query(["host", "port"]).update_query_dict(
        {"host": ",".join(host for host, _ in found), "port": ",".join(port for _, port in found)}
    )
    return several.set(host=None, port=None)


def _without_hosts(written: re.Match[str]) -> str:
    user = "" if written["user"] is None else f"{written['user']}@"
    return f"{written['scheme']}://{user}{written['rest']}"


def _hosts_of(url: sa.URL, authority: str) -> list[Host]:
    """All hosts of a URL; `authority` is the list before the database's name, if that names several."""
    asked, ports = _listed(url, "host"), _listed(url, "port")
    if not asked:
        found = [_host(one) for one in authority.split(",")] if authority else [(url.host or "", str(url.port or ""))]
    elif (authority or url.host) and (authority or len(asked) > 1):
        raise UnusableUrl("names hosts in two places: name them before the database, or as ?host=…, and not both")
    else:
        found = [_host(one) for one in asked]
    if ports:
        found = _with_ports(found, ports)
    if len(found) > 1:
        _refuse_list(url, found)
    return found


def _listed(url: sa.URL, name: str) -> list[str]:
    """The values of an option: it may be repeated, or have commas."""
    given = url.query.get(name, ())
    return [one for value in ([given] if isinstance(given, str) else given) for one in value.split(",")]


def _host(text: str) -> Host:
    """One host of a list, as `h1`, `h1:5432`, `[::1]:5432`, `::1` or the folder of a socket."""
    if text.startswith("/"):
        return text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, _port(port.removeprefix(":")) if port else ""
    if text.count(":") > 1:
        return text, ""
    host, colon, port = text.partition(":")
    return host, _port(port) if colon else ""


def _port(text: str) -> str:
    if not _PORT.fullmatch(text) or not 0 < int(text) <= PORT_MAX:
        raise UnusableUrl(f"names a port that is none: write 1 to {PORT_MAX} behind the colon of each host")
    return text


def _with_ports(hosts: Sequence[Host], ports: Sequence[str]) -> list[Host]:
    if any(port for _, port in hosts):
        raise UnusableUrl("names ports in two places: name them behind the hosts, or as ?port=…, and not both")
    if len(ports) not in {1, len(hosts)}:
        raise UnusableUrl(f"names {len(hosts)} hosts and {len(ports)} ports: name one port for all, or one for each")
    each = list(ports) * (len(hosts) if len(ports) == 1 else 1)
    return [(host, _port(port) if port else "") for (host, _), port in zip(hosts, each, strict=True)]


def _refuse_list(url: sa.URL, hosts: Sequence[Host]) -> None:
    if any(not host for host, _ in hosts):
        raise UnusableUrl("names an empty host: take the comma off, or name the host that is missing")
    if len(set(hosts)) < len(hosts):
        raise UnusableUrl("names a host twice: name each server once")
    if len(hosts) > HOSTS_MAX:
        raise UnusableUrl(f"names {len(hosts)} hosts; name {HOSTS_MAX} at most")
    for name in ("hostaddr", "load_balance_hosts"):
        if name in url.query:
            raise UnusableUrl(f"names several hosts, so leave {name} out: Hushi asks them in their order")


def _refuse_other_servers(url: sa.URL, hosts: int, *, takes_writes: bool) -> None:
    """Raises UnusableUrl when target_session_attrs names servers that the URL is not for."""
    wanted = url.query.get("target_session_attrs")
    if wanted is None:
        return
    if wanted not in READABLE:
        raise UnusableUrl(f"has an unknown target_session_attrs: set one of {', '.join(READABLE)}")
    if takes_writes and wanted not in WRITABLE and not (wanted == "any" and hosts == 1):
        raise UnusableUrl(
            f"has target_session_attrs={wanted}, and no post can be written to a standby: set read-write, "
            "and name the servers for reports in HUSHI_READ_URL"
        )
