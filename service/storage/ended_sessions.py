"""Stores the sessions that have ended, by signing out or because a process has seen that they had expired."""

import datetime

import sqlalchemy as sa

from service.storage.residents import lock_registrations
from service.storage.tables import ended_session

KEPT_MIN = 1000
"""How many of the newest rows are always kept, because the clock may be wrong when it says that they have expired."""


def is_ended(connection: sa.Connection, session: bytes) -> bool:
    """Whether a session has ended."""
    wanted = sa.select(ended_session.c.no).where(ended_session.c.session == session)
    return connection.execute(wanted).one_or_none() is not None


def insert(connection: sa.Connection, session: bytes, expires_at: datetime.datetime) -> None:
    """Ends a session; ending it twice changes nothing.

    It takes the lock of registrations, so that the numbers of sessions become visible in their order.
    """
    lock_registrations(connection)
    if is_ended(connection, session):
        return
    newest = sa.select(sa.func.coalesce(sa.func.max(ended_session.c.no), 0))
    no = connection.execute(newest).scalar_one() + 1
    connection.execute(sa.insert(ended_session).values(no=no, session=session, expires_at=expires_at))


def delete_expired(connection: sa.Connection, now: datetime.datetime) -> None:
    """Deletes expired rows except the newest ones. An expired cookie is refused without its row as well."""
    newest = sa.select(sa.func.max(ended_session.c.no)).scalar_subquery()
    old = sa.and_(ended_session.c.no <= newest - KEPT_MIN, ended_session.c.expires_at < now)
    connection.execute(sa.delete(ended_session).where(old))
