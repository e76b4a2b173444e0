"""Builders of tables of residents, and the search for a citizen number in clear text."""

import pathlib
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from service.importing.reader import open_table
from service.importing.registering import RefusedRegistration, RegistrationImport
from service.importing.registrations import RegistrationColumns
from service.ledger import Ledger
from service.storage.tables import metadata
from tests.builders import a_citizen_number
from tests.importing.files import write_csv

ROW = {
    "姓名": "阿拉坦·其其格",
    "身份证号": a_citizen_number(0),
    "备案日期": "2024/3/1",
    "有效期至": "",
    "嘎查": "",
    "互助组": "",
}


def row(ordinal: int = 0, **changes: Any) -> dict[str, Any]:
    """A valid row with a citizen number of its own, and other cells by their headings."""
    return {**ROW, "身份证号": a_citizen_number(ordinal), **changes}


def run(ledger: Ledger, path: pathlib.Path, *, writes: bool = True) -> tuple[list[int], list[RefusedRegistration]]:
    """Imports a table; returns how many were registered, known and refused, and the refused lines."""
    refused: list[RefusedRegistration] = []
    job = RegistrationImport(ledger, refused.append, writes)
    with open_table(path, None, RegistrationColumns) as lines:
        job.run(lines, lambda: None)
    return [job.tally.registered, job.tally.known, job.tally.refused], refused


def run_rows(ledger: Ledger, folder: pathlib.Path, *rows: dict[str, Any]) -> tuple[list[int], list[str]]:
    """Imports rows, and returns the tally and what is said of each refused one."""
    tally, refused = run(ledger, write_csv(folder, *rows))
    return tally, [f"{each.number} {each.code}: {each.reason}" for each in refused]


def everything(ledger: Ledger) -> str:
    """All that the database holds."""
    with ledger.database.reading() as connection:
        return repr([connection.execute(sa.select(table)).all() for table in metadata.sorted_tables])


def in_plain(numbers: Iterable[str], ledger: Ledger, folder: pathlib.Path, *said: str) -> list[str]:
    """The citizen numbers, or the 15 characters in their middle, that stand in clear text somewhere.

    It looks into the database, into all files of a folder but the clerk's own, and into what was said.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("trades.")]
    kept = b"".join(path.read_bytes() for path in files) + everything(ledger).encode() + "".join(said).encode()
    return [number for number in numbers if number[1:16].encode() in kept]
