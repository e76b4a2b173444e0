"""Whether the secrets of the settings are those of a ledger. Every command asks before it reads or writes more."""

import contextlib

from service.config import SettingError
from service.ledger import Ledger
from service.storage.faults import DatabaseUnavailable
from service.vault.belonging import why_foreign


def refuse_foreign_secrets(ledger: Ledger) -> None:
    """Raises SettingError when the secrets do not open this ledger.

    Serving on would register people a second time, and one row with the MAC of other keys is wrong for ever.
    """
    with ledger.database.reading() as connection:
        why = why_foreign(connection, ledger.vault)
    if why is not None:
        raise foreign_secrets(why)


def refuse_foreign_secrets_if_told(ledger: Ledger) -> None:
    """The same for a process that a running server starts, while the database may be away for a moment.

    The file may have been exchanged since the server began.
    """
    with contextlib.suppress(DatabaseUnavailable):
        refuse_foreign_secrets(ledger)


def foreign_secrets(why: str) -> SettingError:
    """What is said of the secrets of another ledger."""
    return SettingError(f"HUSHI_SECRETS_FILE names the wrong secrets: it does not belong to this ledger ({why}).")
