"""Reads who may be a member of a group, and the encrypted names of residents, for many residents at once."""

import datetime
from collections.abc import Collection

import sqlalchemy as sa

from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import resident, resident_group


def joined_before(connection: sa.Connection, group: int, day: datetime.date) -> list[int]:
    """The residents who have joined a group on or before a day, by id; some of them may have left it again."""
    joined = sa.select(resident_group.c.resident).where(
        resident_group.c.market_group == group, resident_group.c.effective_on <= day
    )
    return sorted(set(connection.execute(joined).scalars()))


def encrypted_names(connection: sa.Connection, ordinals: Collection[int]) -> dict[int, bytes]:
    """The encrypted names of those of these residents who exist."""
    chosen = row_set(connection.dialect.name, "chosen", {"ordinal": sa.Integer})
    wanted = sa.select(resident.c.ordinal, resident.c.name_encrypted).join(
        chosen, chosen.c.ordinal == resident.c.ordinal
    )
    rows = connection.execute(wanted, {"chosen": rows_parameter({"ordinal": ordinal} for ordinal in ordinals)})
    return {row.ordinal: bytes(row.name_encrypted) for row in rows}
