#!/usr/bin/env bash
# pysqlite3: once its cache of statements is full, two statements that take turns are compiled again each time, for ever.
#
# One would guess: pysqlite3 is the standard library's sqlite3 with a newer SQLite, so its 128 cached statements are those
# that were used last. A connection that has run some hundred statements once, in a migration say, is then as quick as
# any other: what a server runs all day is in the cache after its first time.
# What happens: the standard library (here of Python 3.11) drops the statement that was not used for longest. pysqlite3
# 0.6.1 has the cache of before: statements are ordered by how often they were used, and a new one takes the place of the
# one that was used least, which is the newest. So 128 statements that nobody needs any more stay, and of two new ones
# each drops the other: every execution compiles its SQL again. SQLite's authorizer is called when a statement is
# compiled, so it counts. `cached_statements=` at the connection, above the number of statements that it will ever run,
# avoids it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'pysqlite3==0.6.1'
"$folder/venv/bin/python" - <<'PYTHON'
import importlib
import importlib.metadata
import sqlite3
import sys

ONCE, ROUNDS = 128, 10


def compiled(module: str, **how: int) -> int:
    """How often two statements are compiled that take turns, behind 128 others that ran once."""
    connection = importlib.import_module(module).connect(":memory:", **how)
    calls = []
    connection.set_authorizer(lambda *asked: calls.append(asked) or 0)
    for number in range(ONCE):
        connection.execute(f"SELECT {number}").fetchall()
    calls.clear()
    for _ in range(ROUNDS):
        connection.execute("SELECT 'one'").fetchall()
        connection.execute("SELECT 'other'").fetchall()
    return len(calls)


version = importlib.metadata.version("pysqlite3")
print("python", sys.version.split()[0], "SQLite", sqlite3.sqlite_version, "pysqlite3", version)
found = {
    "sqlite3": compiled("sqlite3"),
    "pysqlite3": compiled("pysqlite3.dbapi2"),
    "pysqlite3, cached_statements=1024": compiled("pysqlite3.dbapi2", cached_statements=1024),
}
for name, times in found.items():
    print(f"{name}: {2 * ROUNDS} executions of two statements compile {times} times")
if list(found.values()) != [2, 2 * ROUNDS, 2]:
    sys.exit("this has changed")
PYTHON
