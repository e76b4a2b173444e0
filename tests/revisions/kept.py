"""The ledgers that are kept: one file for each revision of the schema and engine."""

import pathlib
import subprocess
import zipfile
from dataclasses import dataclass
from typing import Any

import orjson

from tests.postgresql import USER, PostgreSQL, runnable_programs

FOLDER = pathlib.Path(__file__).parents[1] / "cases/revisions"
LEDGER = {"sqlite": "hushi.db", "postgresql": "hushi.sql"}
SECRETS, TOLD = "secrets.json", "told.json"
ENGINES = tuple(LEDGER)


@dataclass(frozen=True)
class Kept:
    """A ledger of an earlier revision, unpacked into a folder."""

    folder: pathlib.Path
    told: dict[str, Any]
    """What the code of that time has answered: ids and keys of trades, a refusal, a report, and an API key."""

    @property
    def secrets(self) -> pathlib.Path:
        """The secrets of the ledger."""
        return self.folder / SECRETS


def revisions() -> list[str]:
    """The revisions of which a ledger is kept."""
    return sorted({path.name.partition("-")[0] for path in FOLDER.glob("*.zip")})


def keep(revision: str, engine: str, folder: pathlib.Path) -> pathlib.Path:
    """Packs the ledger in a folder, and returns the file."""
    path = FOLDER / f"{revision}-{engine}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in (LEDGER[engine], SECRETS, TOLD):
            packed.write(folder / name, name)
    return path


def unpack(revision: str, engine: str, folder: pathlib.Path) -> Kept:
    """Unpacks a kept ledger."""
    with zipfile.ZipFile(FOLDER / f"{revision}-{engine}.zip") as packed:
        packed.extractall(folder)
    (folder / SECRETS).chmod(0o600)
    return Kept(folder, orjson.loads((folder / TOLD).read_bytes()))


def load(kept: Kept, server: PostgreSQL, database: str) -> str:
    """Loads a kept ledger into a new database of a server, and returns its URL."""
    server.execute(f"CREATE DATABASE {database}")
    command = [str(runnable_programs() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(server.folder)]
    script = kept.folder / LEDGER["postgresql"]
    subprocess.run([*command, "-U", USER, "-d", database, "-f", str(script)], check=True, stdout=subprocess.DEVNULL)
    return server.url(database)


def dump(server: PostgreSQL, database: str, script: pathlib.Path) -> None:
    """Writes a database of a server as a script of SQL."""
    with script.open("wb") as output:
        command = [str(runnable_programs() / "pg_dump"), "-h", str(server.folder), "-U", USER, "--no-owner", database]
        subprocess.run(command, check=True, stdout=output)
