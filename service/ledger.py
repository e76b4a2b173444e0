"""What every command and query works with: database, vault, rules, caches, clock and source of ids."""

import contextlib
import dataclasses
import datetime
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import uuid_utils.compat

from service.config import SettingError, Settings
from service.domain.transactions import business_day
from service.rules.loading import RulebookCache
from service.storage.engine import Database
from service.storage.faults import UnusableUrl
from service.storage.identity import FileId
from service.storage.lineage import Lineage
from service.storage.prices import PriceBook
from service.storage.resident_cache import ResidentCache
from service.vault import SecretsError, Vault, create_secrets, load_vault
from service.vault.name_index import NameIndex


@dataclass(frozen=True, slots=True)
class Ledger:
    """One ledger. Its clock and its source of ids are arguments, so that a test can set them."""

    database: Database
    vault: Vault
    clock: Callable[[], datetime.datetime]
    new_id: Callable[[], UUID]
    resident_cache: ResidentCache = field(default_factory=ResidentCache)
    lineage: Lineage = field(default_factory=Lineage)
    prices: PriceBook = field(default_factory=PriceBook)
    name_index: NameIndex = field(default_factory=NameIndex)
    rules: RulebookCache = field(default_factory=RulebookCache)
    standby: "Ledger | None" = None
    """The same ledger, read from other servers, with memory of its own: what is read there may be older."""

    def now(self) -> datetime.datetime:
        """The present instant, by the ledger's clock."""
        return self.clock()

    def today(self) -> datetime.date:
        """The present business day, by the ledger's clock."""
        return business_day(self.clock())


def open_ledger(settings: Settings) -> Ledger:
    """The ledger of the settings. Where there is none, its folder and its secrets are made; nothing is migrated.

    Raises SettingError when the folder or the secrets can't be made or used.
    """
    database = _database(settings)
    if database.is_missing:
        _make_place(settings, database)
    return _ledger(settings, database)


def open_existing(settings: Settings) -> Ledger:
    """The ledger of the settings, which must exist. Raises SettingError, also where there is no ledger.

    Otherwise a mistyped setting would make a new ledger, and the command would answer from that empty ledger.
    """
    database = _database(settings, makes_file=False)
    if database.is_missing:
        raise SettingError(
            f"There is no ledger in {database.file}: see HUSHI_DATABASE_URL and HUSHI_DATA_DIR, "
            "or make one with hushi db upgrade."
        )
    return _ledger(settings, database)


def open_served(settings: Settings, served: FileId | None = None) -> Ledger:
    """The ledger of the settings, for a process that a running server starts; with its standby. Raises SettingError.

    The database may be away for a moment then. Until SQLite's file is back, the ledger answers that the database is
    unavailable, and makes no new file. `served` is the file that the server has begun with; another file in its place
    is not opened.
    """
    ledger = _ledger(settings, _database(settings, makes_file=False, served=served))
    return ledger if settings.read_url is None else with_standby(ledger, settings.read_url)


def with_standby(ledger: Ledger, read_url: str) -> Ledger:
    """The ledger together with the servers that reports come from. Raises SettingError."""
    try:
        database = Database(read_url, takes_writes=False)
    except UnusableUrl as error:
        raise SettingError(f"HUSHI_READ_URL {error}.") from None
    return dataclasses.replace(ledger, standby=Ledger(database, ledger.vault, ledger.clock, ledger.new_id))


def _database(settings: Settings, *, makes_file: bool = True, served: FileId | None = None) -> Database:
    try:
        return Database(settings.database_url, makes_file=makes_file, known_file=served)
    except UnusableUrl as error:
        raise SettingError(f"HUSHI_DATABASE_URL {error}.") from None


def _make_place(settings: Settings, database: Database) -> None:
    """Makes the folder of a new ledger and its secrets. A ledger that exists could not be read with new secrets."""
    try:
        database.make_folder()
    except OSError as error:
        raise SettingError(
            f"HUSHI_DATABASE_URL, or HUSHI_DATA_DIR: the folder of {database.file} can't be made ({error.strerror})."
        ) from None
    if settings.secrets_may_be_created and not settings.secrets_file.exists():
        _make_secrets(settings)


def _make_secrets(settings: Settings) -> None:
    try:
        # Another process that makes the same ledger may have made the secrets a moment before.
        with contextlib.suppress(FileExistsError):
            create_secrets(settings.secrets_file)
    except OSError as error:
        raise SettingError(
            f"HUSHI_SECRETS_FILE, or HUSHI_DATA_DIR: {settings.secrets_file} can't be made ({error.strerror})."
        ) from None


def _ledger(settings: Settings, database: Database) -> Ledger:
    try:
        vault = load_vault(settings.secrets_file)
    except SecretsError as error:
        raise SettingError(f"HUSHI_SECRETS_FILE: {error}.") from None
    return Ledger(
        database=database,
        vault=vault,
        clock=functools.partial(datetime.datetime.now, datetime.UTC),
        new_id=uuid_utils.compat.uuid7,
    )
