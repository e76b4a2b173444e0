"""`make torture`: runs faults in their full form and writes the table into docs/RELIABILITY.md.

    python -m tests.torture --faults kills --engines sqlite --cycles 50 --seed 1

Without --faults it runs all, without --engines both. The same seed runs the same cycles; --first 37 --cycles 1 runs
one of them. A failure prints the seed and the command of its cycle; the other faults go on, and the exit code is 1.
"""

import argparse
import pathlib
import random
import sys
import traceback

from tests.temporary_files import write_to_memory
from tests.torture.registry import FAULTS, named
from tests.torture.running import ENGINES, Failed, Fault, Plan, run
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
                if not asked.dry:
                    write_row(row, [each.told or each.name for each in FAULTS])
    print("\n".join(["", *HEAD, *rows]), flush=True)
    return 1 if failures else 0


def _row(fault: Fault, engine: str, asked: argparse.Namespace) -> str | None:
    cycles = asked.cycles or fault.cycles
    try:
        count = run(fault, engine, cycles, asked.seed, asked.first)
    except Failed as failed:
        print(f"FAILED {failed}", file=sys.stderr, flush=True)
        return None
    except Exception:  # noqa: BLE001 (whatever a fault fails with, the others run)
        print(f"FAILED {fault.name} on {engine}, seed {asked.seed}", file=sys.stderr)
        traceback.print_exc()
        return None
    for note in count.notes:
        print(f"  {note}", flush=True)
    return row_of(Plan(fault, engine, cycles, asked.seed, pathlib.Path(), asked.first), count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--faults", default="", help="names or groups; all of them without")
    parser.add_argument("--engines", default="", help="sqlite, postgresql; both without")
    parser.add_argument("--cycles", type=int, default=0, help="instead of the full form's number")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--first", type=int, default=1, help="the number of the first cycle")
    parser.add_argument("--dry", action="store_true", help="leave docs/RELIABILITY.md as it is")
    asked = parser.parse_args()
    asked.seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    return asked


if __name__ == "__main__":
    write_to_memory()
    sys.exit(main())
