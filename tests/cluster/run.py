"""Runs faults against a cluster of three nodes, and prints a table.

python -m tests.cluster.run --cycles 30 --seed 17        # the full form, 30 cycles of each fault
python -m tests.cluster.run --quick                      # one kill, one switchover, and the control
python -m tests.cluster.run --control                    # only the control: asynchronous replication must lose entries
python -m tests.cluster.run --by-hand                    # what an operator does by hand when two machines are lost
python -m tests.cluster.run --table a.jsonl --page       # the table of what --log has written, onto the page
python -m tests.cluster.run --serve                      # only start the cluster and two Hushi, until Ctrl-C
"""

import argparse
import contextlib
import itertools
import pathlib
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence

from tests.cluster.by_hand import reinitialise, replace_etcd, survive_alone
from tests.cluster.callers import Callers
from tests.cluster.campaign import LONGER_S, Campaign
from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.cycles import Cycle, Log, is_right, page_of, read_runs, table, write_page
from tests.cluster.faults import CONTROL, FAULTS
from tests.cluster.network import namespaces_can_be_made, network
from tests.cluster.phases import Phases
from tests.cluster.places import CLERK, Place
from tests.cluster.proxies import following_proxy
from tests.cluster.serving import serving_places
from tests.temporary_files import write_to_memory

QUICK = ("kill", "switchover")
QUICK_LONGER_S = 0.5
PORT = 23000
PAGE = pathlib.Path(__file__).parents[2] / "docs/RELIABILITY.md"
PHASES = Phases()


@contextlib.contextmanager
def served_cluster(
    *, namespaces: bool, port: int = PORT, programs: pathlib.Path | None = None
) -> Iterator[tuple[Cluster, list[Place]]]:
    """A cluster that runs, and two processes that serve its ledger. PostgreSQL is the wheel's without `programs`."""
    with contextlib.ExitStack() as stack:
        with PHASES.phase("network"):
            machines = stack.enter_context(network(namespaces=namespaces, port=port))
        with PHASES.phase("three nodes"):
            cluster = stack.enter_context(running_cluster(machines, programs=programs))
        print(f"the ledger was refused {len(cluster.refusals)} times, until a standby streamed")
        with PHASES.phase("ledger and two Hushi"):
            places = stack.enter_context(serving_places(cluster))
        yield cluster, places


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=30, help="how many cycles of each fault")
    parser.add_argument("--first", type=int, default=1, help="the number of the first cycle, to run one again")
    parser.add_argument("--faults", default=",".join(FAULTS), help="which faults, separated by commas")
    parser.add_argument("--seed", type=int, default=17, help="decides victims, moments and directions")
    parser.add_argument("--quick", action="store_true", help="one kill, one switchover, and the control")
    parser.add_argument("--serve", action="store_true", help="start the cluster, and do nothing to it")
    parser.add_argument("--loopback", action="store_true", help="no namespaces, as when root does not run it")
    parser.add_argument("--programs", type=pathlib.Path, help="the bin folder of another PostgreSQL than the wheel's")
    parser.add_argument("--port", type=int, default=PORT, help="the first of seven ports, without namespaces")
    parser.add_argument("--log", type=pathlib.Path, help="a file to which each cycle is written as a line of JSON")
    parser.add_argument("--control", action="store_true", help="asynchronous replication, which must lose")
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
    names = QUICK if told.quick else tuple(told.faults.split(","))
    left_out = [name for name in names if FAULTS[name].needs_cuts]
    left_out += [CONTROL.name] if told.quick or told.control else []
    if left_out and not namespaces:
        print(f"skipped: {', '.join(left_out)} (machines need network namespaces: root, ip, iptables and unshare)")
        names = tuple(name for name in names if name not in left_out)
        if not names or told.control:
            return
    with served_cluster(namespaces=namespaces, port=told.port, programs=told.programs) as (cluster, places):
        code = _run_on(cluster, places, told, names)
    print(PHASES.told())
    sys.exit(code)


