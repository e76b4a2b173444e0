"""hushi keys and hushi secrets: the keys that callers of the API need, and the file of the encryption keys."""

import contextlib
import datetime
import pathlib

import click

from schemas.fields import BusinessDay, Instant
from service.cli.opening import open_current_ledger, open_existing_ledger
from service.cli.settings import pass_settings
from service.commands.keys import create_key, revoke_key
from service.config import Settings
from service.domain.keys import KEY_ID_MAX, SCOPES, check_key_name, check_trade_point, has_expired
from service.domain.transactions import MARKET_TIME, end_of_day
from service.queries.keys import list_api_keys
from service.storage.keys import ApiKey
from service.vault import create_secrets


@click.group()
def keys() -> None:
    """API keys: created once, shown once, revoked within the next request."""


def _key_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    try:
        return check_key_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _trade_point(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    try:
        return None if name is None else check_trade_point(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _end(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime.datetime | None:
    """The instant from which a key is refused. A day stands for its end: the key can still be used on that day."""
    if text is None:
        return None
    with contextlib.suppress(ValueError, OverflowError):
        return end_of_day(BusinessDay().parse(text))
    with contextlib.suppress(ValueError):
        return Instant().parse(text)
    raise click.BadParameter("send a day such as 2026-12-31, or an instant such as 2026-12-31T18:00:00+08:00")


@keys.command()
@click.option("--name", required=True, callback=_key_name, help="Whose key it is, for the list.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="May be repeated.")
@click.option("--trade-point", callback=_trade_point, help="The only trade point that the key sees and writes.")
@click.option(
    "--expires-at", metavar="DAY|INSTANT", callback=_end, help="The last day of the key, or the instant of its end."
)
@pass_settings
def create(
    settings: Settings,
    name: str,
    scopes: tuple[str, ...],
    trade_point: str | None,
    expires_at: datetime.datetime | None,
) -> None:
    """Create a key and print it, alone on standard output, this once.

    \b
    hushi keys create --name clerk-1 --scope transactions:write --scope residents:read
    hushi keys create --name desk-3 --scope transactions:write --trade-point erenhot --expires-at 2026-12-31
    """  # noqa: D301 (click takes \b as a mark)
    ledger, held = open_current_ledger(settings), tuple(dict.fromkeys(scopes))
    try:
        key_id, key = create_key(ledger, name, held, trade_point=trade_point, expires_at=expires_at)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--expires-at") from None
    bound = "" if trade_point is None else f", of the trade point {trade_point} only"
    until = "" if expires_at is None else f", until {_shown(expires_at)}"
    click.echo(f"Key {key_id} for {name}: {' '.join(held)}{bound}{until}. It is shown this once.", err=True)
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
    """List the keys, without their secrets.

    A line has the key's id, name, scopes, day of creation, state, trade point, end, and the last business day on which
    it was used; - where there is none.
    """
    ledger = open_existing_ledger(settings)
    for key, last_used_on in list_api_keys(ledger):
        end = "-" if key.expires_at is None else _shown(key.expires_at)
        click.echo(
            f"{key.id}\t{key.name}\t{' '.join(sorted(key.scopes))}\t{key.created_at:%Y-%m-%d}\t"
            f"{_state_of(key, ledger.now())}\t{key.trade_point or '-'}\t{end}\t{last_used_on or '-'}"
        )


def _state_of(key: ApiKey, now: datetime.datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {_shown(key.revoked_at)}"
    return "expired" if has_expired(key.expires_at, now) else "live"


def _shown(instant: datetime.datetime) -> str:
    return instant.astimezone(MARKET_TIME).isoformat(timespec="seconds")


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
