"""Makes connections to PostgreSQL, and sends the settings of every transaction when it begins.

A pooler such as PgBouncer may run each transaction in another session of the server, and refuses settings at the start
of a connection. So every transaction sends all settings that it depends on, in the round trip that begins it. The most
important one makes its commit wait for the disk, also when the database's default is different. Statements are prepared
only when the session belongs to the connection (docs/decisions/0015).
"""

import time
from collections.abc import Mapping
from typing import Any, Self

import psycopg
import sqlalchemy as sa

from service.storage.committing import collect_warnings
from service.storage.faults import BecameReadOnly, DatabaseUnavailable, NotDurable, ReadOnlyDatabase
from service.storage.hosts import attempts_of, connect_to_one
from service.storage.silence import PatientConnection, Peers

READERS_MAX = 6
WRITERS_MAX = 3
"""How many connections of a process read, and how many write. Of those that write, one is for posts, which one thread
commits, and other writers take turns on the rest. Reports come from memory.

With the connection that watches the ledger's state, and the one that checks whether the service is well, a process that
serves has eleven connections; PostgreSQL admits 100.
"""
APART_MAX = 1
POOL_TIMEOUT_S = 5

CONNECT_TIMEOUT_S = 3
KEEPALIVE_IDLE_S = 5
KEEPALIVE_INTERVAL_S = 2
KEEPALIVES_MAX = 3
UNACKNOWLEDGED_MS = 10_000
"""A server that has vanished sends nothing. The system ends the connection after 5 + 3 · 2 s of silence, or when data
that was sent is not acknowledged for 10 s. Together with making a new connection this takes less than 15 s. All hosts
of a URL together have CONNECT_TIMEOUT_S, unless the URL has a connect_timeout."""
LOOK_FOR_THE_PRIMARY_AGAIN_S = 1.0
"""When a server takes no writes, a connection that is older than this is given up for a new one: there may have been a
fail-over, and the same address, or another host of the URL, may lead to the primary."""

ANSWER_WITHIN_S = 11
"""A server may be frozen while its system still receives data. Then only the client's own clock ends the waiting.
Together with the request to cancel (`silence.CANCEL_WITHIN_S`) and a new connection this takes 15 s."""
STANDBY_ANSWERS_WITHIN_S = 1.0
"""A standby that only reports come from is given up sooner, because the primary can answer them: when it does not tell
its state or begin a transaction in this time, all connections to it are ended that have heard nothing since."""
COMMIT_WITHIN_S = 20
"""Where another server may take over, a commit waits longer for its standbys. When it is given up, PostgreSQL shows
what is on this server alone, and a report would show it until the other server takes over. A primary that is cut off
from the others is stopped before that (docs/decisions/0034). No limit of the server ends the waiting of a commit."""
LOCK_TIMEOUT_MS = 10_000
WRITING_STATEMENT_TIMEOUT_MS = 10_500
"""The server gives up a statement before the client does, so that the client gets the reason."""
STATEMENT_TIMEOUT_MS = 120_000
READ_WITHIN_S = STATEMENT_TIMEOUT_MS / 1000 + 5
KNOWS_TRANSACTION_TIMEOUT = 170_000  # The first version of a server that does, as libpq writes versions.
PLANS_KEPT_S = 10
"""How long a prepared statement keeps its plan. A plan that was made for the empty tables of a new ledger reads whole
tables, so that a post takes 61 ms at 100,000 rows."""
IDLE_IN_TRANSACTION_MS = 10_000
"""A client that stops or vanishes in the middle of a transaction keeps others waiting for no longer than this."""
TRANSACTION_TIMEOUT_MS = 60_000
"""Half of what it sends may have come then. No other limit ends a transaction whose client stops there (findings/
postgresql-half-of-what-was-sent.sh). PostgreSQL has this one from version 17 on; before, keepalives of TCP are left."""

_LIMITS = f"SET LOCAL lock_timeout={LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout="
_NO_JIT = "SET LOCAL jit=off; "
"""Compiling a plan takes longer than running any statement here that is planned well. PostgreSQL overestimates the
tail: it expects a third of the journal, and would compile a plan to count a thousand entries."""

# The setting of a database or a role may make a commit wait for standbys, and not only for this machine's disk. It is
# kept then.
_DURABLE = """\
SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
  WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true), current_setting('transaction_read_only')"""

