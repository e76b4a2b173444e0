"""Runs faults against a cluster of three nodes, and prints a table.

python -m tests.cluster.run --cycles 30 --seed 17        # the full form, 30 cycles of each fault
python -m tests.cluster.run --quick                      # one kill and one switchover
python -m tests.cluster.run --control                    # asynchronous replication: it must lose entries
python -m tests.cluster.run --by-hand                    # what an operator does by hand when two machines are lost
python -m tests.cluster.run --table a.jsonl --page       # the table of what --log has written, onto the page
python -m tests.cluster.run --serve                      # only start the cluster and two Hushi, until Ctrl-C
"""

import argparse
import contextlib
import datetime
import itertools
import json
import pathlib
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from tests.cluster.by_hand import reinitialise, replace_etcd, survive_alone
from tests.cluster.callers import Callers, Place
from tests.cluster.campaign import BACK_MEDIAN_S, BACK_WITHIN_S, Campaign, Cycle, table, write_page
from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.faults import FAULTS
from tests.cluster.network import namespaces_can_be_made, network
from tests.cluster.proxies import HAPROXY, proxy, wait_until_it_leads
from tests.cluster.serving import serving_places
from tests.temporary_files import write_to_memory

QUICK = ("kill", "switchover")
CONTROL = ("primary isolated",)
PORT = 23000
PAGE = pathlib.Path(__file__).parents[2] / "docs/RELIABILITY.md"


@contextlib.contextmanager
def served_cluster(
    *, namespaces: bool, port: int = PORT, programs: pathlib.Path | None = None
) -> Iterator[tuple[Cluster, list[Place]]]:
    """A cluster that runs, and two processes that serve its ledger. PostgreSQL is the wheel's without `programs`."""
    with (
        network(namespaces=namespaces, port=port) as machines,
        running_cluster(machines, programs=programs) as cluster,
        serving_places(cluster) as places,
    ):
        yield cluster, places


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=30, help="how many cycles of each fault")
    parser.add_argument("--first", type=int, default=1, help="the number of the first cycle, to run one again")
    parser.add_argument("--faults", default=",".join(FAULTS), help="which faults, separated by commas")
    parser.add_argument("--seed", type=int, default=17, help="decides victims, moments and directions")
    parser.add_argument("--quick", action="store_true", help="one kill and one switchover")
    parser.add_argument("--serve", action="store_true", help="start the cluster, and do nothing to it")
    parser.add_argument("--loopback", action="store_true", help="no namespaces, as when root does not run it")
    parser.add_argument("--programs", type=pathlib.Path, help="the bin folder of another PostgreSQL than the wheel's")
    parser.add_argument("--port", type=int, default=PORT, help="the first of seven ports, without namespaces")
    parser.add_argument("--log", type=pathlib.Path, help="a file to which each cycle is written as a line of JSON")
    parser.add_argument("--control", action="store_true", help="asynchronous replication, and the primary isolated")
    parser.add_argument(
        "--by-hand", action="store_true", help="two machines are lost, and an operator goes on with one"
    )
    parser.add_argument("--no-timer", action="store_true", help="no timer resets a machine whose Patroni hangs")
    parser.add_argument("--table", type=pathlib.Path, nargs="+", help="print the table of files that --log has written")
    parser.add_argument("--page", action="store_true", help="write that table into docs/RELIABILITY.md, too")
    parser.add_argument("--set", action="append", default=[], help="a setting of Patroni, such as synchronous_mode=off")
    return parser.parse_args()


def main() -> None:
    """Runs what the arguments say. Ends with code 1 when something was lost, doubled, wrong or too late."""
    told = _arguments()
    if told.table is not None:
        _print_table(told)
        return
    if shutil.which("etcd") is None:
        sys.exit("etcd is not installed: apt-get install etcd-server haproxy iproute2 iptables")
    write_to_memory()
    for asked_to_end in (signal.SIGINT, signal.SIGTERM):  # A program in the background ignores the first.
        signal.signal(asked_to_end, signal.default_int_handler)
    namespaces = namespaces_can_be_made() and not told.loopback
    names = QUICK if told.quick else CONTROL if told.control else tuple(told.faults.split(","))
    left_out = [name for name in names if FAULTS[name].needs_cuts and not namespaces]
    if left_out:
        print(f"skipped: {', '.join(left_out)} (machines need network namespaces: root, ip, iptables and unshare)")
    names = tuple(name for name in names if name not in left_out)
    if names:
        with served_cluster(namespaces=namespaces, port=told.port, programs=told.programs) as (cluster, places):
            sys.exit(_run_on(cluster, places, told, names))


