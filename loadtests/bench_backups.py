"""Measures a backup beside eight writers: `python -m loadtests.bench_backups ENGINE TRANSACTIONS`.

It makes a ledger of that size by posting, with 20,000 residents; without arguments it takes that of the HUSHI_
variables, which needs residents R00000001 to R00000008, and writes to it. It serves the ledger, lets eight writers post
over HTTP, and tells their rate, their slowest percent and the length of SQLite's log before, while and after
`hushi backup`. Then it checks the backup and runs a drill. The CPU time of a command is what a machine of its own would
take.
"""

import contextlib
import itertools
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

from loadtests.ledgers import postings, register_residents, settings_on
from service.commands.folding import fold_all
from service.commands.keys import create_key
from service.commands.posting import post
from service.config import read_settings
from service.ledger import open_ledger
from service.storage import schema
from tests.backup.writers import Writers, posting
from tests.servers import HUSHI, serving

BESIDE_S = 20.0
RESIDENTS, BATCH = 20_000, 5_000


def _told(writers: Writers, began: float, ended: float) -> str:
    took = sorted(took for at, took in writers.took_s if began <= at < ended)
    if not took:
        return "no post was answered"
    worst = took[min(len(took) - 1, len(took) * 99 // 100)]
    return (
        f"{len(took) / (ended - began):.0f} posts a second, p99 {worst * 1000:.0f} ms, slowest {took[-1] * 1000:.0f} ms"
    )


def _measured(what: str, work: Callable[[], object], writers: Writers, log_bytes: Callable[[], int | None]) -> None:
    began, most, done = time.monotonic(), 0, False

    def look() -> None:
        nonlocal most
        while not done:
            most = max(most, log_bytes() or 0)
            time.sleep(0.2)

    looking = threading.Thread(target=look)
    looking.start()
    work()
    ended, done = time.monotonic(), True
    looking.join()
    log = f", SQLite's log at most {most / 2**20:.0f} MiB" if most else ""
    print(f"{what}: {ended - began:.1f} s, {_told(writers, began, ended)}{log}", flush=True)


def _hushi(*arguments: str) -> str:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run([HUSHI, *arguments], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{told}CPU of hushi {' '.join(arguments[:2])}: {cpu_s:.1f} s"


@contextlib.contextmanager
def _made(engine: str, count: int) -> Iterator[None]:
    """Posts and folds a ledger, and names it in the variables of this process while it is there."""
    with settings_on(engine) as settings:
        ledger = open_ledger(settings)
        schema.upgrade(ledger.database, ledger.vault.macs)
        register_residents(ledger, RESIDENTS)
        entries = postings(count, RESIDENTS)
        while batch := list(itertools.islice(entries, BATCH)):
            post(ledger, batch)
        fold_all(ledger)
        ledger.database.close()
        os.environ.update(
            HUSHI_DATABASE_URL=settings.database_url, HUSHI_DATA_DIR=str(settings.data_dir),
            HUSHI_SECRETS_FILE=str(settings.secrets_file),
        )  # fmt: skip
        yield


def main() -> None:
    """Runs everything, and prints a line for each part."""
    with _made(sys.argv[1], int(sys.argv[2])) if sys.argv[1:] else contextlib.nullcontext():
        _measure()


def _measure() -> None:
    ledger = open_ledger(read_settings(os.environ))
    _, key = create_key(ledger, "bench", ["admin"])
    with tempfile.TemporaryDirectory(prefix="hushi-load-") as name:
        folder = pathlib.Path(name)
        with serving(dict(os.environ), folder / "log") as server, posting(server.port, key) as writers:
            time.sleep(5)
            for what, work in (
                ("before", lambda: time.sleep(BESIDE_S)),
                ("backup", lambda: print(_hushi("backup", str(folder / "a.zip")))),
                ("after", lambda: time.sleep(BESIDE_S)),
            ):
                _measured(what, work, writers, lambda: ledger.database.log_bytes)
        print(f"faults: {writers.faults}; the backup has {(folder / 'a.zip').stat().st_size / 1e6:.0f} MB")
        began = time.monotonic()
        print(_hushi("restore", "--check", str(folder / "a.zip")).strip(), f"({time.monotonic() - began:.1f} s)")
        where = () if ledger.database.is_sqlite else ("--on-server",)
        print(_hushi("restore", "--drill", *where, str(folder / "a.zip")))


if __name__ == "__main__":
    main()
