"""`hushi verify --resume` does not hash again what an earlier run has verified, and nobody can make it believe so."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from service.cli.interrupting import EXIT_INTERRUPTED
from service.commands.folding import fold
from service.commands.verification import record_verified_block
from service.domain.chain import Block
from service.ledger import Ledger
from service.queries.verifying import Wrong, tell_nobody, verify
from service.storage.tables import verified_block
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import call_hushi
from tests.tampering import UNPROTECTED, engine_of


@pytest.fixture
def blocks(ledger: Ledger, admin: Caller) -> list[Block]:
    """Three blocks, each of a trade of its own day."""
    admin.register(1)
    for day in ("01", "02", "03"):
        admin.trade(a_trade(traded_at=f"2024-03-{day}T10:00:00+08:00"))
        fold(ledger)
    seen: list[Block] = []
    verify(ledger, progress=seen.append)
    return seen


HIDDEN = "UPDATE journal SET vehicle_plate = 'x' WHERE seq = 1"
"""A change of what only the hash of the entry and the MAC of its answer cover."""


def _change(ledger: Ledger, *statements: str) -> None:
    with ledger.database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _hide_a_change(ledger: Ledger) -> None:
    _change(ledger, *UNPROTECTED[engine_of(ledger)], HIDDEN)


def _is_found(ledger: Ledger, *, resuming: bool) -> bool:
    try:
        verify(ledger, progress=tell_nobody, resuming=resuming)
    except Wrong:
        return True
    return False


def test_what_was_verified_is_not_hashed_again_and_what_is_new_is(ledger: Ledger, blocks: list[Block]) -> None:
    record_verified_block(ledger, blocks[1], is_whole=True)
    _hide_a_change(ledger)
    assert not _is_found(ledger, resuming=True), "the price of resuming, which the page on reliability names"
    assert _is_found(ledger, resuming=False)
    _change(ledger, HIDDEN.replace("'x' WHERE seq = 1", "'x' WHERE seq = 3"))
    assert _is_found(ledger, resuming=True)


def test_an_interrupted_run_vouches_for_the_hashes_only(ledger: Ledger, blocks: list[Block]) -> None:
    record_verified_block(ledger, blocks[1], is_whole=False)
    _hide_a_change(ledger)
    assert _is_found(ledger, resuming=True), "the MAC of the answer is checked again"


FORGED = {
    "another block": "block = 3",
    "another hash": "hash = (SELECT hash FROM block WHERE no = 3), block = 3",
    "a later time": "verified_at = verified_at + 1",
    "a whole run": "is_whole = {true}",
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_record_that_was_changed_vouches_for_nothing(ledger: Ledger, blocks: list[Block], kind: str) -> None:
    record_verified_block(ledger, blocks[1], is_whole=False)
    true = "1" if ledger.database.is_sqlite else "true"
    _change(ledger, "UPDATE verified_block SET " + FORGED[kind].replace("{true}", true))
    _hide_a_change(ledger)
    assert _is_found(ledger, resuming=True)


def test_a_record_of_another_chain_vouches_for_nothing(ledger: Ledger, blocks: list[Block]) -> None:
    record_verified_block(ledger, blocks[1], is_whole=True)
    _hide_a_change(ledger)
    _change(ledger, "UPDATE block SET hash = previous_hash WHERE no = 2")
    assert _is_found(ledger, resuming=True)


def test_the_sums_of_what_was_verified_before_are_counted_again(ledger: Ledger, blocks: list[Block]) -> None:
    record_verified_block(ledger, blocks[2], is_whole=True)
    _change(ledger, *UNPROTECTED[engine_of(ledger)], "UPDATE journal SET quantity_g = quantity_g + 1 WHERE seq = 1")
    assert _is_found(ledger, resuming=True)


def test_the_command_notes_how_far_it_is(
    ledger: Ledger, blocks: list[Block], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.cli import verifying

    def interrupt(ledger: Ledger, _head: object, *, progress: Callable[[Block], None], **_: object) -> None:
        progress(blocks[0])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(verifying, "verify", interrupt)
        interrupted = call_hushi(environment, "verify")
    assert interrupted.exit_code == EXIT_INTERRUPTED
    assert "hushi verify --resume" in interrupted.stderr
    assert call_hushi(environment, "verify", "--resume").exit_code == 0
    with ledger.database.reading() as connection:
        columns = verified_block.c
        rows = connection.execute(sa.select(columns.block, columns.is_whole).order_by(columns.id)).all()
    assert [tuple(row) for row in rows] == [(1, False), (3, True)]
    assert call_hushi(environment, "verify", "--resume", "--repair-cells").exit_code == 2
