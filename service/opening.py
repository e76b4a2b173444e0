"""Opening the ledger of the settings for a command: on a current schema, or not at all."""

from service.config import SettingError, Settings
from service.ledger import Ledger, open_existing, open_ledger
from service.storage import schema


def open_current_ledger(settings: Settings) -> Ledger:
    """The ledger on a current schema, made where there is none. Raises SettingError on an old PostgreSQL schema."""
    return _migrated(open_ledger(settings))


def open_existing_ledger(settings: Settings) -> Ledger:
    """The same for commands that a new, empty ledger is no answer to. Raises SettingError where there is none."""
    return _migrated(open_existing(settings))


def _migrated(ledger: Ledger) -> Ledger:
    """SQLite is migrated; on PostgreSQL, which other versions may be serving, that is a decision."""
    if ledger.database.is_sqlite:
        schema.upgrade(ledger.database, ledger.vault.signets)
    elif not schema.is_current(ledger.database):
        raise SettingError("HUSHI_DATABASE_URL names a database with an old schema; run: hushi db upgrade")
    return ledger