def _run_on(cluster: Cluster, places: list[Place], told: argparse.Namespace, names: Sequence[str]) -> int:
    """Does to a cluster what the arguments say, and returns the exit code."""
    if told.set:
        cluster.configure(*told.set)
    for node in cluster.nodes.values():
        node.watchdog.works = not told.no_timer
    if told.control:
        return _lose(cluster, places, told)
    if told.serve:
        _serve(cluster, places)
    elif told.by_hand:
        replace_etcd(cluster, places)
        reinitialise(cluster)
        survive_alone(cluster, places)
    else:
        return _break(cluster, places, told, names)
    return 0


def _break(cluster: Cluster, places: list[Place], told: argparse.Namespace, names: Sequence[str]) -> int:
    """Runs the cycles, one of each fault after the other, and prints what came out."""
    _try_proxy(cluster)
    with Callers(places, told.seed) as callers:
        campaign = Campaign(cluster, callers, told.seed)
        numbers = range(told.first, told.first + (1 if told.quick else told.cycles))
        try:
            for number, name in itertools.product(numbers, names):
                _tell(number, campaign.run(name, number), told.log)
        except KeyboardInterrupt:  # What was counted until then is checked and told.
            cluster.heal()
            cluster.wait_until_whole()
    _try_proxy(cluster)
    faults = campaign.finish()
    kept = callers.kept
    print(table(campaign.cycles))
    print(f"asked again {kept.asked_again}, reports {kept.reports}, answers {dict(kept.answers)}")
    print("\n".join([*kept.wrong[:20], *faults]))
    return 0 if is_right(campaign.cycles) and not faults else 1


def _try_proxy(cluster: Cluster) -> None:
    """Looks whether HAProxy leads to the right nodes, where it is installed."""
    if HAPROXY is None:
        print("skipped: HAProxy (it is not installed)")
        return
    with proxy(cluster):
        wait_until_it_leads(cluster)


def _lose(cluster: Cluster, places: list[Place], told: argparse.Namespace) -> int:
    """Runs the control, and returns 0 when the check notices that acknowledged entries were lost."""
    cluster.stop_waiting_for_standbys()
    with Callers(places, told.seed) as callers:
        cycle = Campaign(cluster, callers, told.seed).run(CONTROL[0], 1)
    _tell(1, cycle, told.log)
    print(f"the control {'lost' if cycle.lost else 'did not lose'} entries that were acknowledged")
    return 0 if cycle.lost else 1


def is_right(cycles: list[Cycle]) -> bool:
    """Whether nothing was lost, doubled or went back, and posts were back in time."""
    backs = sorted(cycle.back_s for cycle in cycles)
    return (
        not any(cycle.lost or cycle.doubled or cycle.wrong for cycle in cycles)
        and backs[-1] <= BACK_WITHIN_S
        and backs[len(backs) // 2] <= BACK_MEDIAN_S
    )


def _tell(number: int, cycle: Cycle, log: pathlib.Path | None) -> None:
    print(
        f"{time.strftime('%H:%M:%S')} {cycle.fault} {number}: back after {cycle.back_s:.1f} s, acknowledged "
        f"{cycle.acknowledged}, lost {cycle.lost}, doubled {cycle.doubled}, load {cycle.load:.1f}; {cycle.told}"
        f"{''.join(f'; {one}' for one in cycle.wrong[:3])}",
        flush=True,
    )
    if log is not None:
        with log.open("a") as lines:
            lines.write(json.dumps(asdict(cycle)) + "\n")


def _print_table(told: argparse.Namespace) -> None:
    """Prints the table of logs, and writes it into the page if that is asked for."""
    lines = [line for file in told.table for line in file.read_text("utf-8").splitlines()]
    made = table([Cycle(**json.loads(line)) for line in lines])
    print(made)
    if told.page:
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        command = f"make cluster CYCLES={told.cycles} SEED={told.seed}"
        write_page(f"{made}\n\n`{command}`, {day}, on two processors with a load of {_loads(lines)}.", PAGE)


def _loads(lines: list[str]) -> str:
    """The lowest and the highest load that the cycles of a log have seen."""
    loads = [json.loads(line)["load"] for line in lines]
    return f"{min(loads):.0f} to {max(loads):.0f}"


def _serve(cluster: Cluster, places: list[Place]) -> None:
    print(f"HUSHI_DATABASE_URL={cluster.url()}")
    print(f"HUSHI_SECRETS_FILE={cluster.folder}/secrets.json")
    for place in places:
        print(f"http://{place.address}:{place.port} with the key {place.key}")
    print(f"patronictl -c {cluster.folder}/db1/etc/patroni.yml list", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
