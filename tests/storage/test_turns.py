"""Turns to write to one SQLite file: who has the turn uses it for one transaction, and an error leaves it free."""

import errno
import pathlib
import threading

import pytest

from service.storage.fair_lock import FairFileLock
from service.storage.faults import DatabaseUnavailable
from service.storage.turns import WritingTurns


def _fault_of(error: OSError) -> Exception:
    return DatabaseUnavailable(f"the lock file: {error.errno}")


def _is_free(turns: WritingTurns) -> bool:
    """Whether another thread gets the turn at once."""
    took = threading.Event()

    def take() -> None:
        with turns.taken():
            took.set()

    waiting = threading.Thread(target=take, daemon=True)
    waiting.start()
    return took.wait(0.5)


@pytest.fixture
def turns(tmp_path: pathlib.Path) -> WritingTurns:
    """Turns at a file in a folder of its own."""
    return WritingTurns(FairFileLock(tmp_path / "ledger.db"), _fault_of)


def test_a_turn_that_a_thread_has_is_given_back_at_the_end_of_its_next_transaction(turns: WritingTurns) -> None:
    with turns.taken():
        with turns.taken():
            pass
        assert _is_free(turns)
        with turns.taken():
            pass
    assert _is_free(turns)


def test_a_turn_that_was_not_used_is_given_back(turns: WritingTurns) -> None:
    with pytest.raises(ValueError, match="meanwhile"), turns.taken():
        raise ValueError("meanwhile")
    assert _is_free(turns)


def test_another_thread_and_another_process_wait_for_a_turn_that_is_kept(
    turns: WritingTurns, tmp_path: pathlib.Path
) -> None:
    """Another WritingTurns opens the lock file anew, as another process does."""
    with turns.taken():
        assert not _is_free(turns)
        assert not _is_free(WritingTurns(FairFileLock(tmp_path / "ledger.db"), _fault_of))


def test_a_lock_file_that_cant_be_used_leaves_the_turn_free(
    turns: WritingTurns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> int:
        raise OSError(errno.EACCES, "no")

    with monkeypatch.context() as patch:
        patch.setattr("service.storage.fair_lock.open_beside", fail)
        with pytest.raises(DatabaseUnavailable, match="the lock file: 13"), turns.taken():
            pytest.fail("the turn was taken")
    assert _is_free(turns)
