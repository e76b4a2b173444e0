"""Databases of PostgreSQL for tests: made once from the template, emptied after a test, and given to the next one.

Making and dropping one takes longer than most tests do. Only what is like new again is used again: a test that changed
the schema takes its database along.
"""

import itertools
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

import psycopg

from tests.postgresql import USER, PostgreSQL

TEMPLATE = "template_ledger"

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

_OURS = "relnamespace = 'public'::regnamespace"
_SCHEMA: Any = f"""
SELECT md5(coalesce(string_agg(line, E'\\n' ORDER BY line), '')) FROM (
  SELECT format('%s %s %s %s %s %s', oid, relname, relkind, relchecks, reloptions, relowner) AS line
    FROM pg_class WHERE {_OURS}
  UNION ALL SELECT a::text FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE {_OURS}
  UNION ALL SELECT d::text FROM pg_attrdef d
  UNION ALL SELECT pg_get_constraintdef(oid) || convalidated || conname FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT i::text FROM pg_index i JOIN pg_class c ON c.oid = indexrelid WHERE {_OURS}
  UNION ALL SELECT t::text FROM pg_trigger t
  UNION ALL SELECT p::text FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT s::text FROM pg_sequence s
  UNION ALL SELECT s::text FROM pg_db_role_setting s
  UNION ALL SELECT version_num FROM alembic_version
) AS lines
"""
"""A digest of everything but the rows: databases that are copies of one template have the same one."""

_FILLED: Any = f"""
SELECT oid::regclass::text, pg_relation_size(oid) FROM pg_class
WHERE {_OURS} AND relkind = 'r' AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""
_RESTARTED = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_LEFT_OPEN = f"SELECT pg_terminate_backend(pid, 5000) {_OTHERS}"
_LEAVING_S = (0.001, 0.002, 0.004, 0.008, 0.016)
"""Whoever has closed a connection leaves by itself, sooner than the server looks whether one that it sent away has."""
DELETED_BYTES_MAX = 30 * 8192


class Databases:
    """Migrated, empty databases of a server that has the template."""

    def __init__(self, server: PostgreSQL) -> None:
        """Makes none yet."""
        self.server = server
        self._numbers = itertools.count(1)
        self._like_new: list[str] = []
        self._connections: dict[str, Connection] = {}
        """Kept, because a new one learns the schema anew, which takes longer than to empty the database."""
        with self._connected(TEMPLATE) as connection:
            self._schema = connection.execute(_SCHEMA).fetchone()

    def take(self) -> str:
        """The name of one, for the taker alone."""
        if self._like_new:
            return self._like_new.pop()
        name = f"ledger_{next(self._numbers)}"
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return name

    def give_back(self, name: str) -> None:
        """Ends whatever is still connected and empties the database; drops it if its schema is another now."""
        if self._is_emptied(self._alone(name)):
            self._like_new.append(name)
        else:
            self._connections.pop(name).close()
            self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """Closes what is kept open."""
        for connection in self._connections.values():
            connection.close()

    def _alone(self, name: str) -> Connection:
        """The connection to a database, when there is no other one."""
        for _ in range(2):
            if name not in self._connections:
                self._connections[name] = self._connected(name)
            try:
                _send_others_away(self._connections[name])
                break
            except psycopg.OperationalError:  # The test has sent everybody away.
                self._connections.pop(name).close()
        return self._connections[name]

    def _is_emptied(self, connection: Connection) -> bool:
        try:
            if connection.execute(_SCHEMA).fetchone() != self._schema:
                return False
        except psycopg.errors.UndefinedTable:  # Nothing says which migration it is at.
            return False
        sizes: dict[str, int] = dict(connection.execute(_FILLED).fetchall())
        if sizes:
            # The triggers that keep facts from being removed are silent.
            connection.execute("SET session_replication_role = replica")
            connection.execute(_emptying(sizes))
        connection.execute(_RESTARTED)
        return True

    def _connected(self, database: str) -> Connection:
        return psycopg.connect(user=USER, host=str(self.server.folder), dbname=database, autocommit=True)


def _send_others_away(connection: Connection) -> None:
    for pause in _LEAVING_S:
        if connection.execute(f"SELECT 1 {_OTHERS}").fetchone() is None:
            return
        time.sleep(pause)
    connection.execute(_LEFT_OPEN)


def _emptying(sizes: Mapping[str, int]) -> Any:
    """Making new files takes longer than to delete a few rows; only as many dead ones are left behind."""
    if sum(sizes.values()) > DELETED_BYTES_MAX:
        return f"TRUNCATE {', '.join(sizes)} CASCADE"
    return f"WITH {', '.join(f'from_{name} AS (DELETE FROM {name})' for name in sizes)} SELECT"
