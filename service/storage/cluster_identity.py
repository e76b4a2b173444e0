"""Tells whether two servers of PostgreSQL are copies of one cluster, whose places in the log mean the same."""

import sqlalchemy as sa

from service.storage.engine import Connection

_IDENTITY = sa.text(
    "SELECT system_identifier, d.oid FROM pg_control_system(), pg_database AS d WHERE datname = current_database()"
)

ClusterIdentity = tuple[int, int]
"""The number that a cluster got when it was made, and that of the database. A standby has those of its primary."""


def identity_of(connection: Connection) -> ClusterIdentity:
    """The identity of the database behind a connection."""
    cluster, database = connection.execute(_IDENTITY).one()
    return int(cluster), int(database)
