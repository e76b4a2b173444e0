"""Opens the ledger of the settings for a command and closes it at the command's end.

Every command that opens a ledger refuses the secrets of another one, before anything is read, written or migrated.
"""

import functools

import click

from service.config import SettingError, Settings
from service.ledger import Ledger, open_existing, open_ledger
from service.queries.secrets import refuse_foreign_secrets, refuse_foreign_secrets_in
from service.storage import schema
from service.storage.faults import NotWritten, OtherRevision, StillServed


def open_current_ledger(settings: Settings) -> Ledger:
    """The ledger on a current schema; a new ledger is made where there is none.

    Raises SettingError on the secrets of another ledger, on an old schema in PostgreSQL and on a schema that is newer.
    """
    return _migrated(open_ledger_as_it_is(settings))


def open_existing_ledger(settings: Settings) -> Ledger:
    """The ledger on a current schema, for commands that need one which exists. Raises SettingError where there is none.

    Otherwise these commands raise as `open_current_ledger`; a new, empty ledger would be no answer to them.
    """
    return _migrated(open_existing_as_it_is(settings))


def open_ledger_as_it_is(settings: Settings) -> Ledger:
    """The ledger without a look at its schema; a new ledger is made where there is none. Raises SettingError."""
    return _with_its_secrets(_closed_with_the_command(open_ledger(settings)))


def open_existing_as_it_is(settings: Settings) -> Ledger:
    """The ledger without a look at its schema. Raises SettingError, also where there is no ledger."""
    return _with_its_secrets(_closed_with_the_command(open_existing(settings)))


def open_for_verifying(settings: Settings) -> Ledger:
    """The ledger on a current schema, for a caller that judges the secrets itself.

    Rows that do not fit the secrets may be damaged rows, and `hushi verify` is there to find those. Raises
    SettingError, also on foreign secrets where the schema is old, because a migration makes MACs.
    """
    ledger = _closed_with_the_command(open_existing(settings))
    return ledger if schema.is_current(ledger.database) else _migrated(_with_its_secrets(ledger))


def upgrade_schema(ledger: Ledger) -> None:
    """Brings a ledger to the schema of this version. Raises SettingError, one line that says what prevents it."""
    try:
        schema.upgrade(ledger.database, ledger.vault.macs, functools.partial(refuse_foreign_secrets_in, ledger))
    except StillServed as error:
        raise SettingError(
            f"HUSHI_DATABASE_URL: {error} by a process of another version, and its schema must change: "
            "stop that server, then run the same command again."
        ) from None
    except OtherRevision as error:
        raise SettingError(f"HUSHI_DATABASE_URL: {error}.") from None
    except NotWritten as error:
        if not error.is_race:
            raise SettingError(f"HUSHI_DATABASE_URL: the upgrade failed, and nothing was changed: {error}.") from None
        raise SettingError(
            f"HUSHI_DATABASE_URL: nothing was changed, because the database did not let the upgrade in ({error}); "
            "run the same command again, or stop what holds its tables, such as a backup or an import."
        ) from None


def _closed_with_the_command(ledger: Ledger) -> Ledger:
    command = click.get_current_context(silent=True)
    if command is not None:
        command.call_on_close(ledger.database.close)
    return ledger


def _with_its_secrets(ledger: Ledger) -> Ledger:
    if not ledger.database.is_missing:
        refuse_foreign_secrets(ledger)
    return ledger


def _migrated(ledger: Ledger) -> Ledger:
    """Migrates a ledger on SQLite and returns the ledger. Raises SettingError on an old schema in PostgreSQL.

    There the operator decides when to migrate, because servers of other versions may be serving the ledger.
    """
    found = None if ledger.database.is_missing else schema.find_revision(ledger.database)
    is_newer = found is not None and found > schema.NEWEST_REVISION
    if ledger.database.is_sqlite or is_newer:
        upgrade_schema(ledger)
    elif found != schema.NEWEST_REVISION:
        raise SettingError("HUSHI_DATABASE_URL names a database with an old schema; run: hushi db upgrade")
    return ledger
