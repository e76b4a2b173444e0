"""hushi db, hushi fold and hushi verify: they migrate, fold and check the ledger."""

import re
import sys

import click

from service.cli.opening import (
    open_existing_as_it_is,
    open_existing_ledger,
    open_for_verifying,
    open_ledger_as_it_is,
    upgrade_schema,
)
from service.cli.settings import pass_settings
from service.commands.folding import fold, fold_all
from service.commands.processing_folding import fold_all_transfers, fold_transfers
from service.commands.verification import record_verification
from service.config import Settings
from service.storage import durability, schema
from service.storage.faults import ReadOnlyDatabase

EXIT_DIFFERENT = 1


@click.group()
def db() -> None:
    """The schema of the database."""


@db.command()
@pass_settings
def upgrade(settings: Settings) -> None:
    """Bring the database to the schema of this version.

    Servers of an older version answer 503 from then on, until they are started with this one; a SQLite ledger must not
    be served meanwhile.
    """
    ledger = open_ledger_as_it_is(settings)
    upgrade_schema(ledger)
    click.echo(f"The schema is at revision {schema.NEWEST_REVISION}.")


@db.command()
@pass_settings
def check(settings: Settings) -> None:
    """Exit 1 when the database's schema and the code's differ; warn of settings that endanger what is in it."""
    database = open_existing_as_it_is(settings).database
    differences = schema.differences(database)
    for difference in differences:
        click.echo(difference)
    for warning in durability.warnings(database):
        click.echo(f"Warning: {warning}", err=True)
    if differences:
        sys.exit(EXIT_DIFFERENT)
    click.echo("The schema and the code agree.")


@click.command("fold")
@click.option("--once", is_flag=True, help="Fold one block and 10,000 lines of transfers at most, instead of all.")
@pass_settings
def fold_tail(settings: Settings, once: bool) -> None:
    """Fold the tail into blocks and cells, and transfers into cells, now; the service does it by itself."""
    ledger = open_existing_ledger(settings)
    if once:
        folded = fold(ledger)
        entries = 0 if folded is None else folded.block.count
        lines = fold_transfers(ledger)
    else:
        entries, lines = fold_all(ledger), fold_all_transfers(ledger)
    of_transfers = f", {lines} lines of transfers" if lines else ""
    click.echo(f"{entries} transactions{of_transfers} folded.")


class BlockHash(click.ParamType[str]):
    """The hash of a block, with spaces or in upper case if it was noted so: a false alarm would be worse than none."""

    name = "hash"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns 64 hex digits in lower case. Fails on any other text, because no block can have it as its hash."""
        digits = "".join(value.split()).lower()
        if re.fullmatch("[0-9a-f]{64}", digits) is None:
            self.fail(f"'{value}' is no hash of a block: that is 64 hex digits.", param, ctx)
        return digits


@click.command("verify")
@click.option(
    "--head",
    "head_hash",
    type=BlockHash(),
    help="The hash of a block that was noted elsewhere: it must be in the chain.",
)
@pass_settings
def verify_ledger(settings: Settings, head_hash: str | None) -> None:
    """Recount everything from the journal: exit 0 and a summary, or exit 1 and the first thing that is wrong.

    With the secrets of another ledger nothing can be told: exit 2, and a line that says so.

    \b
    hushi verify
    hushi verify --head HASH          # the hash that an earlier run has printed
    """  # noqa: D301 (click takes \b as a mark)
    from service.queries.verifying import Wrong, verify

    ledger = open_for_verifying(settings)
    try:
        verified = verify(ledger, head_hash)
    except Wrong as wrong:
        click.echo(f"WRONG: {wrong}")
        sys.exit(EXIT_DIFFERENT)
    head = verified.head
    click.echo(
        f"{verified.transactions} transactions, {verified.blocks} blocks, {verified.cells} cells, "
        f"{verified.tail} in the tail: every figure is what the journal adds up to."
    )
    if head is not None:
        click.echo(f"Block {head.no} has the hash {head.hash.hex()}; keep it elsewhere for: hushi verify --head")
    try:
        record_verification(ledger, 0 if head is None else head.no)
    except ReadOnlyDatabase as fault:
        click.echo(f"That it was verified is not noted in the ledger: {fault}.", err=True)
