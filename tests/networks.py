"""A network of two machines for tests: this machine, and a network namespace that can stop sending. It changes no other
part of the network."""

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
    """Whether this process may make network namespaces."""
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
        """Starts the forwarder, and waits until it listens."""
        command = [*prefix, sys.executable, "-m", "tests.forwarder", address, str(port), str(socket)]
        self.address, self.port = address, port
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=pathlib.Path(__file__).parents[1])
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def url(self, user: str, database: str) -> str:
        """The URL of a database behind the forwarder."""
        return f"postgresql+psycopg://{user}@{self.address}:{self.port}/{database}"

    def freeze(self) -> None:
        """Stops the forwarder's process: its machine still receives bytes, and the forwarder does not read them."""
        self._process.send_signal(signal.SIGSTOP)
        # The signal takes a moment to arrive, and until then the forwarder may still forward bytes.
        wait_until(lambda: psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED)

    def thaw(self) -> None:
        """Lets the forwarder's process continue."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Ends the forwarder."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Machine:
    """The other machine, with a forwarder on it."""

    def __init__(self, name: str, ours: str, forwarder: Forwarder) -> None:
        """Keeps the names; at first both machines can send."""
        self._name, self._ours, self.forwarder = name, ours, forwarder

    def silence_connections(self) -> int:
        """Drops all packets of the connections that are open now, and returns how many these are.

        Connections that are opened later work.
        """
        connected = [c.laddr.port for c in psutil.net_connections("tcp") if c.laddr and self._is_peer(c)]
        for port in connected:
            rule = ("to", self._ours, "ipproto", "tcp", "dport", str(port), "blackhole")
            _ip("-n", self._name, "rule", "add", *rule)
        return len(connected)

    def _is_peer(self, connection: "psutil._ntuples.sconn") -> bool:
        return bool(connection.raddr) and connection.raddr[:2] == (self.forwarder.address, PORT)


@contextlib.contextmanager
def machine(socket: pathlib.Path) -> Iterator[Machine]:
    """Makes a machine on which a port forwards to a server's socket."""
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
            # Packets that wait for the silenced connections keep the namespace and its link alive for a while.
            _ip("link", "del", f"{link}a")
    finally:
        _ip("netns", "del", name)
