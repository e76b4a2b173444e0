"""The restore drill: a backup is restored into a temporary place, verified, and compared with the ledger."""

import contextlib
import dataclasses
import datetime
import pathlib
import sys
import time
from collections.abc import Iterator

import click

from service.cli.interrupting import cleaning_up_at_the_end
from service.cli.opening import open_existing_ledger
from service.commands.restoring import NotRestored, restore
from service.config import SettingError, Settings
from service.domain.errors import NotFound
from service.ledger import Ledger, open_ledger
from service.queries.ledger import find_newest_recorded_at, get_block, get_head
from service.queries.verifying import Verified, Wrong, verify
from service.storage.archives import Manifest
from service.storage.faults import DatabaseUnavailable
from service.storage.scratch import scratch_database, scratch_file

EXIT_WRONG = 1


class DrillFailed(Exception):
    """The backup would not bring the ledger back; the message is one line that says why."""


def drill(settings: Settings, file: pathlib.Path, *, on_server: bool) -> None:
    """Runs the drill and prints what it found. Exits 1 with one line when anything is wrong."""
    ledger = open_existing_ledger(settings)
    if on_server and ledger.database.is_sqlite:
        raise click.UsageError("--on-server needs a ledger on PostgreSQL.")
    try:
        with cleaning_up_at_the_end(), _temporary(settings, ledger, on_server=on_server) as (restored, own):
            _drill_into(ledger, restored, own, file)
    except (DrillFailed, NotRestored, DatabaseUnavailable, SettingError, OSError) as error:
        click.echo(f"WRONG: {error}")
        sys.exit(EXIT_WRONG)


@contextlib.contextmanager
def _temporary(settings: Settings, ledger: Ledger, *, on_server: bool) -> Iterator[tuple[Ledger, Settings]]:
    """An empty ledger that is removed at the end, with the secrets file of the settings; and its own settings."""
    with scratch_database(ledger.database) if on_server else scratch_file() as url:
        own = dataclasses.replace(settings, database_url=url, secrets_may_be_created=False)
        restored = open_ledger(own)
        try:
            yield restored, own
        finally:
            restored.database.close()


def _drill_into(ledger: Ledger, restored: Ledger, settings: Settings, file: pathlib.Path) -> None:
    began, begun_at = time.monotonic(), ledger.now()
    manifest = restore(restored, file)
    restored_s = time.monotonic() - began
    verified = _verify(restored, settings, manifest)
    whole_s = time.monotonic() - began
    _refuse_another_chain(ledger, manifest)
    age_s = (begun_at - datetime.datetime.fromisoformat(manifest.created_at)).total_seconds()
    missing = get_head(ledger).transactions - verified.transactions
    newest = find_newest_recorded_at(restored)
    click.echo(f"{file}: {manifest.summary}, restored and verified in a temporary place, which is removed.")
    click.echo(f"RTO {whole_s:.1f} s: {restored_s:.1f} s to restore, {whole_s - restored_s:.1f} s to verify.")
    click.echo(
        f"RPO {age_s:.0f} s: the backup is of {manifest.created_at}; the ledger has {missing} transactions more."
        + ("" if newest is None else f" Its newest transaction was recorded at {newest.isoformat(timespec='seconds')}.")
    )
    in_chain = "It holds no block yet" if manifest.head_hash is None else f"Block {manifest.head_no} is in the chain"
    click.echo(f"{in_chain} of the ledger; {'the' if manifest.head_hash else 'The'} secrets file opens the backup.")


def _verify(restored: Ledger, settings: Settings, manifest: Manifest) -> Verified:
    try:
        return verify(restored, manifest.head_hash, settings=settings)
    except Wrong as wrong:
        raise DrillFailed(f"what was restored does not add up: {wrong}") from None


def _refuse_another_chain(ledger: Ledger, manifest: Manifest) -> None:
    """Raises DrillFailed when the newest block of the backup is not in the ledger's chain."""
    if manifest.head_hash is None:
        return
    try:
        found = get_block(ledger, manifest.head_no).hash.hex()
    except NotFound:
        found = None
    if found != manifest.head_hash:
        raise DrillFailed(
            f"block {manifest.head_no} of the backup is not in the chain of the ledger: the backup is of another "
            "ledger, or one of the two was changed. Run hushi verify on the ledger, and see where the backup is from."
        )
