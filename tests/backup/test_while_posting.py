"""A backup that is made while eight writers post over HTTP holds everything that was acknowledged before its start."""

import pathlib
from collections.abc import Callable
from uuid import UUID

import pytest

from service.commands.keys import create_key
from service.commands.restoring import restore
from service.ledger import Ledger
from service.queries.backing_up import back_up
from service.queries.verifying import Wrong, verify
from service.storage import copying
from tests.backup.conftest import numbered_trade
from tests.backup.writers import WRITERS, missing, posting
from tests.conftest import Caller
from tests.servers import run_hushi, serving
from tests.waiting import wait_until

BACKUPS = 2


def test_what_was_acknowledged_before_a_backup_is_in_it(
    ledger: Ledger, admin: Caller, environment: dict[str, str], new_ledger: Callable[[str], Ledger], engine_name: str,
    tmp_path: pathlib.Path,
) -> None:  # fmt: skip
    admin.register(WRITERS)
    _, key = create_key(ledger, "writers", ["admin"])
    before: list[set[UUID]] = []
    with serving(environment, tmp_path / "log") as server, posting(server.port, key) as writers:
        for number in range(BACKUPS):
            wait_until(lambda: writers.faults or len(writers.acknowledged) > 40 * len(before) + 40, 60)
            before.append(writers.seen())
            made = run_hushi(environment, "backup", str(tmp_path / f"{number}.zip"))
            assert made.returncode == 0, made.stderr
    assert writers.faults == []

    for number in range(BACKUPS):
        restored = new_ledger(engine_name)
        restore(restored, tmp_path / f"{number}.zip")
        assert missing(restored, before[number]) == set()
        assert verify(restored).transactions >= len(before[number])
    # The control: the count finds what the first backup can't have, because it was acknowledged later.
    first = new_ledger(engine_name)
    restore(first, tmp_path / "0.zip")
    assert missing(first, writers.seen()) != set()


def test_a_backup_that_is_no_snapshot_is_found(
    market: Ledger, admin: Caller, new_ledger: Callable[[str], Ledger], engine_name: str, tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The control: a backup that reads its tables one after the other, while trades are posted, is no ledger."""
    numbers = iter(range(100, 200))
    read_lines = copying.read_lines

    def read_apart(_connection: object, table: str) -> list[bytes]:
        if table in {"journal", "idempotency"}:
            posted = admin.trade(numbered_trade(next(numbers) * 3), f"between-{table}")
            assert posted.status_code == 201, posted.get_json()
        with market.database.reading() as another:
            return list(read_lines(another, table))

    monkeypatch.setattr(copying, "read_lines", read_apart)
    back_up(market, tmp_path / "torn.zip")
    monkeypatch.undo()
    restored = new_ledger(engine_name)
    restore(restored, tmp_path / "torn.zip")
    with pytest.raises(Wrong):
        verify(restored)
