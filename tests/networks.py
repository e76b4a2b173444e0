"""A network of two machines for tests: this one, and a namespace that can fall silent. Nothing else is touched."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

import psutil

from tests.waiting import wait_until

PORT = 15432
IP = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin")


def can_be_made() -> bool:
    """Whether this process may make namespaces."""
    if IP is None or os.geteuid() != 0:
        return False
    name = f"hushi-try-{os.getpid()}"
    made = subprocess.run([IP, "netns", "add", name], capture_output=True).returncode == 0
    if made:
        _ip("netns", "del", name)
    return made


def _ip(*arguments: str) -> None:
    assert IP is not None
    subprocess.run([IP, *arguments], check=True)


class Forwarder:
    """A port that forwards to a server's socket."""

    def __init__(self, address: str, socket: pathlib.Path, prefix: Sequence[str] = (), port: int = PORT) -> None:
        """Listens when it has been made."""
        command = [*prefix, sys.executable, "-m", "tests.forwarder", address, str(port), str(socket)]
        self.address, self.port = address, port
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=pathlib.Path(__file__).parents[1])
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def url(self, user: str, database: str) -> str:
        """The URL of a database behind it."""
        return f"postgresql+psycopg://{user}@{self.address}:{self.port}/{database}"

    def freeze(self) -> None:
        """Its machine goes on to receive, and it does nothing with that."""
        self._process.send_signal(signal.SIGSTOP)
        # The signal is on its way for a moment, in which it may still hand something on.
        wait_until(lambda: psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED)

    def thaw(self) -> None:
        """It goes on."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Machine:
    """The other machine, with a forwarder on it."""

    def __init__(self, name: str, ours: str, forwarder: Forwarder) -> None:
        """Both speak."""
        self._name, self._ours, self.forwarder = name, ours, forwarder

    def silence_connections(self) -> int:
        """Not a packet of it reaches those who are connected now; whoever connects later is answered. How many."""
        connected = [c.laddr.port for c in psutil.net_connections("tcp") if c.laddr and self._is_peer(c)]
        for port in connected:
            rule = ("to", self._ours, "ipproto", "tcp", "dport", str(port), "blackhole")
            _ip("-n", self._name, "rule", "add", *rule)
        return len(connected)

    def _is_peer(self, connection: "psutil._ntuples.sconn") -> bool:
        return bool(connection.raddr) and connection.raddr[:2] == (self.forwarder.address, PORT)


@contextlib.contextmanager
def machine(socket: pathlib.Path) -> Iterator[Machine]:
    """A machine on which a port forwards to a server's socket."""
    number = os.getpid() % 16000
    name, link = f"hushi-{os.getpid()}", f"hv{os.getpid()}"
    subnet = f"10.{192 + number // 250}.{number % 250}"
    ours, its = f"{subnet}.1", f"{subnet}.2"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", f"{link}a", "type", "veth", "peer", "name", f"{link}b", "netns", name)
        _ip("address", "add", f"{ours}/30", "dev", f"{link}a")
        _ip("link", "set", f"{link}a", "up")
        _ip("-n", name, "address", "add", f"{its}/30", "dev", f"{link}b")
        _ip("-n", name, "link", "set", f"{link}b", "up")
        assert IP is not None
        forwarder = Forwarder(its, socket, (IP, "netns", "exec", name))
        try:
            yield Machine(name, ours, forwarder)
        finally:
            forwarder.close()
            # What is still to be sent to those who were silenced keeps the namespace for a while, and its link.
            _ip("link", "del", f"{link}a")
    finally:
        _ip("netns", "del", name)
