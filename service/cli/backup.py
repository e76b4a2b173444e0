"""hushi backup and hushi restore: they write the ledger to a file and load it from the file."""

import dataclasses
import datetime
import pathlib
import sys

import click

from service.cli.moments import Moment
from service.cli.opening import open_existing_ledger, open_ledger_as_it_is
from service.cli.settings import pass_settings
from service.commands.restoring import NotRestored, restore
from service.config import SettingError, Settings
from service.domain.retention import Retention, UnknownRetention, choose_kept, read_retention
from service.ledger import Ledger
from service.queries.backing_up import back_up
from service.queries.backups import check_backup
from service.storage.archives import ADVICE, DamagedArchive, Manifest
from service.storage.backup_folders import find_newest, list_backups, new_backup_file, remove_backups

EXIT_WRONG = 1
PATH = click.Path(path_type=pathlib.Path)


class RetentionRule(click.ParamType[Retention]):
    """How many backups to keep, as last=3,daily=14,weekly=8,monthly=24."""

    name = "rule"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Retention:
        """Reads the rule. Fails with a sentence that says what to write."""
        try:
            return read_retention(value)
        except UnknownRetention as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=pathlib.Path), required=False)
@click.option(
    "--into",
    "folder",
    type=click.Path(file_okay=False, path_type=pathlib.Path),
    help="A folder in which the backup gets a name with its time; HUSHI_BACKUP_DIR if FILE is left out too.",
)
@click.option("--keep", "retention", type=RetentionRule(), help="Which backups of the folder to keep; all if left out.")
@pass_settings
def backup(
    settings: Settings, file: pathlib.Path | None, folder: pathlib.Path | None, retention: Retention | None
) -> None:
    """Write a consistent copy of the ledger, which may be in use, into a new FILE, or into a folder of backups.

    A backup in a folder is read again whole; then backups that --keep does not name are deleted, the oldest first.
    The secrets file is not in it: a backup alone names nobody, and without the secrets nobody ever can. Keep it apart.

    \b
    hushi backup hushi-2024-06-30.zip
    hushi backup --into backups --keep last=3,daily=14,weekly=8,monthly=24
    """  # noqa: D301 (click takes \b as a mark)
    folder = folder or (settings.backup_dir if file is None else None)
    if file is None and folder is not None and folder.exists() and not folder.is_dir():
        raise SettingError(f"HUSHI_BACKUP_DIR: {folder} is a file; name a folder of backups.")
    if (file is None) == (folder is None):
        raise click.UsageError("Name either a FILE or a folder (--into DIR, or HUSHI_BACKUP_DIR).")
    if retention is not None and folder is None:
        raise click.UsageError("--keep is about a folder of backups: use it with --into DIR.")
    ledger = open_existing_ledger(settings)
    try:
        written = file or new_backup_file(folder or pathlib.Path(), ledger.now())
        manifest = back_up(ledger, written)
        if folder is not None:
            check_backup(written)
            _prune(folder, written, retention)
    except (OSError, DamagedArchive) as error:
        raise click.ClickException(_one_line(error)) from None
    click.echo(f"{manifest.summary} are in {written}.")
    click.echo(f"The secrets file, {settings.secrets_file}, is not: keep a copy of it apart from the backups.")


def _prune(folder: pathlib.Path, written: pathlib.Path, retention: Retention | None) -> None:
    """Deletes what the rule does not keep. The new backup, which was just read again whole, always stays."""
    found = list_backups(folder)
    kept = {one.at for one in found} if retention is None else choose_kept([one.at for one in found], retention)
    remove_backups(folder, [one for one in found if one.at not in kept and one.file != written])


def _one_line(error: Exception) -> str:
    """What went wrong, and that no half backup is left."""
    if isinstance(error, DamagedArchive):
        return f"The backup can't be read back: {error}. No backup was deleted; look at the disk, and run it again."
    if isinstance(error, FileExistsError) or not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    where = f" ({error.filename})" if error.filename else ""
    return f"The backup can't be written{where}: {error.strerror}. Nothing is left of it."


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, path_type=pathlib.Path), required=False)
@click.option("--until", type=Moment(), help="Of a folder, the newest backup that was begun then or before.")
@click.option("--check", "is_check", is_flag=True, help="Read the backup whole, and say whether it is good.")
@click.option("--drill", "is_drill", is_flag=True, help="Restore it into a temporary place, verify it, and remove it.")
@click.option("--on-server", is_flag=True, help="A drill on the ledger's PostgreSQL server, in a database of its own.")
@pass_settings
def restore_backup(
    settings: Settings, file: pathlib.Path | None, until: datetime.datetime | None, *, is_check: bool, is_drill: bool,
    on_server: bool,
) -> None:  # fmt: skip
    """Load the backup in FILE into the ledger of the settings, which must be empty; from either engine to either.

    FILE may be a folder of backups: then it is the newest one there. The secrets file is not in a backup: put its copy
    where HUSHI_SECRETS_FILE says before. A drill needs the ledger that was backed up: it looks for the backup's newest
    block there, and says how old the backup is and how long restoring took. It exits 1 when anything is wrong.

    \b
    HUSHI_DATA_DIR=restored hushi restore hushi-2024-06-30.zip
    hushi restore --check hushi-2024-06-30.zip
    hushi restore --drill backups
    """  # noqa: D301 (click takes \b as a mark)
    if is_check and is_drill:
        raise click.UsageError("Use either --check or --drill: a drill checks the file as well.")
    if on_server and not is_drill:
        raise click.UsageError("--on-server is about a drill: use it with --drill.")
    chosen = _choose(settings, file, until)
    if is_drill:
        from service.cli.drilling import drill

        drill(settings, chosen, on_server=on_server)
    elif is_check:
        manifest = _checked(chosen)
        click.echo(f"{chosen} is whole: {manifest.summary} as of {manifest.created_at}.")
    else:
        # New secrets would not open the backup, and would lie where its own belong.
        _restore(open_ledger_as_it_is(dataclasses.replace(settings, secrets_may_be_created=False)), chosen)


def _choose(settings: Settings, file: pathlib.Path | None, until: datetime.datetime | None) -> pathlib.Path:
    """The backup that is meant."""
    place = file or settings.backup_dir
    if file is None and place is not None and not place.exists():
        raise SettingError(f"HUSHI_BACKUP_DIR: there is no {place}; name a folder of backups.")
    if place is None:
        raise click.UsageError("Name a FILE, or a folder of backups (also by HUSHI_BACKUP_DIR).")
    if not place.is_dir():
        if until is not None:
            raise click.UsageError("--until chooses a backup of a folder: name the folder instead of one file.")
        return place
    found = find_newest(place, until)
    if found is None:
        raise click.ClickException(
            f"There is no backup in {place}" + (f" from {until.isoformat()} or before." if until else ".")
        )
    return found.file


def _checked(file: pathlib.Path) -> Manifest:
    try:
        return check_backup(file)
    except DamagedArchive as damage:
        click.echo(f"WRONG: {file} is not a whole backup: {damage}. {ADVICE}")
        sys.exit(EXIT_WRONG)
    except OSError as error:
        raise click.ClickException(str(error)) from None


def _restore(ledger: Ledger, file: pathlib.Path) -> None:
    try:
        manifest = restore(ledger, file)
    except (NotRestored, OSError) as error:
        raise click.ClickException(str(error)) from None
    check = "" if manifest.head_hash is None else f" --head {manifest.head_hash}"
    click.echo(f"{manifest.summary} are restored as of {manifest.created_at}. Now run: hushi verify{check}")
