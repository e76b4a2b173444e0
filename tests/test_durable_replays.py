"""A replay is a promise as well: it is answered only when the entry that it found is as durable as a fresh commit."""

import contextlib
import os
import pathlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from loadtests.ledgers import FIRST_DAY, fresh_posts, register_residents
from service.commands import posting
from service.commands.auditing import Caller
from service.commands.folding import fold
from service.commands.groups import create_group
from service.commands.posting import Outcome, post
from service.commands.residents import Registration, add_members, change_status, register
from service.commands.sessions import end_session
from service.config import read_settings
from service.domain.errors import Refusal
from service.ledger import Ledger, open_ledger
from service.storage import engine, engines, schema
from service.storage import postgresql as postgresql_engine
from service.storage.faults import NotWritten, OutcomeUnknown
from service.storage.settling import settled_end
from service.vault import create_secrets
from tests.builders import a_citizen_number
from tests.postgresql import PostgreSQL
from tests.recounting import read_journal
from tests.standbys import WAITING, without_its_standby
from tests.torture.disks.ext4 import WHY_NOT, Ext4, can_mount, ext4_below
from tests.waiting import wait_until

on_postgresql = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)


class _Posting(threading.Thread):
    """Posts in the background, until it has an outcome or an error."""

    def __init__(self, ledger: Ledger, entries: list[posting.Post]) -> None:
        super().__init__()
        self.ledger, self.entries = ledger, entries
        self.outcomes: list[Outcome] = []
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.outcomes = post(self.ledger, self.entries)
        except (OutcomeUnknown, NotWritten) as error:
            self.error = error


def _waits(connection: psycopg.Connection[tuple[int]]) -> int:
    """The process of the server in which a commit waits for the standby."""
    wait_until(lambda: connection.execute(WAITING).fetchone() is not None)
    row = connection.execute(WAITING).fetchone()
    assert row is not None
    return row[0]


@on_postgresql
@pytest.mark.parametrize("how", ["pg_terminate_backend", "pg_cancel_backend"])
def test_what_only_the_primary_has_is_not_acknowledged(ledger: Ledger, postgresql: PostgreSQL, how: str) -> None:
    """The commit whose wait was cut short does not acknowledge it, nor does a retry that finds the entry."""
    register_residents(ledger, 1)
    entries = fresh_posts(1, 1)
    with without_its_standby(postgresql) as server:
        first = _Posting(ledger, entries)
        server.execute(f"SELECT {how}({_waits(server)})")
        first.join(10)
        assert isinstance(first.error, OutcomeUnknown)
        retry = _Posting(ledger, entries)
        _waits(server)
        assert retry.outcomes == []
    retry.join(10)
    assert [outcome.replayed for outcome in retry.outcomes] == [True]


