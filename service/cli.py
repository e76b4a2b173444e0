"""The hushi command."""

import os
import pathlib
import re
import sys

import click

from service import __doc__ as about
from service.cli_backup import backup, restore_backup
from service.cli_keys import keys, secrets
from service.cli_reports import report
from service.cli_settings import pass_settings, settings_of_environment
from service.commands.folding import fold, fold_all
from service.commands.verification import record_verification
from service.config import WORKERS, SettingError, Settings
from service.domain.errors import Unavailable
from service.ledger import open_existing, open_ledger, refuse_foreign_secrets
from service.listening import held
from service.opening import open_current_ledger, open_existing_ledger
from service.queries.verifying import Wrong, verify
from service.storage import schema
from service.storage.engine import DatabaseUnavailable

EXIT_DIFFERENT = 1
EXIT_NOT_WRITTEN = 1
EXIT_WRONG_SETTING = 2
PORT = click.IntRange(1, 65535)
EXAMPLES = """\b
hushi demo                       # fill a new ledger with an invented market
hushi serve --welcome            # serve it, and say how to sign in
hushi keys create --name clerk-1 --scope transactions:write
hushi import examples/transactions-zh-gb18030.csv
hushi report trade --period 2024-H1 --by category
hushi backup hushi-2024-06-30.zip
HUSHI_DATA_DIR=other hushi verify              # or HUSHI_DATABASE_URL=…
"""


def main() -> None:
    """The entry point: a wrong setting, or a file that can't be used, is one line on standard error."""
    try:
        hushi()
    except SettingError as error:
        click.echo(f"hushi: {error}", err=True)
        sys.exit(EXIT_WRONG_SETTING)
    except DatabaseUnavailable as error:
        click.echo(f"hushi: HUSHI_DATABASE_URL: {error}; is it running, and is the URL right?", err=True)
        sys.exit(EXIT_WRONG_SETTING)
    except OSError as error:
        _give_up_output()
        click.echo(f"hushi: {error.filename or 'standard output'}: {error.strerror}", err=True)
        sys.exit(EXIT_NOT_WRITTEN)


