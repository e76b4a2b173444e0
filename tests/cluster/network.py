"""The machines of a test cluster: a network namespace for each where root runs the tests, else addresses of loopback.

The namespaces hang at a bridge that is in a namespace of its own, so that rules for this machine's network do not reach
them. Only namespaces can be cut off from each other.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

DATABASES = ("db1", "db2", "db3")
SERVERS = ("hushi1", "hushi2")
NAMES = (*DATABASES, *SERVERS)
PORTS = 7
NETWORK_TOOLS = ("ip", "iptables", "unshare")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_LIKE_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
"""Root without its rights: PostgreSQL refuses to run as root, and root's folders may be closed to everybody else."""


@dataclass(frozen=True)
class Ports:
    """The ports of each machine. In namespaces they are those of a real deployment."""

    postgresql: int = 5432
    patroni: int = 8008
    etcd_client: int = 2379
    etcd_peer: int = 2380
    hushi: int = 8000
    write: int = 5000
    read: int = 5001


@dataclass
class Machine:
    """A machine: its name, its address, and how a program is started on it."""

    name: str
    address: str
    namespace: str | None = None
    dropped: set[tuple[str, ...]] = field(default_factory=set)
    """The packets that this machine drops, in the words of iptables."""

    def command(self, *program: str, as_root: bool = False) -> list[str]:
        """The command that runs a program on this machine, as an ordinary user unless `as_root`."""
        inside = [] if self.namespace is None else [_tool("ip"), "netns", "exec", self.namespace]
        return [*inside, *(_LIKE_NOBODY if os.geteuid() == 0 and not as_root else ()), *program]

    def drop_from(self, others: Iterable["Machine"], port: int | None = None) -> None:
        """Drops from now on what the other machines send to this one, or only what comes from a port of theirs."""
        for other in others:
            packets = ("-s", other.address, *(() if port is None else ("-p", "tcp", "--sport", str(port))))
            if packets not in self.dropped:
                self._filter("-A", packets)
                self.dropped.add(packets)

    def receive_all(self) -> None:
        """Receives from all machines again."""
        for packets in sorted(self.dropped):
            self._filter("-D", packets)
        self.dropped.clear()

    def _filter(self, change: str, packets: tuple[str, ...]) -> None:
        assert self.namespace is not None, "machines without namespaces can't be cut off"
        _run(*self.command(_tool("iptables"), "-w", change, "INPUT", *packets, "-j", "DROP", as_root=True))


@dataclass(frozen=True)
class Network:
    """All machines, the tester's own address, and the ports."""

    machines: dict[str, Machine]
    own: str
    subnet: str
    ports: Ports

    @property
    def can_be_cut(self) -> bool:
        """Whether machines can be cut off from each other."""
        return all(machine.namespace is not None for machine in self.machines.values())

    def cut(self, one: str, others: Sequence[str], *, one_way: bool = False) -> None:
        """Cuts a machine off from others: neither hears the other, or with `one_way` only it hears nothing of them."""
        self.machines[one].drop_from(self.machines[name] for name in others)
        if not one_way:
            for name in others:
                self.machines[name].drop_from([self.machines[one]])

    def heal(self) -> None:
        """Lets all machines hear each other again."""
        for machine in self.machines.values():
            machine.receive_all()


def namespaces_can_be_made() -> bool:
    """Whether this process may make network namespaces, with what they need."""
    if os.geteuid() != 0 or any(shutil.which(tool, path=_PATH) is None for tool in NETWORK_TOOLS):
        return False
    name = f"hushi-try-{os.getpid()}"
    if subprocess.run([_tool("ip"), "netns", "add", name], capture_output=True).returncode != 0:
        return False
    tried = subprocess.run([_tool("ip"), "netns", "exec", name, *_LIKE_NOBODY, "true"], capture_output=True)
    filtered = subprocess.run([_tool("ip"), "netns", "exec", name, _tool("iptables"), "-S"], capture_output=True)
    _run(_tool("ip"), "netns", "del", name)
    return tried.returncode == 0 and filtered.returncode == 0


@contextlib.contextmanager
def network(*, namespaces: bool, port: int) -> Iterator[Network]:
    """Makes the machines, with or without namespaces. Without, `port` is the first of the PORTS that they use."""
    number = os.getpid() % 16000
    if not namespaces:
        subnet = f"127.{23 + number // 250}.{number % 250}"
        machines = {name: Machine(name, f"{subnet}.{place}") for place, name in enumerate(NAMES, start=11)}
        yield Network(machines, "127.0.0.1", "127.0.0.0/8", Ports(*range(port, port + PORTS)))
        return
    subnet, prefix = f"10.{128 + number // 250}.{number % 250}", f"hc{os.getpid()}"
    with contextlib.ExitStack() as stack:
        switch = stack.enter_context(_namespace(f"{prefix}-switch"))
        _ip("-n", switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", switch, "link", "set", "switch", "up")
        own = f"{subnet}.1"
        stack.enter_context(_plugged_in(switch, f"{prefix}t", own, None))
        machines = {}
        for place, name in enumerate(NAMES, start=11):
            namespace = stack.enter_context(_namespace(f"{prefix}-{name}"))
            stack.enter_context(_plugged_in(switch, f"{prefix}{place}", f"{subnet}.{place}", namespace))
            machines[name] = Machine(name, f"{subnet}.{place}", namespace)
        yield Network(machines, own, f"{subnet}.0/24", Ports())


@contextlib.contextmanager
def _namespace(name: str) -> Iterator[str]:
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        _ip("netns", "del", name)


@contextlib.contextmanager
def _plugged_in(switch: str, link: str, address: str, namespace: str | None) -> Iterator[None]:
    """Connects a namespace (or this machine itself) with the switch, under an address."""
    _ip("-n", switch, "link", "add", f"{link}s", "type", "veth", "peer", "name", f"{link}m")
    if namespace is None:
        _ip("-n", switch, "link", "set", f"{link}m", "netns", str(os.getpid()))
    else:
        _ip("-n", switch, "link", "set", f"{link}m", "netns", namespace)
    inside = [] if namespace is None else ["-n", namespace]
    _ip(*inside, "address", "add", f"{address}/24", "dev", f"{link}m")
    _ip(*inside, "link", "set", f"{link}m", "up")
    _ip("-n", switch, "link", "set", f"{link}s", "master", "switch")
    _ip("-n", switch, "link", "set", f"{link}s", "up")
    try:
        yield
    finally:
        # Packets that wait for a machine which is gone keep its namespace alive for a while; without a link they go.
        subprocess.run([_tool("ip"), "-n", switch, "link", "del", f"{link}s"], capture_output=True)


def _ip(*arguments: str) -> None:
    _run(_tool("ip"), *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _tool(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found is not None, f"{name} is not installed"
    return found