def _run_on(cluster: Cluster, places: list[Place], told: argparse.Namespace, names: Sequence[str]) -> int:
    """Does to a cluster what the arguments say, and returns the exit code."""
    if told.set:
        cluster.configure(*told.set)
    for node in cluster.nodes.values():
        node.watchdog.works = not told.no_timer
    if told.serve:
        _serve(cluster, places)
    elif told.by_hand:
        replace_etcd(cluster, places)
        reinitialise(cluster)
        survive_alone(cluster, places)
    else:
        callers = Callers(places, told.seed)
        campaign = Campaign(cluster, callers, told.seed, QUICK_LONGER_S if told.quick else LONGER_S)
        code = 0 if told.control else _break(campaign, told, names)
        if told.control or (told.quick and cluster.network.can_be_cut):
            code = max(code, _lose(campaign))
        return code
    return 0


def _break(campaign: Campaign, told: argparse.Namespace, names: Sequence[str]) -> int:
    """Runs the cycles, one of each fault after the other, and prints what came out."""
    cluster, callers, kept = campaign.cluster, campaign.callers, campaign.callers.kept
    numbers = range(told.first, told.first + (1 if told.quick else told.cycles))
    log = Log(told.log, command())
    with following_proxy(cluster), callers:
        try:
            for number, name in itertools.product(numbers, names):
                with PHASES.phase(name):
                    cycle = campaign.run(name, number)
                _tell(cycle)
                log.write(cycle)
        except KeyboardInterrupt:  # What was counted until then is checked and told.
            cluster.heal()
            cluster.wait_until_whole()
    with PHASES.phase("verify"):
        faults = campaign.finish()
    if not faults:
        log.end()
    print(table(campaign.cycles))
    print(
        f"asked again {kept.asked_again}, answers {dict(kept.answers)}, reports {kept.answered_reports}, and ", end=""
    )
    print(f"{kept.unanswered_reports} times none; the slowest answer to a reader took {kept.slowest_report_s:.1f} s")
    print("\n".join([*kept.wrong[:20], *faults]))
    return 0 if is_right(campaign.cycles) and not faults else 1


def command() -> str:
    """The command of this run, as anybody would repeat it: without the place of its log."""
    given = sys.argv[1:]
    if "--log" in given:
        del given[given.index("--log") : given.index("--log") + 2]
    return shlex.join(["python", "-m", "tests.cluster.run", *given])


def _lose(campaign: Campaign) -> int:
    """Runs the control, and returns 0 when the check notices that acknowledged entries were lost."""
    with PHASES.phase("control"):
        campaign.cluster.stop_waiting_for_standbys()
        with campaign.callers:
            cycle = campaign.lose(CONTROL)
    _tell(cycle)
    print(f"the control {'lost' if cycle.lost else 'did not lose'} entries that were acknowledged")
    return 0 if cycle.lost else 1


def _tell(cycle: Cycle) -> None:
    print(
        f"{time.strftime('%H:%M:%S')} {cycle.fault} {cycle.number}: back after {cycle.back_s:.1f} s, acknowledged "
        f"{cycle.acknowledged}, lost {cycle.lost}, doubled {cycle.doubled}, reports from standbys "
        f"{cycle.from_standby}, from the primary {cycle.from_primary}, load {cycle.load:.1f}; {cycle.told}"
        f"{''.join(f'; {one}' for one in cycle.wrong[:3])}",
        flush=True,
    )


def _print_table(told: argparse.Namespace) -> None:
    """Prints the table of logs, and writes it into the page if that is asked for."""
    made = page_of(read_runs(told.table))
    print(made)
    if told.page:
        write_page(made, PAGE)


def _serve(cluster: Cluster, places: list[Place]) -> None:
    print(f"HUSHI_DATABASE_URL={cluster.url()}")
    print(f"HUSHI_SECRETS_FILE={cluster.folder}/secrets.json")
    for place in places:
        print(f"http://{place.address}:{place.port} with the key {place.keys[CLERK]}")
    print(f"patronictl -c {cluster.folder}/db1/etc/patroni.yml list", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
