"""A market to torture: a ledger with people and enterprises, its server, and where its clients reach it."""

import contextlib
import datetime
import fcntl
import functools
import itertools
import os
import pathlib
import random
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

import psutil

from service.cli.main import main
from service.commands.enterprises import register_enterprise
from service.commands.groups import create_group
from service.commands.keys import create_key
from service.commands.residents import Registration, add_members, register
from service.config import read_settings
from service.domain.enterprises import NewEnterprise
from service.domain.macs import MacKeys, Macs
from service.ledger import Ledger, open_ledger
from service.storage import schema
from service.storage.engine import Database
from service.vault import create_secrets
from tests import postgresql
from tests.builders import a_citizen_number, a_credit_code
from tests.postgresql import PostgreSQL
from tests.recycling import TEMPLATE
from tests.servers import FOLDER_PROGRAM, Server, live_children, start_server, workers_of
from tests.torture.asking import Address, Wire

RESIDENTS, ENTERPRISES = 24, 3
REGISTERED_ON = datetime.date(2000, 1, 1)
PORTS = range(21000, 24000)
"""Below those that the system gives to clients: no client's connection takes a server's port while it is down."""
ENDED_WITHIN_S = 20.0

_numbers = itertools.count(1)


@functools.cache
def _ports_taken() -> IO[bytes]:
    """A file of which each process locks a byte for each port that it has taken, until it ends."""
    return (pathlib.Path(tempfile.gettempdir()) / "hushi-torture-ports").open("ab")


def quiet_port() -> int:
    """A port of PORTS on which no process listens. Other processes of these tests leave it to this one from now on."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            fcntl.lockf(_ports_taken(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            return port
    raise AssertionError("every port is in use")


class Databases:
    """Makes new, migrated ledgers of one engine, for one market after the other."""

    def __init__(self, engine: str, folder: pathlib.Path, server: PostgreSQL | None, template: pathlib.Path) -> None:
        """Takes a migrated SQLite ledger to copy, or a server of PostgreSQL that has TEMPLATE."""
        self.engine, self.server, self._folder, self._template = engine, server, folder, template

    def new_url(self) -> str:
        """The URL of a new ledger."""
        name = f"tortured_{next(_numbers)}"
        if self.server is None:
            path = self._folder / f"{name}.db"
            shutil.copy(self._template, path)
            return f"sqlite:///{path}"
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return self.server.url(name)


@contextlib.contextmanager
def databases(engine: str, folder: pathlib.Path, settings: Mapping[str, str] | None = None) -> Iterator[Databases]:
    """Where ledgers of an engine are made: a folder, or a new server of PostgreSQL with changes to its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    template = folder / "template.db"
    if engine == "sqlite":
        _migrate(f"sqlite:///{template}")
        yield Databases(engine, folder, None, template)
        return
    with postgresql.running(settings) as server:
        server.execute(f"CREATE DATABASE {TEMPLATE}")
        _migrate(server.url(TEMPLATE))
        yield Databases(engine, folder, server, template)


def _migrate(url: str) -> None:
    database = Database(url)
    nothing_older = MacKeys([b"k"])  # A new database holds no rows that would need a MAC.
    schema.upgrade(database, Macs(nothing_older, nothing_older))
    database.close()


