"""hushi backup and hushi restore: they write the ledger to a file and load it from the file."""

import pathlib

import click

from service.cli.opening import open_existing_ledger, open_ledger_as_it_is
from service.cli.settings import pass_settings
from service.commands.restoring import NotRestored, restore
from service.config import Settings
from service.queries.backing_up import back_up


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=pathlib.Path))
@pass_settings
def backup(settings: Settings, file: pathlib.Path) -> None:
    """Write a consistent copy of the ledger, which may be in use, into a new FILE.

    The secrets file is not in it: a backup alone names nobody, and without the secrets nobody ever can. Keep it apart.

    \b
    hushi backup hushi-2024-06-30.zip
    """  # noqa: D301 (click takes \b as a mark)
    try:
        manifest = back_up(open_existing_ledger(settings), file)
    except OSError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{manifest.summary} are in {file}.")
    click.echo(f"The secrets file, {settings.secrets_file}, is not: keep a copy of it apart from the backups.")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@pass_settings
def restore_backup(settings: Settings, file: pathlib.Path) -> None:
    """Load the backup in FILE into the ledger of the settings, which must be empty; from either engine to either.

    The secrets file is not in a backup: put its copy where HUSHI_SECRETS_FILE says before.

    \b
    HUSHI_DATA_DIR=restored hushi restore hushi-2024-06-30.zip
    """  # noqa: D301 (click takes \b as a mark)
    try:
        manifest = restore(open_ledger_as_it_is(settings), file)
    except (NotRestored, OSError) as error:
        raise click.ClickException(str(error)) from None
    check = "" if manifest.head_hash is None else f" --head {manifest.head_hash}"
    click.echo(f"{manifest.summary} are restored as of {manifest.created_at}. Now run: hushi verify{check}")
