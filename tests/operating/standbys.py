"""Preparations with two servers of PostgreSQL, for the stories of a fail-over."""

from collections.abc import Iterator

import psycopg

from tests import postgresql
from tests.operating.preparations import NewDatabase, fill, migrate, preparation, serve
from tests.operating.stories import Story
from tests.waiting import wait_until

DATABASE = "hushi"


@preparation("standby")
def standby(story: Story, new_database: NewDatabase) -> Iterator[None]:
    """A served ledger on a primary that has just been lost, and a synchronous standby that has everything."""
    with postgresql.running() as primary, postgresql.standby_of(primary) as second:
        story.replaced |= {"db1.example.org": str(primary.folder), "db2.example.org": str(second.folder)}
        primary.execute(f"CREATE DATABASE {DATABASE}")
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.execute("SELECT pg_reload_conf()")
        primary.execute("CREATE ROLE postgres SUPERUSER LOGIN")
        both = f"{primary.folder},{second.folder}"
        migrate(primary.url(DATABASE))
        fill(story, f"postgresql+psycopg://{postgresql.USER}@/{DATABASE}?host={both}")
        serve(story)
        wait_until(lambda: _has_it_all(primary, second))
        primary.run("pg_ctl", "-D", primary.folder / "data", "-m", "immediate", "-w", "-s", "stop")
        try:
            yield
        finally:
            # The server of the tests is stopped again at its end, so it must run.
            primary.run("pg_ctl", "-D", primary.folder / "data", "-o", primary.options, "-w", "-s", "start")


def _has_it_all(primary: postgresql.PostgreSQL, second: postgresql.PostgreSQL) -> bool:
    """Whether the standby shows what the primary has on its disk."""
    ends = []
    for server, function in ((primary, "pg_current_wal_flush_lsn"), (second, "pg_last_wal_replay_lsn")):
        with psycopg.connect(user=postgresql.USER, host=str(server.folder), dbname=DATABASE) as connection:
            ends.append(connection.execute(f"SELECT {function}() - '0/0'").fetchone() or (0,))
    return bool(ends[1][0] >= ends[0][0])
