"""A synchronous standby that is away, as after its machine is gone."""

import contextlib
import threading
from collections.abc import Iterator

import psycopg

from tests.postgresql import USER, PostgreSQL
from tests.waiting import wait_until

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
"""The processes of the server in which a commit waits for the standby."""


@contextlib.contextmanager
def without_its_standby(server: PostgreSQL) -> Iterator[psycopg.Connection[tuple[int]]]:
    """Each commit waits for a standby that is not there, as after its machine is gone; at the end for none any more.

    Gives a connection to look at the server, and to intervene.
    """
    with psycopg.connect(user=USER, host=str(server.folder), dbname="postgres", autocommit=True) as connection:
        _set_standbys(connection, "SET synchronous_standby_names = '*'", "*")
        _wait_until_commits_wait(server, connection)
        try:
            yield connection
        finally:
            _set_standbys(connection, "RESET synchronous_standby_names", "")


def _set_standbys(connection: psycopg.Connection[tuple[object, ...]], change: str, wanted: str) -> None:
    connection.execute(f"ALTER SYSTEM {change}")
    connection.execute("SELECT pg_reload_conf()")
    wait_until(lambda: connection.execute("SHOW synchronous_standby_names").fetchone() == (wanted,))


def _wait_until_commits_wait(server: PostgreSQL, connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The checkpointer tells all others that there are standbys to wait for, a moment after it was told itself."""

    def commit() -> None:
        with psycopg.connect(user=USER, host=str(server.folder), dbname="postgres", autocommit=True) as probe:
            probe.execute("SELECT pg_logical_emit_message(true, 'probe', '')")

    def waits() -> bool:
        probing = threading.Thread(target=commit)
        probing.start()
        cancelled = False
        while probing.is_alive():
            cancelled = bool(connection.execute(f"SELECT pg_cancel_backend(pid) FROM ({WAITING}) AS w").fetchall())
            probing.join(0.01)
        return cancelled

    wait_until(waits)
