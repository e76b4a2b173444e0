"""PostgreSQL databases for tests. Each is made once from the template, emptied after a test, and used by the next test.

To make and drop a database takes longer than most tests. A database is used again only when it is like a new one: when
a test has changed the schema, its database is dropped.
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
"""A digest of everything but the rows. All copies of one template have the same digest."""

_FILLED: Any = f"""
SELECT oid::regclass::text, pg_relation_size(oid) FROM pg_class
WHERE {_OURS} AND relkind = 'r' AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""
_RESTARTED = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_LEFT_OPEN = f"SELECT pg_terminate_backend(pid, 5000) {_OTHERS}"
_LEAVING_S = (0.001, 0.002, 0.004, 0.008, 0.016)
"""How long to wait for backends of closed connections. They end by themselves, sooner than the server would notice the
end of a backend that it was told to end."""
DELETED_BYTES_MAX = 30 * 8192


class Databases:
    """Gives migrated, empty databases of a server that has the template."""

    def __init__(self, server: PostgreSQL) -> None:
        """Keeps the server; databases are made when they are taken."""
        self.server = server
        self._numbers = itertools.count(1)
        self._like_new: list[str] = []
        self._connections: dict[str, Connection] = {}
        """They are kept: a new connection would have to read the schema again, which takes longer than the emptying."""
        with self._connected(TEMPLATE) as connection:
            self._schema = connection.execute(_SCHEMA).fetchone()

    def take(self) -> str:
        """The name of a database that no other test uses."""
        if self._like_new:
            return self._like_new.pop()
        name = f"ledger_{next(self._numbers)}"
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return name

    def give_back(self, name: str) -> None:
        """Ends the open connections and empties the database, or drops it when its schema has changed."""
        if self._is_emptied(self._alone(name)):
            self._like_new.append(name)
        else:
            self._connections.pop(name).close()
            self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """Closes the connections that are kept open."""
        for connection in self._connections.values():
            connection.close()

    def _alone(self, name: str) -> Connection:
        """Waits until no other connection to a database is open, and returns the only one."""
        for _ in range(2):
            if name not in self._connections:
                self._connections[name] = self._connected(name)
            try:
                _send_others_away(self._connections[name])
                break
            except psycopg.OperationalError:  # The test has ended all connections, with this one.
                self._connections.pop(name).close()
        return self._connections[name]

    def _is_emptied(self, connection: Connection) -> bool:
        try:
            if connection.execute(_SCHEMA).fetchone() != self._schema:
                return False
        except psycopg.errors.UndefinedTable:  # The database does not tell its migration any more.
            return False
        sizes: dict[str, int] = dict(connection.execute(_FILLED).fetchall())
        if sizes:
            # In this role, the triggers that forbid deleting facts do not fire.
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
    """The statement that empties the tables: it deletes from small tables, and truncates large ones.

    TRUNCATE makes new files, which takes longer than to delete a few rows. DELETE leaves as many dead rows behind.
    """
    if sum(sizes.values()) > DELETED_BYTES_MAX:
        return f"TRUNCATE {', '.join(sizes)} CASCADE"
    return f"WITH {', '.join(f'from_{name} AS (DELETE FROM {name})' for name in sizes)} SELECT"
