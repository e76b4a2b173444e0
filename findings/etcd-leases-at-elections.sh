#!/usr/bin/env bash
# How long an etcd lease lives when the cluster gets another leader meanwhile.
#
# One would guess: a lease of 10 s that nobody renews is gone 10 s after it was granted, whichever machine leads, because
# its end is part of what the three machines agree on. Patroni's ttl would then be the longest time for which a primary
# that is dead keeps its lock.
#
# What happens: only the leader knows when a lease ends, in its own memory. A new leader gives every lease its whole TTL
# again, after an election as after a peaceful move-leader. A lease of 10 s lives 16 s and more when the leader is killed
# 6 s after it was granted, and it never ends while the leadership moves more often than its TTL. So a machine that takes
# its etcd with it, and had led etcd, costs a cluster of Patroni up to nearly twice its ttl.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill -9 "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
pids=()
cd "$folder"
apt-get download -qq etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=http://127.0.0.1:23791,http://127.0.0.1:23792,http://127.0.0.1:23793
TTL=10
failed=0
expect() { # what, whether it is as it was, what was found
  printf '%-78s %s\n' "$1" "$3"
  [ "$2" = yes ] || { echo "  this has changed"; failed=1; }
}
start() { # starts three of them
  pids=()
  rm -rf data-*
  for number in 1 2 3; do
    usr/bin/etcd --name "n$number" --data-dir "data-$number" --log-level error \
      --listen-client-urls "http://127.0.0.1:2379$number" --advertise-client-urls "http://127.0.0.1:2379$number" \
      --listen-peer-urls "http://127.0.0.1:2389$number" --initial-advertise-peer-urls "http://127.0.0.1:2389$number" \
      --initial-cluster n1=http://127.0.0.1:23891,n2=http://127.0.0.1:23892,n3=http://127.0.0.1:23893 >"log-$number" 2>&1 &
    pids+=($!)
  done
  until usr/bin/etcdctl endpoint health >/dev/null 2>&1; do sleep 0.2; done
}
end() { kill -9 "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; }
leader() { # the number of the machine that leads
  usr/bin/etcdctl endpoint status -w fields 2>/dev/null \
    | awk -F' : ' '/"MemberID"/ {member = $2} /"Leader"/ {leader = $2} /"Endpoint"/ {if (member == leader) {print substr($2, length($2) - 1, 1)}}'
}
members() { # the ids of the machines, in order of their numbers
  usr/bin/etcdctl member list | sort -t, -k3 | cut -d, -f1
}
grant() { usr/bin/etcdctl lease grant "$TTL" | awk '{print $2}'; }
lives() { # a lease: whether a key that hangs on it is still there
  [ -n "$(usr/bin/etcdctl get --print-value-only lock 2>/dev/null)" ] && echo yes || echo no
}
lock() { usr/bin/etcdctl put lock "me" --lease="$(grant)" >/dev/null; begun=$(date +%s); }
until_gone() { # how many seconds after the grant the key is gone
  while [ "$(lives)" = yes ]; do sleep 0.3; done
  echo $(($(date +%s) - begun))
}
between() { [ "$3" -ge "$1" ] && [ "$3" -le "$2" ] && echo yes || echo no; }

usr/bin/etcd --version | sed -n 1p
start
lock
gone=$(until_gone)
expect "the same leader all the time: a lease of $TTL s is gone after" "$(between 9 13 "$gone")" "$gone s"
lock
sleep 6
kill -9 "${pids[$(($(leader) - 1))]}"
gone=$(until_gone)
expect "its leader is killed after 6 s: the lease is gone after" "$(between 16 22 "$gone")" "$gone s"
end

start
lock
for _ in 1 2 3 4; do
  sleep 6
  now=$(leader)
  to=$(members | sed -n "$((now % 3 + 1))p")
  ETCDCTL_ENDPOINTS=http://127.0.0.1:2379$now usr/bin/etcdctl move-leader "$to" >/dev/null
done
expect "the leadership moves every 6 s: after 24 s the lease is there" "$(lives)" "$(lives)"
end
exit $failed
