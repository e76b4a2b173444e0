"""hushi db and hushi fold: they migrate and fold the ledger."""

import sys

import click

from service.cli.opening import (
    open_existing_as_it_is,
    open_existing_ledger,
    open_ledger_as_it_is,
    upgrade_schema,
)
from service.cli.settings import pass_settings
from service.commands.folding import fold, fold_all
from service.commands.processing_folding import fold_all_transfers, fold_transfers
from service.config import Settings
from service.storage import durability, schema

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