_WRITING = (
    f"BEGIN ISOLATION LEVEL READ COMMITTED; {_LIMITS}{WRITING_STATEMENT_TIMEOUT_MS}; {_NO_JIT}"
    # Planning the statements of a post takes longer than running them, and the plan is the same for all parameters.
    "SET LOCAL plan_cache_mode=force_generic_plan; "
    f"SET LOCAL idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
)
_WRITING_AT_LENGTH = (
    f"BEGIN ISOLATION LEVEL READ COMMITTED; {_LIMITS}0; {_NO_JIT}SET LOCAL idle_in_transaction_session_timeout=0"
)
_WATCHING = f"{_LIMITS}{WRITING_STATEMENT_TIMEOUT_MS}; {_NO_JIT}SET LOCAL max_parallel_workers_per_gather=0; "
_WATCHING_ALWAYS = _WATCHING.replace("SET LOCAL", "SET")
_READING = (
    f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_LIMITS}{STATEMENT_TIMEOUT_MS}; {_NO_JIT}"
    # From its eleventh run on, PostgreSQL may plan a statement for any parameters. What is asked of differs: a trace of
    # a truck of 10,000 trades went from 50 ms to 5 s then, because it was planned for a truck of one.
    "SET LOCAL plan_cache_mode=force_custom_plan; "
    "SET LOCAL max_parallel_workers_per_gather=0"
)


# The server notices as well when this machine has vanished; by default it takes two hours.
_LOOKS = {"idle": KEEPALIVE_IDLE_S, "interval": KEEPALIVE_INTERVAL_S, "count": KEEPALIVES_MAX}
_KEEPALIVES = ", ".join(f"set_config('tcp_keepalives_{name}', '{value}', false)" for name, value in _LOOKS.items())
_WHO_ASKED = "SELECT pg_backend_pid(), extract(epoch FROM pg_postmaster_start_time())::text, "
_WHO_ANSWERS = _WHO_ASKED + _KEEPALIVES


class _WatchingCursor(psycopg.Cursor[Any]):
    """A cursor for single statements behind a pooler. It sends the settings with each, as the session may differ."""

    def execute(
        self, query: Any, params: Any = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> Self:
        """Runs a statement without parameters, in the same round trip as its settings."""
        return super().execute(_WATCHING + query, params, prepare=prepare, binary=binary).set_result(-1)


class _Connection(PatientConnection):
    """A connection that knows whether its session belongs to it alone, or a pooler changes it."""

    answer_within_s: float | None = ANSWER_WITHIN_S
    has_own_session = False
    begins_within_s: float = ANSWER_WITHIN_S
    """How long it waits for the beginning of a transaction that reads, and for the state of the ledger."""
    may_fail_over = False
    is_writing = False
    opened_at = 0.0
    _planned_at = 0.0

    def find_session(self) -> None:
        """Finds out which server answers, and whether the session belongs to this connection.

        A pooler tells another process id than the session has.
        """
        self.opened_at = time.monotonic()
        pid, self.server, *_ = self.execute(_WHO_ANSWERS).fetchone() or (None, None)
        self.has_own_session = pid == self.info.backend_pid
        if not self.has_own_session:
            self.prepare_threshold = None

    def commit(self) -> None:
        """Commits. What was written waits patiently for the standbys when another server may take over."""
        within_s = self.answer_within_s
        if within_s is not None and self.may_fail_over and self.is_writing:
            self.answer_within_s = COMMIT_WITHIN_S
        try:
            super().commit()
        finally:
            self.answer_within_s = within_s

    def plan_anew(self) -> str:
        """The statement that drops old plans when a transaction begins; "" when plans are not kept, or not old yet."""
        now = time.monotonic()
        if not self.has_own_session or now < self._planned_at + PLANS_KEPT_S:
            return ""
        self._planned_at = now
        return "; DISCARD PLANS"


def postgresql_engines(url: sa.URL, *, takes_writes: bool) -> tuple[sa.Engine, sa.Engine, sa.Engine, Peers]:
    """The pools of a process for what writes, what reads, and what reads apart, and the connections of all three."""
    peers = Peers(ANSWER_WITHIN_S if takes_writes else STANDBY_ANSWERS_WITHIN_S)
    writing, reading, apart = (postgresql_engine(url, each, peers) for each in (WRITERS_MAX, READERS_MAX, APART_MAX))
    return writing, reading, apart, peers


def postgresql_engine(url: sa.URL, connections_max: int, peers: Peers) -> sa.Engine:
    """A pool of connections to a database; only the functions of this module begin transactions on them."""
    engine = sa.create_engine(
        url,
        # We send BEGIN ourselves, together with the settings.
        isolation_level="AUTOCOMMIT",
        pool_size=connections_max,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        # The connection that was used last is most likely to be alive.
        pool_use_lifo=True,
    )

    collect_warnings(engine)

    @sa.event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: Any, parameters: dict[str, Any]) -> Any:
        """Opens a connection for SQLAlchemy, to the first of the URL's servers that is wanted."""
        return _connect_to_wanted(parameters, peers)

    return engine