def _give_up_output() -> None:
    """What could not be written stays in the buffer, and Python would fail at it once more on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(help=about, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hushi")
def hushi() -> None:
    """The group of all commands; each of them reads the settings for itself."""


@hushi.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=PORT, help="The port to listen on.")
@click.option("--workers", default=WORKERS, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
@click.option("--welcome", "greets", is_flag=True, help="Say first what `hushi welcome` says.")
@pass_settings
def serve(settings: Settings, host: str, port: int, workers: int, greets: bool) -> None:
    """Serve the ledger over HTTP.

    SQLite is migrated first; PostgreSQL must have been, by `hushi db upgrade`.

    \b
    hushi serve --welcome             # and say first how to sign in
    hushi serve --host 0.0.0.0        # to the network, behind a proxy with TLS
    HUSHI_DATABASE_URL=postgresql+psycopg://… hushi serve --workers 4
    """  # noqa: D301 (click takes \b as a mark)
    from service.server import serve as serve_http
    from service.welcome import welcome_text

    with held(host, port) as address:
        ledger = open_current_ledger(settings)
        refuse_foreign_secrets(ledger)
        if greets:
            click.echo(welcome_text(ledger, settings.data_dir, port))
        ledger.database.close()
        serve_http(settings, address, port, workers)


@hushi.group()
def db() -> None:
    """The schema of the database."""


@db.command()
@pass_settings
def upgrade(settings: Settings) -> None:
    """Bring the database to the schema of this version."""
    ledger = open_ledger(settings)
    schema.upgrade(ledger.database, ledger.vault.signets)
    click.echo(f"The schema is at revision {schema.newest_revision()}.")


@db.command()
@pass_settings
def check(settings: Settings) -> None:
    """Exit 1 when the database's schema and the code's differ."""
    differences = schema.differences(open_existing(settings).database)
    for difference in differences:
        click.echo(difference)
    if differences:
        sys.exit(EXIT_DIFFERENT)
    click.echo("The schema and the code agree.")


@hushi.command("fold")
@click.option("--once", is_flag=True, help="Fold one block at most, instead of the whole tail.")
@pass_settings
def fold_tail(settings: Settings, once: bool) -> None:
    """Fold the tail into blocks and cells now; the service does it by itself."""
    ledger = open_existing_ledger(settings)
    if once:
        folded = fold(ledger)
        entries = 0 if folded is None else folded.block.count
    else:
        entries = fold_all(ledger)
    click.echo(f"{entries} transactions folded.")


class BlockHash(click.ParamType[str]):
    """The hash of a block, however it was noted: a false alarm would be worse than none."""

    name = "hash"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """64 hex digits in lower case. Fails on anything else, which no block of any chain can have."""
        digits = "".join(value.split()).lower()
        if re.fullmatch("[0-9a-f]{64}", digits) is None:
            self.fail(f"'{value}' is no hash of a block: that is 64 hex digits.", param, ctx)
        return digits


@hushi.command("verify")
@click.option(
    "--head",
    "head_hash",
    type=BlockHash(),
    help="The hash of a block that was noted elsewhere: it must be in the chain.",
)
@pass_settings
def verify_ledger(settings: Settings, head_hash: str | None) -> None:
    """Recount everything from the journal: exit 0 and a summary, or exit 1 and the first thing that is wrong.

    \b
    hushi verify
    hushi verify --head HASH          # the hash that an earlier run has printed
    """  # noqa: D301 (click takes \b as a mark)
    ledger = open_existing_ledger(settings)
    try:
        verified = verify(ledger, head_hash)
    except Wrong as wrong:
        click.echo(f"WRONG: {wrong}")
        sys.exit(EXIT_DIFFERENT)
    head = verified.head
    record_verification(ledger, 0 if head is None else head.no)
    click.echo(
        f"{verified.transactions} transactions, {verified.blocks} blocks, {verified.cells} cells, "
        f"{verified.tail} in the tail: every figure is what the journal adds up to."
    )
    if head is not None:
        click.echo(f"Block {head.no} has the hash {head.hash.hex()}; keep it elsewhere for: hushi verify --head")


@hushi.command()
@click.option("--port", default=8000, show_default=True, type=PORT, help="The port that the service will listen on.")
@pass_settings
def welcome(settings: Settings, port: int) -> None:
    """Print the address of the service, a key, and a request to paste."""
    from service.welcome import welcome_text

    click.echo(welcome_text(open_current_ledger(settings), settings.data_dir, port))


@hushi.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="Where to write the refused lines; FILE.refused.csv if left out.",
)
@pass_settings
def import_file(settings: Settings, file: pathlib.Path, refused: pathlib.Path | None) -> None:
    """Import transactions from a CSV, XLSX or NDJSON file; safe to run again after a cut.

    Headings and words may be English or Chinese, text UTF-8 or GB18030. Exit 1 when a line was refused. A line is
    known by its document number; without one by all that it says, so that two files with the same line hold one trade.
    A run without a refused line removes the report of an earlier run.

    \b
    hushi import examples/transactions-zh-gb18030.csv
    """  # noqa: D301 (click takes \b as a mark)
    from service.importing import ImportFileError
    from service.progress import import_with_progress
    from service.refused_lines import ReportNotOurs

    ledger = open_existing_ledger(settings)
    try:
        tally = import_with_progress(ledger, file, refused or file.with_name(file.name + ".refused.csv"))
    except ImportFileError as error:
        raise click.ClickException(f"{file}: {error}") from None
    except ReportNotOurs as error:
        raise click.UsageError(str(error)) from None
    except Unavailable as error:
        raise click.ClickException(f"{error.detail} Run the same command again: it goes on where it stopped.") from None
    if tally.refused:
        sys.exit(EXIT_DIFFERENT)


@hushi.command()
@click.option("--database", metavar="URL", help="The ledger to fill, instead of the one of HUSHI_DATABASE_URL.")
@click.option("--if-empty", is_flag=True, help="Do nothing, without a word, when the ledger is not empty.")
@click.option("--live", is_flag=True, help="Play today in a filled ledger: a few trades a second, until Ctrl-C.")
def demo(database: str | None, if_empty: bool, live: bool) -> None:
    """Fill an empty ledger with calibrated demo data: an invented market from January 2023 to June 2024.

    \b
    hushi demo && hushi serve --welcome
    hushi demo --live                 # the dashboard of a running service moves
    hushi demo --database sqlite:////tmp/market.db
    """  # noqa: D301 (click takes \b as a mark)
    from service.demo.terminal import NotFilled, run_demo

    chosen = {"HUSHI_DATABASE_URL": database} if database else {}
    ledger = open_current_ledger(settings_of_environment(**chosen))
    refuse_foreign_secrets(ledger)
    try:
        run_demo(ledger, if_empty=if_empty, live=live)
    except NotFilled as error:
        raise click.ClickException(str(error)) from None


@hushi.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes hushi's commands and options.

    \b
    eval "$(hushi completion bash)"                                   # in ~/.bashrc
    hushi completion fish > ~/.config/fish/completions/hushi.fish
    """  # noqa: D301 (click takes \b as a mark)
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(hushi, {}, "hushi", "_HUSHI_COMPLETE").source())


for command in (backup, keys, report, restore_backup, secrets):
    hushi.add_command(command)
