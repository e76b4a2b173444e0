"""hushi residents import: it registers the residents of a clerk's table."""

import pathlib
import sys

import click

from service.cli.opening import open_existing_ledger
from service.cli.settings import pass_settings
from service.config import Settings
from service.server.logs import configure_logs

EXIT_REFUSED = 1


@click.group()
def residents() -> None:
    """Residents: registered from a table. The page /residents shows, registers and changes one at a time."""


@residents.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option("--check", is_flag=True, help="Say all that the import would do, and do nothing.")
@click.option("--encoding", help="The encoding of a text file, such as windows-1251; UTF-8 or GB18030 are found.")
@pass_settings
def import_residents(settings: Settings, file: pathlib.Path, check: bool, encoding: str | None) -> None:
    """Register residents from a CSV or XLSX file; safe to run again after a cut.

    Headings may be Chinese, English or Mongolian: name, id_number, registered_on, and where they are known valid_until,
    settlement and group (by id or by name; it must exist). A citizen number that is registered under the same name is
    counted as known, and changes nothing; under another name its line is refused. Exit 1 when a line was refused.

    Numbers are stored encrypted only. Every refused line is told on standard error with its number masked, and no line
    is written to a file.

    \b
    hushi residents import examples/residents-zh.csv --check
    hushi residents import examples/residents-zh.csv 2> refused.txt
    """  # noqa: D301 (click takes \b as a mark)
    from service.cli.registering import NotFinished, import_with_progress

    configure_logs(settings.log_level)
    ledger = open_existing_ledger(settings)
    try:
        tally = import_with_progress(ledger, file, encoding, writes=not check)
    except NotFinished as error:
        raise click.ClickException(f"{file}: {error}") from None
    if tally.refused:
        sys.exit(EXIT_REFUSED)