def seek_standby(engine: sa.Engine, peers: Peers) -> None:
    """Opens one more connection, and closes it. When it has led to another server, all others leave the one before.

    Raises DatabaseUnavailable.
    """
    _, parameters = engine.dialect.create_connect_args(engine.url)
    try:
        _connect_to_wanted(parameters, peers).close()
    except psycopg.Error as error:
        raise DatabaseUnavailable("no server answers") from error


def _connect_to_wanted(parameters: Mapping[str, Any], peers: Peers) -> "_Connection":
    told = {**_PARAMETERS, **parameters}
    attempts = attempts_of(told)
    connection = connect_to_one(attempts, _connect, float(told["connect_timeout"]))
    connection.may_fail_over, connection.begins_within_s = len(attempts) > 1, peers.begins_within_s
    peers.join(connection)
    return connection


def _connect(parameters: Mapping[str, Any]) -> _Connection:
    connection = _Connection.connect(autocommit=True, **parameters)
    try:
        connection.find_session()
    except psycopg.Error:
        connection.close()
        raise
    return connection


_PARAMETERS: dict[str, Any] = {
    "application_name": "hushi",
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives": 1,
    "keepalives_idle": KEEPALIVE_IDLE_S,
    "keepalives_interval": KEEPALIVE_INTERVAL_S,
    "keepalives_count": KEEPALIVES_MAX,
    "tcp_user_timeout": UNACKNOWLEDGED_MS,
}
"""The parameters of each connection; parameters in the URL take precedence."""


def begin_writing(connection: sa.Connection) -> None:
    """Begins a transaction that writes.

    Raises ReadOnlyDatabase when nothing can be written, as BecameReadOnly where a new connection may find a server that
    takes writes, and NotDurable when a commit would not wait for the disk.
    """
    _begin_durably(connection, _WRITING)


def begin_posting(connection: sa.Connection) -> None:
    """Begins a transaction that posts: others wait for its rows. Raises as `begin_writing`."""
    limited = _driver_of(connection).info.server_version >= KNOWS_TRANSACTION_TIMEOUT
    limit = f"; SET LOCAL transaction_timeout={TRANSACTION_TIMEOUT_MS}" if limited else ""
    _begin_durably(connection, _WRITING + limit)


def begin_at_length(connection: sa.Connection) -> None:
    """Begins a transaction that writes, for an operator's command that changes the whole ledger and may take long.

    Raises as `begin_writing`.
    """
    _begin_durably(connection, _WRITING_AT_LENGTH).answer_within_s = None


def _begin_durably(connection: sa.Connection, begin: str) -> "_Connection":
    driver = _driver_of(connection)
    driver.answer_within_s, driver.is_writing = ANSWER_WITHIN_S, True
    told: Any = _begin(connection, driver, f"{begin}{driver.plan_anew()}; {_DURABLE}").fetchone()
    durability, is_read_only = told
    if is_read_only == "on":
        is_old = time.monotonic() - driver.opened_at > LOOK_FOR_THE_PRIMARY_AGAIN_S
        fault = BecameReadOnly if is_old else ReadOnlyDatabase
        raise fault("the database is read-only (a standby, or default_transaction_read_only)")
    if durability not in {"on", "remote_apply"}:
        raise NotDurable("a commit would not wait for the disk")
    return driver


def begin_reading(connection: sa.Connection) -> None:
    """Begins a transaction that sees one snapshot and can't write."""
    driver = _driver_of(connection)
    driver.answer_within_s, driver.is_writing = driver.begins_within_s, False
    _begin(connection, driver, _READING + driver.plan_anew())
    driver.answer_within_s = READ_WITHIN_S


def _begin(connection: sa.Connection, driver: _Connection, text: str) -> psycopg.Cursor[Any]:
    """Runs the statements of a text, and returns a cursor with the result of the last one."""
    try:
        return driver.execute(text).set_result(-1)
    except psycopg.Error:
        # Run through SQLAlchemy, the text fails again. If the connection has died, SQLAlchemy then renews its pool.
        connection.exec_driver_sql(text)
        raise


def prepare_watching(driver: Any) -> None:
    """Prepares a connection that was taken out of its pool for single statements outside of any transaction."""
    driver.answer_within_s = driver.begins_within_s
    if driver.has_own_session:
        driver.execute(_WATCHING_ALWAYS)
    else:
        driver.cursor_factory = _WatchingCursor


def _driver_of(connection: sa.Connection) -> _Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, _Connection)
    return driver
