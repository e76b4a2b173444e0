"""hushi import and hushi demo: they record transactions from files, and invented transactions."""

import pathlib
import sys

import click

from service.cli.opening import open_current_ledger, open_existing_ledger
from service.cli.settings import pass_settings, settings_of_environment
from service.config import Settings
from service.domain.errors import Unavailable
from service.server.logs import configure_logs

EXIT_REFUSED = 1


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="Where to write the refused lines; FILE.refused.csv if left out.",
)
@click.option("--encoding", help="The encoding of a text file, such as windows-1251; UTF-8 or GB18030 are found.")
@click.option("--check", "is_check", is_flag=True, help="Say what the import would do with each line, and do nothing.")
@pass_settings
def import_file(
    settings: Settings, file: pathlib.Path, refused: pathlib.Path | None, encoding: str | None, *, is_check: bool
) -> None:
    """Import transactions from a CSV, XLSX or NDJSON file; safe to run again after a cut.

    Headings and words may be English or Chinese, text UTF-8 or GB18030. Exit 1 when a line was refused. A line is
    known by its document number; without one by all that it says, so that two files with the same line hold one trade.
    A run without a refused line removes the report of an earlier run.

    \b
    hushi import --check examples/transactions-zh-gb18030.csv
    hushi import examples/transactions-zh-gb18030.csv
    """  # noqa: D301 (click takes \b as a mark)
    from service.cli.progress import check_with_progress, import_with_progress
    from service.importing import ImportFileError
    from service.importing.refused_lines import ReportNotOurs
    from service.queries.rules import read_rulebook

    configure_logs(settings.log_level)
    ledger = open_existing_ledger(settings)
    try:
        read_rulebook(ledger)  # A file may name categories as the operator's rule files do.
        if is_check:
            tally = check_with_progress(ledger, file, encoding)
        else:
            tally = import_with_progress(ledger, file, refused or file.with_name(file.name + ".refused.csv"), encoding)
    except ImportFileError as error:
        raise click.ClickException(f"{file}: {error}") from None
    except ReportNotOurs as error:
        raise click.UsageError(str(error)) from None
    except Unavailable as error:
        raise click.ClickException(f"{error.detail} Run the same command again: it goes on where it stopped.") from None
    if tally.refused:
        sys.exit(EXIT_REFUSED)


@click.command()
@click.option("--database", metavar="URL", help="The ledger to fill, instead of the one of HUSHI_DATABASE_URL.")
@click.option("--if-empty", is_flag=True, help="Do nothing, without a word, when the ledger is not empty.")
@click.option("--live", is_flag=True, help="Play today in a filled ledger: a few trades a second, until Ctrl-C.")
def demo(database: str | None, if_empty: bool, live: bool) -> None:
    """Fill an empty ledger with calibrated demo data: an invented market of 2023 and 2024, and what goes on from it.

    \b
    hushi demo && hushi serve --welcome
    hushi demo --live                 # the dashboard of a running service moves
    hushi demo --database sqlite:////tmp/market.db
    """  # noqa: D301 (click takes \b as a mark)
    from service.demo.terminal import NotFilled, run_demo

    chosen = {"HUSHI_DATABASE_URL": database} if database else {}
    settings = settings_of_environment(**chosen)
    configure_logs(settings.log_level)
    ledger = open_current_ledger(settings)
    try:
        run_demo(ledger, if_empty=if_empty, live=live)
    except NotFilled as error:
        raise click.ClickException(str(error)) from None
