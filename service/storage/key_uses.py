"""Stores the last business day on which each API key was used. It is a note and no fact: nothing depends on it."""

import datetime
import importlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from service.storage.tables import key_use


def last_uses(connection: sa.Connection) -> dict[int, datetime.date]:
    """The last business day on which each key was used, by the key's id. A key that was never used is not there."""
    return {row.api_key: row.last_used_on for row in connection.execute(sa.select(key_use))}


def save(connection: sa.Connection, days: Mapping[int, datetime.date]) -> None:
    """Notes the business days on which keys were used. A day that is not later than the noted one changes nothing."""
    # As in storage.cells: importing both dialects would also load the other one and its drivers.
    new: Any = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(key_use)
    connection.execute(
        new.on_conflict_do_update(
            index_elements=["api_key"],
            set_={"last_used_on": new.excluded.last_used_on},
            where=key_use.c.last_used_on < new.excluded.last_used_on,
        ),
        # Two processes write the same keys in the same order, so that neither waits for the other for ever.
        [{"api_key": key_id, "last_used_on": day} for key_id, day in sorted(days.items())],
    )
