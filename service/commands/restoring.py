"""Restores a backup into an empty ledger, whole or not at all."""

import itertools
import pathlib

from service.ledger import Ledger
from service.storage import archives, blocks, copying, schema
from service.storage.archives import Archive, DamagedArchive, Manifest
from service.storage.copying import UnreadableLine
from service.storage.engine import Connection
from service.storage.faults import NotWritten, OutcomeUnknown
from service.vault.belonging import why_all_foreign, why_people_foreign


class NotRestored(Exception):
    """Nothing was restored; the message is one line that says why and what to do."""


def restore(ledger: Ledger, file: pathlib.Path) -> Manifest:
    """Makes the schema of an empty ledger, loads a backup into it in one transaction, and returns the manifest.

    Raises NotRestored when the file is damaged or of another schema, when the ledger holds anything, and when its
    secrets are not those of the backup; OSError when the file can't be read. Then the ledger is as empty as before.
    """
    try:
        with archives.opening(file) as archive:
            _refuse_other_schema(archive.manifest)
            _make_schema(ledger)
            with ledger.database.writing(at_length=True) as connection:
                _refuse_filled(connection)
                _load(connection, ledger, archive)
                _refuse_difference(connection, archive.manifest)
            return archive.manifest
    except (DamagedArchive, UnreadableLine) as damage:
        raise NotRestored(f"{file} is not a whole backup: {damage}. {archives.ADVICE}") from None
    except NotWritten as fault:
        raise NotRestored(f"The database did not take what is in {file}: {fault}") from None
    except OutcomeUnknown as fault:
        raise NotRestored(f"{fault}; run the same command again: it tells whether the ledger is there.") from None


def _refuse_other_schema(manifest: Manifest) -> None:
    if manifest.revision != schema.NEWEST_REVISION or dict(manifest.columns) != copying.columns():
        raise NotRestored(
            f"The backup is of schema {manifest.revision}, and this version of hushi has {schema.NEWEST_REVISION}: "
            f"restore it with hushi {manifest.hushi}, then run hushi db upgrade with this version."
        )


def _make_schema(ledger: Ledger) -> None:
    """Migrates a new database. Raises NotRestored on another schema, because such a database is in use.

    The operator has to decide about migrating it.
    """
    with ledger.database.reading() as connection:
        found = schema.revision(connection)
    if found is None:
        schema.upgrade(ledger.database, ledger.vault.macs)
    elif found != schema.NEWEST_REVISION:
        age = "newer" if found > schema.NEWEST_REVISION else "old"
        raise NotRestored(f"The database is in use with the {age} schema {found}; restore into a new one.")


def _refuse_filled(connection: Connection) -> None:
    copying.lock(connection)
    filled = copying.find_filled(connection)
    if filled is not None:
        raise NotRestored(f"The ledger is not empty (its table {filled} holds rows); restore into a new one.")


def _load(connection: Connection, ledger: Ledger, archive: Archive) -> None:
    for table in copying.columns():
        loader = copying.Loader(connection, table)
        lines = archive.read_lines(table)
        while batch := list(itertools.islice(lines, copying.ROWS_AT_ONCE)):
            loader.load(batch)
        if table == "resident":
            # The secrets are checked before the long tables are loaded, so that a wrong file is refused early.
            _refuse_foreign_secrets(why_people_foreign(connection, ledger.vault))
    _refuse_foreign_secrets(why_all_foreign(connection, ledger.vault))
    copying.settle(connection)


def _refuse_foreign_secrets(why: str | None) -> None:
    """Raises NotRestored when there is a reason. With other secrets the ledger would register people a second time."""
    if why is not None:
        raise NotRestored(
            f"The secrets file is not that of the backup ({why}); put the backup's own where HUSHI_SECRETS_FILE says."
        )


def _refuse_difference(connection: Connection, manifest: Manifest) -> None:
    """Raises DamagedArchive when the tables' own counts of rows, or the head of the chain, differ from the manifest.

    The archive was counted while it was read; this counts what the tables hold now.
    """
    rows = copying.count_rows(connection)
    wrong = [name for name, count in rows.items() if count != manifest.rows[name]]
    if wrong:
        raise DamagedArchive(f"{wrong[0]} has {rows[wrong[0]]} rows instead of {manifest.rows[wrong[0]]}")
    head = blocks.find_head(connection)
    if (None if head is None else head.block.hash.hex()) != manifest.head_hash:
        raise DamagedArchive("its newest block is not the one that its manifest names")
