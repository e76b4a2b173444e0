"""What the stories of docs/OPERATIONS.md begin with. A preparation is a context manager with a name.

It gets the story, whose folder and environment it fills, and the function that gives the URL of a new database of the
story's engine. It may start servers, which it ends after the story.
"""

import contextlib
import random
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeAlias

import psutil

from service.app import create_app
from service.commands.folding import fold_all
from service.commands.keys import create_key
from service.config import read_settings
from service.domain.macs import MacKeys, Macs
from service.ledger import open_ledger
from service.server.self_checking import SelfChecker
from service.storage import schema
from service.storage.engine import Database
from service.vault import create_secrets
from tests.builders import a_trade
from tests.conftest import Caller
from tests.operating.stories import Story
from tests.small_disks import fill as fill_up
from tests.small_disks import mounted
from tests.waiting import wait_until

NewDatabase: TypeAlias = Callable[[], str]
Preparation: TypeAlias = Callable[[Story, NewDatabase], AbstractContextManager[None]]

PREPARATIONS: dict[str, Preparation] = {}
TRADES = 12
STARTED_WITHIN_S = 60.0


def preparation(name: str) -> Callable[[Callable[[Story, NewDatabase], Iterator[None]]], Preparation]:
    """Gives a generator a name by which blocks of the page ask for it."""

    def register(prepare: Callable[[Story, NewDatabase], Iterator[None]]) -> Preparation:
        PREPARATIONS[name] = contextlib.contextmanager(prepare)
        return PREPARATIONS[name]

    return register


@preparation("nothing")
def nothing(story: Story, new_database: NewDatabase) -> Iterator[None]:
    """Settings of a ledger that is not there yet: no file, or on PostgreSQL a database without a row."""
    story.environment["HUSHI_DATA_DIR"] = str(story.path("/var/lib/hushi"))
    story.environment["HUSHI_SECRETS_FILE"] = str(story.path("/etc/hushi/secrets.json"))
    if story.engine == "postgresql":
        story.environment["HUSHI_DATABASE_URL"] = new_database()
    yield


@preparation("ledger")
def ledger(story: Story, new_database: NewDatabase) -> Iterator[None]:
    """A ledger with two residents and twelve trades, and a key for everything in $KEY. Nothing serves it yet."""
    fill(story, new_database())
    yield


@preparation("served-ledger")
def served_ledger(story: Story, new_database: NewDatabase) -> Iterator[None]:
    """The same, and `hushi serve` serves it."""
    fill(story, new_database())
    serve(story)
    yield


@preparation("lost-secrets")
def lost_secrets(story: Story, new_database: NewDatabase) -> Iterator[None]:
    """A served ledger whose secrets file was removed. Its copy is in the folder of backups."""
    fill(story, new_database())
    serve(story)
    secrets = story.path("/etc/hushi/secrets.json")
    shutil.move(secrets, story.path("/var/backups/hushi/secrets.json"))
    yield


@preparation("stuck-fold")
def stuck_fold(story: Story, new_database: NewDatabase) -> Iterator[None]:
    """A served ledger whose process that folds is stopped, before it has folded anything."""
    fill(story, new_database())
    suspended = serve(story, folds=False)
    try:
        yield
    finally:
        for one in suspended:  # A process that is stopped outlives its server.
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


@preparation("wrong-figure")
def wrong_figure(story: Story, new_database: NewDatabase) -> Iterator[None]:
    """A served ledger with a cell that somebody has changed, which the service has found."""
    fill(story, new_database())
    opened = open_ledger(read_settings(story.environment))
    fold_all(opened)
    with opened.database.writing() as connection:
        connection.exec_driver_sql("UPDATE cell SET amount_fen = amount_fen + 100 WHERE grain = 1")
    checker = SelfChecker(opened, random.Random(7))
    while (checked := checker.check()) is None or not checked.wrong:
        pass
    opened.database.close()
    assert story.run("systemctl start hushi")[0] == 0
    wait_until(lambda: _answers(story, "/health/live"), STARTED_WITHIN_S)
    yield


@preparation("full-disk")
def full_disk(story: Story, new_database: NewDatabase) -> Iterator[None]:
    """A served ledger on a small disk that an export has filled."""
    with mounted(story.path("/var/lib/hushi"), "8m") as disk:
        fill(story, new_database())
        serve(story)
        fill_up(disk).rename(disk / "old-export.xlsx")
        wait_until(lambda: not _is_ready(story), STARTED_WITHIN_S)
        yield
        story.run("systemctl stop hushi")


def fill(story: Story, url: str) -> None:
    """Makes the ledger of the story at a URL. On SQLite it is the file hushi.db in the data folder."""
    data = story.path("/var/lib/hushi/hushi.db")
    secrets = story.path("/etc/hushi/secrets.json")
    create_secrets(secrets)
    story.environment |= {"HUSHI_DATA_DIR": str(data.parent), "HUSHI_SECRETS_FILE": str(secrets)}
    if story.engine == "sqlite":
        shutil.move(url.removeprefix("sqlite:///"), data)
        url = f"sqlite:///{data}"
    story.environment["HUSHI_DATABASE_URL"] = url
    opened = open_ledger(read_settings(story.environment))
    story.environment["KEY"] = create_key(opened, "desk", ["admin"])[1]
    app = create_app(opened)
    clerk = Caller(app.test_client(), story.environment["KEY"])
    clerk.register(2)
    for number in range(1, TRADES + 1):
        assert clerk.trade(a_trade(), f"trade-{number}").status_code == 201
    app.extensions["hushi"].committer.close()
    opened.database.close()


def migrate(url: str) -> None:
    """Brings an empty database to the newest schema."""
    database = Database(url)
    nothing_older = MacKeys([b"k"])  # A new database holds no rows that would need a MAC.
    schema.upgrade(database, Macs(nothing_older, nothing_older))
    database.close()


def serve(story: Story, folds: bool = True) -> list[psutil.Process]:
    """Starts the server of the story, and waits until it is ready.

    It can be made to fold nothing: the process that folds is then stopped, and returned.
    """
    assert story.run("systemctl start hushi")[0] == 0
    suspended = [] if folds else wait_until(lambda: _suspend_folder(story), STARTED_WITHIN_S)
    try:
        wait_until(lambda: _is_ready(story), STARTED_WITHIN_S)
    except AssertionError:
        raise AssertionError(f"the server did not become ready:\n{story.log()}") from None
    return suspended


def _suspend_folder(story: Story) -> list[psutil.Process]:
    """Suspends the process of the server that folds, and returns it; none while there is none."""
    served = psutil.Process(int((story.folder / "served").read_text()))
    found = [one for one in served.children() if "service.server.folder" in one.cmdline()]
    for one in found:
        one.suspend()
    return found


def _is_ready(story: Story) -> bool:
    return _answers(story, "/health/ready")


def _answers(story: Story, path: str) -> bool:
    """Whether the server of the story answers with 200 at this address."""
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{story.port}{path}", timeout=5).close()
        return True
    return False
