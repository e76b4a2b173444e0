"""Opening the ledger of the settings for a command: on a current schema, or not at all."""

from service.config import SettingError, Settings
from service.ledger import Ledger, open_ledger
from service.storage import schema


def open_current_ledger(settings: Settings) -> Ledger:
    """The ledger on a current schema. Raises SettingError on an old PostgreSQL schema: migrating it is a decision."""
    ledger = open_ledger(settings)
    if settings.is_sqlite:
        schema.upgrade(ledger.database)
    elif not schema.is_current(ledger.database):
        raise SettingError("HUSHI_DATABASE_URL names a database with an old schema; run: hushi db upgrade")
    return ledger
