"""`make torture`: runs faults in their full form and writes the table into docs/RELIABILITY.md.

    python -m tests.torture --faults kills --engines sqlite --cycles 50 --seed 1

Without --faults it runs all, without --engines both. The same seed runs the same cycles; --first 37 --cycles 1 runs
one of them. A failure prints the seed and the command of its cycle; the other faults go on, and the exit code is 1.
With --cycles or --first the page stays as it is. Where a full run was stopped, or a part of it failed, the same command
runs only what is missing (.torture-data/), as long as the commit is the same. With --jobs 8
eight parts of a fault run at once, each in a process and on a server of its own: what waits most of its time is faster.
"""

import argparse
import collections
import itertools
import pathlib
import random
import sys
import traceback
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor

from tests.temporary_files import write_to_memory
from tests.torture.progress import Progress
from tests.torture.registry import FAULTS, named
from tests.torture.running import ENGINES, Count, Failed, Fault, Plan, run
from tests.torture.table import HEAD, row_of, write_row


def main() -> int:
    """Runs what the arguments name, prints the table, and returns the exit code."""
    asked = _arguments()
    print(f"seed {asked.seed}", flush=True)
    rows, failures = [], 0
    for fault in named(asked.faults):
        for engine in [each for each in asked.engines.replace(",", " ").split() or ENGINES if each in fault.engines]:
            row = _row(fault, engine, asked)
            failures += row is None
            if row is not None:
                rows.append(row)
                if _is_full(asked) and not asked.dry:
                    write_row(row, [each.told or each.name for each in FAULTS])
    print("\n".join(["", *HEAD, *rows]), flush=True)
    return 1 if failures else 0


def _is_full(asked: argparse.Namespace) -> bool:
    return not asked.cycles and asked.first == 1


def _row(fault: Fault, engine: str, asked: argparse.Namespace) -> str | None:
    """Runs a fault on an engine, part by part, and returns its row; None when a part has failed."""
    cycles, whole, has_failed = asked.cycles or fault.cycles, Count(), False
    progress = Progress(fault, engine, asked.seed, cycles)
    for size, count in _counts(fault, engine, asked, progress):
        if count is None:
            has_failed = True
            continue
        whole.add(count.findings, count.cycles)
        whole.notes += [note for note in count.notes if note not in whole.notes]
        if not cycles and count.cycles < size:
            break
    for note in whole.notes:
        print(f"  {note}", flush=True)
    if has_failed:
        return None
    progress.forget()
    return row_of(Plan(fault, engine, cycles, asked.seed, pathlib.Path(), asked.first), whole)


def _counts(
    fault: Fault, engine: str, asked: argparse.Namespace, progress: Progress
) -> Generator[tuple[int, Count | None]]:
    """The size of each part, in order, and what came of it, run now or before; None when it has failed."""
    parts = _parts(fault, asked, asked.cycles or fault.cycles)
    with ProcessPoolExecutor(asked.jobs) as processes:
        begun: collections.deque[tuple[int, int, Count | Future[Count | None]]] = collections.deque()

        def begin() -> None:
            for first, size in itertools.islice(parts, 1):
                known = progress.find(first) if _is_full(asked) else None
                begun.append((first, size, known or processes.submit(_part, fault.name, engine, asked, first, size)))

        for _ in range(asked.jobs):
            begin()
        try:
            while begun:
                first, size, came = begun.popleft()
                if isinstance(came, Future):
                    count = came.result()
                    if count is not None and _is_full(asked):
                        progress.keep(first, count)
                else:
                    count = came
                yield size, count
                begin()
        finally:
            processes.shutdown(cancel_futures=True)


def _parts(fault: Fault, asked: argparse.Namespace, cycles: int) -> Iterator[tuple[int, int]]:
    """The first cycle of each part, and how many it has; without an end where there are as many as there are."""
    is_whole = not fault.part or (asked.cycles and not fault.cycles)
    size = cycles if is_whole else fault.part
    for first in itertools.count(asked.first, size):
        left = asked.first + cycles - first if cycles else size
        if left <= 0:
            return
        yield first, min(size, left)


def _part(name: str, engine: str, asked: argparse.Namespace, first: int, size: int) -> Count | None:
    """Runs a part, in a process of its own. None when it has failed, which it says on standard error."""
    is_sample = bool(asked.cycles)
    (fault,) = (each for each in FAULTS if each.name == name)
    try:
        return run(fault, engine, size, asked.seed, first, is_sample=is_sample)
    except Failed as failed:
        print(f"FAILED {failed}", file=sys.stderr, flush=True)
    except Exception:  # noqa: BLE001 (whatever a fault fails with, the others run)
        print(f"FAILED {fault.name} on {engine}, seed {asked.seed}, from cycle {first}", file=sys.stderr)
        traceback.print_exc()
    return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--faults", default="", help="names or groups; all of them without")
    parser.add_argument("--engines", default="", help="sqlite, postgresql; both without")
    parser.add_argument("--cycles", type=int, default=0, help="instead of the full form's number")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--first", type=int, default=1, help="the number of the first cycle")
    parser.add_argument("--jobs", type=int, default=1, help="how many parts of a fault run at once")
    parser.add_argument("--dry", action="store_true", help="leave docs/RELIABILITY.md as it is")
    asked = parser.parse_args()
    asked.seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    return asked


if __name__ == "__main__":
    write_to_memory()
    sys.exit(main())
