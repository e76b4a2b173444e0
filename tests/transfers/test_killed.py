"""A process that dies while it sends goods on, or reverses a transfer, has done all of it or nothing."""

import pathlib
import signal

import pytest

from service.commands.transfers import post_transfer, reverse_transfer
from service.ledger import Ledger
from service.queries.transfers import list_transfers
from service.queries.verifying import verify
from service.storage.transfers import TransferFilters
from tests.conftest import Caller
from tests.forked import run_together
from tests.transfers import transfer_worker
from tests.transfers.market import buy, gone, of, register_enterprises, to_processor


@pytest.mark.parametrize("stage", transfer_worker.POSTING)
def test_a_killed_transfer_is_recorded_whole_or_not_at_all(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path, stage: str
) -> None:
    register_enterprises(ledger)
    admin.register(1)
    [bought] = buy(admin)

    [died] = run_together(transfer_worker.main, [(bought, "the-key", stage)], environment, tmp_path)

    assert died.returncode == -signal.SIGKILL, died.stderr
    is_recorded = stage == "commit"
    assert len(list_transfers(ledger, TransferFilters(), None, 10)[0]) == is_recorded
    assert gone(ledger) == ([(50_000, 100_000)] if is_recorded else [])
    verify(ledger)
    attempt = transfer_worker.attempt_of(bought, "the-key")
    assert post_transfer(ledger, to_processor(), of(bought), attempt=attempt).transfer.number == 1
    assert (attempt.told is not None) == is_recorded
    assert gone(ledger) == [(50_000, 100_000)]
    verify(ledger)


@pytest.mark.parametrize("stage", transfer_worker.REVERSING)
def test_a_killed_reversal_is_recorded_whole_or_not_at_all(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path, stage: str
) -> None:
    register_enterprises(ledger)
    admin.register(1)
    post_transfer(ledger, to_processor(), of(*buy(admin)))

    [died] = run_together(transfer_worker.main, [("T00000001", "the-key", stage)], environment, tmp_path)

    assert died.returncode == -signal.SIGKILL, died.stderr
    is_recorded = stage == "commit"
    assert gone(ledger) == ([(0, 0)] if is_recorded else [(50_000, 100_000)])
    verify(ledger)
    attempt = transfer_worker.attempt_of("T00000001", "the-key")
    assert reverse_transfer(ledger, 1, "x", attempt=attempt).transfer.reversal is not None
    assert (attempt.told is not None) == is_recorded
    assert gone(ledger) == [(0, 0)]
    verify(ledger)
