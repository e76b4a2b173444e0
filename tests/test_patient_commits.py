"""Where another server may take over, a commit that waits for standbys is not given up while a report could show it.

PostgreSQL shows an entry as soon as the waiting is cut short, and a fail-over takes it away again.
"""

import pathlib
import threading
from collections.abc import Callable, Iterator

import pytest

from loadtests.ledgers import fresh_posts, register_residents
from service.commands import committer
from service.commands.posting import post
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.storage import postgresql as engine
from service.storage import silence
from service.storage.faults import OutcomeUnknown
from tests.postgresql import PostgreSQL
from tests.recounting import read_journal
from tests.standbys import WAITING, without_its_standby
from tests.waiting import wait_until

GIVEN_UP_AFTER_S = 0.3


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


@pytest.fixture
def on_two_hosts(
    environment: dict[str, str], postgresql: PostgreSQL, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Ledger]]:
    """Opens the ledger by a URL of two hosts, which are one server here; statements are given up soon."""
    monkeypatch.setattr(engine, "ANSWER_WITHIN_S", GIVEN_UP_AFTER_S)
    (tmp_path / "second").symlink_to(postgresql.folder)
    url = f"{environment['HUSHI_DATABASE_URL']},{tmp_path / 'second'}"
    opened = open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url}))
    yield lambda: opened
    opened.database.close()


def test_what_waits_for_a_standby_is_not_shown(
    ledger: Ledger, on_two_hosts: Callable[[], Ledger], postgresql: PostgreSQL
) -> None:
    register_residents(ledger, 1)
    entries = fresh_posts(1, 1)
    with without_its_standby(postgresql) as server:
        posting = threading.Thread(target=post, args=(on_two_hosts(), entries))
        posting.start()
        wait_until(lambda: server.execute(WAITING).fetchone() is not None)
        posting.join(GIVEN_UP_AFTER_S * 4)
        assert (posting.is_alive(), len(read_journal(ledger))) == (True, 0)
    posting.join(10)
    assert (posting.is_alive(), len(read_journal(ledger))) == (False, 1)


def test_without_patience_it_is_shown(
    ledger: Ledger, on_two_hosts: Callable[[], Ledger], postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a commit that is given up soon shows an entry that no caller was told of."""
    monkeypatch.setattr(engine, "COMMIT_WITHIN_S", GIVEN_UP_AFTER_S)
    register_residents(ledger, 1)
    with without_its_standby(postgresql), pytest.raises(OutcomeUnknown):
        post(on_two_hosts(), fresh_posts(1, 1))
    assert len(read_journal(ledger)) == 1


def test_a_commit_is_given_up_in_the_end_and_an_answer_is_given() -> None:
    """A request waits for its commit longer than the commit for its standbys."""
    assert engine.ANSWER_WITHIN_S < engine.COMMIT_WITHIN_S + silence.CANCEL_WITHIN_S < committer.ANSWER_TIMEOUT_S
