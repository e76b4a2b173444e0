"""Opening the ledger of the settings for a command, until it ends: on a current schema, or not at all."""

import click

from service.config import SettingError, Settings
from service.ledger import Ledger, open_existing, open_ledger
from service.storage import schema


def open_current_ledger(settings: Settings) -> Ledger:
    """The ledger on a current schema, made where there is none. Raises SettingError on an old PostgreSQL schema."""
    return _migrated(open_ledger_as_it_is(settings))


def open_existing_ledger(settings: Settings) -> Ledger:
    """The same for commands that a new, empty ledger is no answer to. Raises SettingError where there is none."""
    return _migrated(open_existing_as_it_is(settings))


def open_ledger_as_it_is(settings: Settings) -> Ledger:
    """The ledger on whatever schema it has, made where there is none."""
    return _closed_with_the_command(open_ledger(settings))


def open_existing_as_it_is(settings: Settings) -> Ledger:
    """The same where there is one. Raises SettingError where there is none."""
    return _closed_with_the_command(open_existing(settings))


def _closed_with_the_command(ledger: Ledger) -> Ledger:
    command = click.get_current_context(silent=True)
    if command is not None:
        command.call_on_close(ledger.database.close)
    return ledger


def _migrated(ledger: Ledger) -> Ledger:
    """SQLite is migrated; on PostgreSQL, which other versions may be serving, that is a decision."""
    if ledger.database.is_sqlite:
        schema.upgrade(ledger.database, ledger.vault.signets)
    elif not schema.is_current(ledger.database):
        raise SettingError("HUSHI_DATABASE_URL names a database with an old schema; run: hushi db upgrade")
    return ledger
