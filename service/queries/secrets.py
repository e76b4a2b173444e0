"""Checks that the secrets of the settings are those of a ledger.

Every command does so before anything else, and an upgrade of the schema before it commits.
"""

import contextlib

from service.config import SettingError
from service.ledger import Ledger
from service.storage.engine import Connection
from service.storage.faults import DatabaseUnavailable
from service.vault.belonging import why_foreign


def refuse_foreign_secrets(ledger: Ledger) -> None:
    """Raises SettingError when the secrets are not those of this ledger.

    With other secrets the service would register people a second time, and a row that gets a MAC of other keys stays
    wrong for ever.
    """
    with ledger.database.reading() as connection:
        why = why_foreign(connection, ledger.vault)
    if why is not None:
        raise foreign_secrets(why)


def refuse_foreign_secrets_in(ledger: Ledger, connection: Connection, written_at: str) -> None:
    """Raises SettingError when the secrets are not those of a ledger that is being upgraded.

    `written_at` is the revision that the ledger had before; the connection sees the schema of this version.
    """
    why = why_foreign(connection, ledger.vault, written_at)
    if why is not None:
        raise foreign_secrets(why)


def refuse_foreign_secrets_if_told(ledger: Ledger) -> None:
    """Raises SettingError when the secrets are not those of this ledger, but nothing when the database does not answer.

    A process that a running server starts calls it: the database may be away for a moment then, and somebody may have
    exchanged the secrets file since the server began.
    """
    with contextlib.suppress(DatabaseUnavailable):
        refuse_foreign_secrets(ledger)


def foreign_secrets(why: str) -> SettingError:
    """The error that says that the secrets are those of another ledger."""
    return SettingError(f"HUSHI_SECRETS_FILE names the wrong secrets: it does not belong to this ledger ({why}).")
