"""Opens the ledger for a process that a running server starts."""

from service.config import SettingError, Settings
from service.ledger import Ledger, open_served
from service.queries.secrets import refuse_foreign_secrets_if_told
from service.server.lifetimes import end_at_once
from service.storage.identity import FileId


def open_or_end(settings: Settings, served: FileId | None) -> Ledger:
    """The ledger of the settings. Ends the process, with one line in the log, when they can't be used any more.

    Somebody may have moved or exchanged the secrets file since the server began. The server starts another process
    after a pause, so all is well when the file is back.
    """
    try:
        ledger = open_served(settings, served)
        refuse_foreign_secrets_if_told(ledger)
    except SettingError as error:
        end_at_once("wrong-setting", reason=str(error))
    return ledger
