"""Writes a backup: a consistent copy of a live ledger in one file, on either engine."""

import importlib.metadata
import pathlib

from service.ledger import Ledger
from service.storage import archives, blocks, copying, schema
from service.storage.archives import Manifest


def back_up(ledger: Ledger, file: pathlib.Path) -> Manifest:
    """Writes the ledger of this moment into a new file, and returns the backup's manifest. Posts need not wait for it.

    Names and citizen numbers stay encrypted, and the secrets that decrypt them are not in the file. Raises
    FileExistsError, OSError when the file can't be written, DatabaseUnavailable; then no file is left.
    """
    columns = copying.columns()
    begun_at = ledger.now()  # Before the snapshot: so what was acknowledged before this instant is in the backup.
    with archives.creating(file) as archive, ledger.database.reading() as connection:
        head = blocks.find_head(connection)
        rows = {name: archive.write_lines(name, copying.read_lines(connection, name)) for name in columns}
        manifest = Manifest(
            hushi=importlib.metadata.version("hushi"),
            # The revision is read last, because an upgrade waits for every transaction that has read it.
            revision=schema.revision(connection) or "",
            engine="sqlite" if ledger.database.is_sqlite else "postgresql",
            created_at=begun_at.isoformat(timespec="seconds"),
            head_no=0 if head is None else head.block.no,
            head_hash=None if head is None else head.block.hash.hex(),
            columns=columns,
            rows=rows,
        )
        archive.write_manifest(manifest)
    return manifest
