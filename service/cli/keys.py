"""hushi keys and hushi secrets: the keys that callers of the API need, and the file of the encryption keys."""

import pathlib

import click

from service.cli.opening import open_current_ledger, open_existing_ledger
from service.cli.settings import pass_settings
from service.commands.keys import create_key, revoke_key
from service.config import Settings
from service.domain.keys import KEY_ID_MAX, SCOPES, check_key_name
from service.queries.keys import list_api_keys
from service.vault import create_secrets


@click.group()
def keys() -> None:
    """API keys: created once, shown once, revoked within the next request."""


def _key_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    try:
        return check_key_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@keys.command()
@click.option("--name", required=True, callback=_key_name, help="Whose key it is, for the list.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="May be repeated.")
@pass_settings
def create(settings: Settings, name: str, scopes: tuple[str, ...]) -> None:
    """Create a key and print it, alone on standard output, this once.

    \b
    hushi keys create --name clerk-1 --scope transactions:write --scope residents:read
    """  # noqa: D301 (click takes \b as a mark)
    ledger, held = open_current_ledger(settings), tuple(dict.fromkeys(scopes))
    key_id, key = create_key(ledger, name, held)
    click.echo(f"Key {key_id} for {name}: {' '.join(held)}. It is shown this once.", err=True)
    try:
        click.echo(key)
    except OSError:
        # The key was shown not at all, or in part: it must not stay live.
        revoke_key(ledger, key_id)
        click.echo(f"Key {key_id} could not be shown and is revoked.", err=True)
        raise


@keys.command("list")
@pass_settings
def list_keys(settings: Settings) -> None:
    """List the keys, without their secrets."""
    for key in list_api_keys(open_existing_ledger(settings)):
        state = "live" if key.revoked_at is None else f"revoked {key.revoked_at.isoformat(timespec='seconds')}"
        click.echo(f"{key.id}\t{key.name}\t{' '.join(sorted(key.scopes))}\t{key.created_at:%Y-%m-%d}\t{state}")


@keys.command()
@click.argument("key_id", type=click.IntRange(1, KEY_ID_MAX))
@pass_settings
def revoke(settings: Settings, key_id: int) -> None:
    """Revoke a key: the next request with it is refused."""
    if not revoke_key(open_existing_ledger(settings), key_id):
        raise click.ClickException(f"no live key {key_id}; see: hushi keys list")
    click.echo(f"Key {key_id} is revoked.")


@click.group()
def secrets() -> None:
    """The file with the keys that encrypt names and citizen numbers."""


@secrets.command("create")
@click.argument("file", type=click.Path(dir_okay=False, path_type=pathlib.Path))
def create_secrets_file(file: pathlib.Path) -> None:
    """Make new keys in a new file with mode 0600; keep a copy of it apart from the database's backups.

    \b
    hushi secrets create /etc/hushi/secrets.json
    export HUSHI_SECRETS_FILE=/etc/hushi/secrets.json
    """  # noqa: D301 (click takes \b as a mark)
    try:
        create_secrets(file)
    except FileExistsError:
        raise click.ClickException(f"{file} exists; keys are never overwritten") from None
    except OSError as error:
        raise click.ClickException(f"{file} can't be made ({error.strerror}); nothing is left of it") from None
    click.echo(f"The keys are in {file}. Whoever loses them can't read the people in the ledger any more.")