@dataclass
class Market:
    """A ledger, and the server that serves it. After a fault the server is started again at the same address."""

    environment: dict[str, str]
    headers: dict[str, str]
    log: pathlib.Path
    hushi: Callable[[], None] = main
    """The program that serves; the controls serve a broken one (tests.torture.broken)."""
    address: Address = ("127.0.0.1", 0)
    """Where clients connect: the server itself, or what stands before it."""
    port: int = field(default_factory=quiet_port)
    variables: dict[str, str] = field(default_factory=dict)
    """What the server's environment has otherwise than `environment`, which tells where the ledger itself is."""
    arguments: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    """A command to start in place of `hushi`, for what must be set before a process begins."""
    server: Server | None = None
    postgresql: PostgreSQL | None = None
    """The server of the database, for faults that strike it; None on SQLite."""

    def __post_init__(self) -> None:
        """Lets clients connect to the server itself, unless an address was given."""
        if not self.address[1]:
            self.address = ("127.0.0.1", self.port)

    def start(self, *, waits: bool = True) -> None:
        """Starts the server."""
        environment = {**self.environment, **self.variables}
        self.server = start_server(
            environment, self.log, *self.arguments, program=self.program, port=self.port, hushi=self.hushi
        )
        if waits:
            self.wait_until_ready()

    def wait_until_ready(self, within_s: float = 120.0) -> None:
        """Waits until the server that runs is ready. Raises AssertionError when it is not in time."""
        assert self.server is not None
        until = time.monotonic() + within_s
        while True:
            with contextlib.suppress(OSError):
                if self.server.ask("GET", "/health/ready")[0] == 200:
                    return
            assert self.server.process.poll() is None, f"the server has ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < until, f"it was not ready within {within_s} s"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stops the server, and waits until all its processes have ended, so that its port is free."""
        if self.server is None:
            return
        processes = live_children(self.server.process.pid)
        self.server.stop(how)
        self.server = None
        _, left = psutil.wait_procs(processes, ENDED_WITHIN_S)
        assert [one for one in left if one.status() != psutil.STATUS_ZOMBIE] == [], "processes of the server go on"

    def wire(self, timeout_s: float = 40.0) -> Wire:
        """A new connection of a client."""
        return Wire(lambda: self.address, self.headers, timeout_s)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Ledger]:
        """The ledger, opened beside the server by this process."""
        ledger = open_ledger(read_settings(self.environment))
        try:
            yield ledger
        finally:
            ledger.database.close()

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that serve."""
        assert self.server is not None
        return workers_of(self.server.process.pid)

    @property
    def folders(self) -> list[psutil.Process]:
        """The process that folds, in a list; none while it is being replaced."""
        assert self.server is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            return [each for each in live_children(self.server.process.pid) if FOLDER_PROGRAM in each.cmdline()]
        return []


@contextlib.contextmanager
def market(made: Databases, folder: pathlib.Path, hushi: Callable[[], None] = main, **more: str) -> Iterator[Market]:
    """A market in a new ledger, not served yet; `more` are variables of its server. What runs at the end is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    create_secrets(folder / "secrets.json")
    environment = {
        "HUSHI_DATABASE_URL": made.new_url(),
        "HUSHI_DATA_DIR": str(folder),
        "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
        "HUSHI_LOG_LEVEL": "WARNING",
    }
    headers = {"Authorization": f"Bearer {_fill(environment)}"}
    served = Market(environment, headers, folder / "server.log", hushi, variables=more, postgresql=made.server)
    try:
        yield served
    finally:
        with contextlib.suppress(ProcessLookupError):
            served.stop(signal.SIGKILL)


def _fill(environment: Mapping[str, str]) -> str:
    """Registers people, groups and enterprises, and returns the key of an administrator."""
    ledger = open_ledger(read_settings({**os.environ, **environment}))
    for number in range(RESIDENTS):
        settlement = ("东", "西", None)[number % 3]
        register(ledger, Registration("巴特尔", a_citizen_number(number), REGISTERED_ON, None, settlement, None))
    for name in ("一组", "二组"):
        create_group(ledger, name, "village")
    add_members(ledger, 1, list(range(1, RESIDENTS // 2 + 1)), None)
    add_members(ledger, 2, list(range(RESIDENTS // 2 + 1, RESIDENTS + 1)), None)
    for number in range(ENTERPRISES):
        stated = NewEnterprise(f"企业{number}", a_credit_code(number), ("processor", "trader"), REGISTERED_ON, None)
        register_enterprise(ledger, stated, 0)
    _, key = create_key(ledger, "torture", ["admin"])
    ledger.database.close()
    return key