@on_postgresql
def test_a_commit_that_is_given_up_keeps_nothing_of_the_server(
    ledger: Ledger, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a caller who asks again and again while the standby is away would take all connections and locks."""
    register_residents(ledger, 1)
    entries, others = fresh_posts(1, 1), fresh_posts(1, 1)
    monkeypatch.setattr(postgresql_engine, "ANSWER_WITHIN_S", 0.3)
    with without_its_standby(postgresql) as server:
        for given_up in (entries, others):
            with pytest.raises(OutcomeUnknown):
                post(ledger, given_up)
            wait_until(lambda: server.execute(WAITING).fetchone() is None)
        assert settled_end(ledger.database) is not None
        with pytest.raises(OutcomeUnknown):
            post(ledger, entries)
    assert [outcome.replayed for outcome in post(ledger, [*entries, *others])] == [True, True]
    assert fold(ledger) is not None
    assert len(read_journal(ledger)) == 2


@on_postgresql
def test_a_batch_of_replays_and_fleeting_refusals_waits_as_well(ledger: Ledger, postgresql: PostgreSQL) -> None:
    """The batch writes nothing, because a refusal of a file's line is not remembered."""
    register_residents(ledger, 1)
    entries = fresh_posts(2, 1)
    unknown = fresh_posts(1, 1)[0]
    refused = unknown._replace(trade=unknown.trade._replace(resident=9), refusal_is_final=False)
    post(ledger, entries)
    with without_its_standby(postgresql) as server:
        retry = _Posting(ledger, [*entries, refused])
        _waits(server)
    retry.join(10)
    assert [outcome.replayed for outcome in retry.outcomes] == [True, True, False]


@on_postgresql
def test_without_a_commit_of_its_own_a_replay_promises_too_early(
    ledger: Ledger, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative control."""
    monkeypatch.setattr(posting, "commit_durably", lambda _connection: None)
    register_residents(ledger, 1)
    entries = fresh_posts(1, 1)
    post(ledger, entries)
    with without_its_standby(postgresql):
        assert [outcome.replayed for outcome in post(ledger, entries)] == [True]


@on_postgresql
def test_without_a_look_at_warnings_a_cancelled_wait_is_a_success(
    ledger: Ledger, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative control: PostgreSQL says COMMIT."""
    monkeypatch.setattr(engine, "commit", lambda _connection, transaction: transaction.commit())
    register_residents(ledger, 1)
    with without_its_standby(postgresql) as server:
        first = _Posting(ledger, fresh_posts(1, 1))
        server.execute(f"SELECT pg_cancel_backend({_waits(server)})")
        first.join(10)
    assert first.error is None
    assert len(first.outcomes) == 1


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> Iterator[Ext4]:
    """A disk whose power can be cut, where this machine lets us mount one."""
    if not can_mount():
        pytest.skip(WHY_NOT)
    with ext4_below(tmp_path) as made:
        yield made


def _in_a_process_that_is_killed(work: Callable[[], bool]) -> bool:
    """What a process has found, which is then killed: it closes nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"1" if work() else b"0")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as found:
        return found.read() == b"1"


def _write_without_syncing(ledger: Ledger, entries: list[posting.Post]) -> bool:
    """Leaves the log as a process does that is killed after writing and before syncing."""

    @sa.event.listens_for(ledger.database.engines[0], "connect")
    def sync_nothing(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return post(ledger, entries)[0].transaction is not None


def _replayed_and_there_after_a_power_cut(disk: Ext4, folder: pathlib.Path) -> tuple[bool, int]:
    """A process is killed before it has synced, the next one replays and is killed, and the power goes.

    Whether the replay was answered, and how many entries there are afterwards.
    """
    secrets = folder / "secrets.json"
    create_secrets(secrets)
    settings = read_settings(
        {"HUSHI_DATABASE_URL": f"sqlite:///{disk.path}/hushi.db", "HUSHI_SECRETS_FILE": str(secrets)}
    )
    ledger = open_ledger(settings)
    schema.upgrade(ledger.database, ledger.vault.macs)
    register_residents(ledger, 1)
    ledger.database.close()
    os.sync()
    entries = fresh_posts(1, 1)
    assert _in_a_process_that_is_killed(lambda: _write_without_syncing(ledger, entries))
    replayed = _in_a_process_that_is_killed(lambda: post(ledger, entries)[0].replayed)
    disk.cut_power()
    reopened = open_ledger(settings)
    there = len(read_journal(reopened))
    reopened.database.close()
    return replayed, there


def test_a_replay_from_the_log_of_a_killed_process_outlives_a_power_cut(disk: Ext4, tmp_path: pathlib.Path) -> None:
    assert _replayed_and_there_after_a_power_cut(disk, tmp_path) == (True, 1)


def test_without_syncing_the_log_first_it_is_lost(
    disk: Ext4, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative control."""
    monkeypatch.setattr(engines, "sync_log", lambda _url: None)
    monkeypatch.setattr(engines, "write_log_again", lambda _url, _cursor: None)
    assert _replayed_and_there_after_a_power_cut(disk, tmp_path) == (True, 0)


def _register(ledger: Ledger) -> None:
    register(ledger, Registration("阿拉坦其其格", a_citizen_number(7), FIRST_DAY, None, None, None))


CALLER = Caller(1, "request")
UNKEYED: dict[str, Callable[[Ledger], object]] = {
    "a registration": _register,
    "a group": lambda ledger: create_group(ledger, "东", "village"),
    "a status": lambda ledger: change_status(ledger, 1, "suspended", "x", None, CALLER),
    "members": lambda ledger: add_members(ledger, 1, [1], FIRST_DAY),
    "a sign-out": lambda ledger: end_session(ledger, b"s" * 16, ledger.now()),
}


class _Doing(threading.Thread):
    """Does something in the background, and keeps how it ended."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.work, self.ended = work, False
        self.start()

    def run(self) -> None:
        with contextlib.suppress(Refusal, OutcomeUnknown):
            self.work()
        self.ended = True


@on_postgresql
@pytest.mark.parametrize("what", UNKEYED)
def test_a_retry_without_a_key_waits_as_well(ledger: Ledger, postgresql: PostgreSQL, what: str) -> None:
    """Whether it is answered with what is there, or refused because of it."""
    register_residents(ledger, 1)
    if what == "members":
        create_group(ledger, "西", "village")
    with without_its_standby(postgresql) as server:
        first = _Doing(lambda: UNKEYED[what](ledger))
        server.execute(f"SELECT pg_cancel_backend({_waits(server)})")
        first.join(10)
        retry = _Doing(lambda: UNKEYED[what](ledger))
        _waits(server)
        assert not retry.ended
    retry.join(10)
    assert retry.ended
