"""Makes a ledger with residents, groups and an API key, by the code of a build: `python loadtests/inside/making.py N`.

The environment says where the ledger is, as for every command. With N residents the ledger is new. Without residents
the ledger that is there only gets a key. It prints the key and what the database says about its durability.
"""

import os
import sys

import orjson

from loadtests.histories import people
from loadtests.market import MarketShape
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.storage import facts, schema
from service.vault import create_secrets

HOW_SQLITE_WRITES = ("PRAGMA synchronous", "PRAGMA journal_mode")
HOW_POSTGRESQL_WRITES = ("SHOW fsync", "SHOW synchronous_commit", "SHOW full_page_writes")


def fill(ledger: Ledger, residents: int) -> None:
    """Migrates an empty ledger, and registers residents and groups."""
    schema.upgrade(ledger.database, ledger.vault.macs)
    people(ledger, MarketShape(0, residents))
    with ledger.database.writing(at_length=True) as connection:
        facts.add_older(connection, ledger.vault.macs.facts)  # So that the ledger verifies.
    if not ledger.database.is_sqlite:
        engine = ledger.database.engines[0]
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def durability(ledger: Ledger) -> str:
    """What the database says about its durability, asked on a connection that writes."""
    asked = HOW_SQLITE_WRITES if ledger.database.is_sqlite else HOW_POSTGRESQL_WRITES
    with ledger.database.writing() as connection:
        found = [(one.split()[1], connection.exec_driver_sql(one).scalar_one()) for one in asked]
    return ", ".join(f"{name}={said}" for name, said in found)


def main(residents: int) -> None:
    """Makes the ledger and prints its key."""
    settings = read_settings(os.environ)
    if residents:
        create_secrets(settings.secrets_file)
    ledger = open_ledger(settings)
    if residents:
        fill(ledger, residents)
    _, key = create_key(ledger, "load", ["admin"])
    print(orjson.dumps({"key": key, "durability": durability(ledger)}).decode())
    ledger.database.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
