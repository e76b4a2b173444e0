"""A rolling upgrade on PostgreSQL: an old server serves, the schema changes, a new server takes over, nothing is lost.

One pair of versions is the code before the newest revision and the code of now. It needs git's history. The other pair
is the code of now and a next version, which has one revision more.
"""

import contextlib
import itertools
import os
import pathlib
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from service.storage.schema import NEWEST_REVISION
from service.vault import create_secrets
from tests.builders import a_registration, a_trade
from tests.postgresql import PostgreSQL
from tests.revisions.making import ROOT, code_of, program_of
from tests.servers import Server, free_port, run_hushi, serving, start_server, wait_until_ready
from tests.waiting import wait_until

CALLERS = 3
POSTS_BETWEEN = 10
PAUSE_S = 0.05
REPORT = "/v1/reports/trade?period=2024&by=category&compare=none"
EARLIER = "/v1/reports/trade?period=2023&by=category,origin&compare=none"
NEXT = f"{int(NEWEST_REVISION) + 1:04d}"
REVISION = f'''"""The next revision."""

from alembic import op

revision, down_revision = "{NEXT}", "{NEWEST_REVISION}"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_index("ix_journal_next", "journal", ["recorded_at", "day"])
'''


def _before_the_newest(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    asked = [
        "git",
        "log",
        "--diff-filter=A",
        "--format=%H^",
        "-1",
        "--",
        f"service/migrations/versions/{NEWEST_REVISION}_*.py",
    ]
    try:
        found = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
        return code_of(found or "none", folder / "old"), ROOT
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the history of git is not here: the code before the newest revision is not known")


def _with_a_next(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    new = folder / "new"
    for package in ("service", "schemas"):
        shutil.copytree(ROOT / package, new / package, ignore=shutil.ignore_patterns("__pycache__"))
    revisions = new / "service/storage/revisions.py"
    text, is_in = revisions.read_text(), f'NEWEST_REVISION = "{NEWEST_REVISION}"'
    assert is_in in text
    revisions.write_text(text.replace(is_in, f'NEWEST_REVISION = "{NEXT}"'))
    (new / f"service/migrations/versions/{NEXT}_next.py").write_text(REVISION)
    return ROOT, new


Program = list[str]
"""A command; an empty one is the code of now, which is forked off a process that has loaded it."""


def _program_of(code: pathlib.Path) -> Program:
    return [] if code == ROOT else program_of(code)


PAIRS = {"the version before": _before_the_newest, "a next version": _with_a_next}


@pytest.fixture(params=PAIRS)
def programs(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> tuple[Program, Program]:
    """The commands of the old and of the new version."""
    old, new = PAIRS[request.param](tmp_path)
    return _program_of(old), _program_of(new)


@pytest.fixture
def settings(postgresql: PostgreSQL, tmp_path: pathlib.Path) -> Iterator[dict[str, str]]:
    """The settings of an empty database."""
    postgresql.execute("CREATE DATABASE rolling")
    create_secrets(tmp_path / "secrets.json")
    yield {
        "HUSHI_DATABASE_URL": postgresql.url("rolling"),
        "HUSHI_DATA_DIR": str(tmp_path),
        "HUSHI_SECRETS_FILE": str(tmp_path / "secrets.json"),
        "HUSHI_LOG_LEVEL": "WARNING",
    }
    postgresql.execute("DROP DATABASE rolling WITH (FORCE)")


def _run(program: Program, settings: dict[str, str], *arguments: str) -> str:
    if not program:
        done = run_hushi(settings, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    done = subprocess.run([*program, *arguments], env={**os.environ, **settings}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Market:
    """Callers that post all the time, to whichever of two servers takes it, and one that asks for reports."""

    def __init__(self, key: str, servers: list[Server]) -> None:
        """Begins to post and to ask."""
        self.headers = {"Authorization": f"Bearer {key}"}
        self.servers = servers
        self.told: dict[str, str] = {}
        self.by: list[int] = [0 for _ in servers]
        self.odd: list[Any] = []
        self._stopping, self._abandoned = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(CALLERS)]
        self._threads.append(threading.Thread(target=self._ask))
        for thread in self._threads:
            thread.start()

    def post(self, name: str, server: Server, **changes: Any) -> tuple[int, Any, Any]:
        """Posts a trade under a key to one server."""
        headers = {**self.headers, "Idempotency-Key": name}
        return server.ask("POST", "/v1/transactions", a_trade(amount_cny="1.00", **changes), headers)

    def _post(self, caller: int) -> None:
        for number in itertools.count():
            if self._stopping.is_set():
                return
            self._post_until_told(f"{caller}-{number}", f"R0000000{caller + 1}")

    def _post_until_told(self, name: str, resident_id: str) -> None:
        for place in itertools.cycle(range(len(self.servers))):
            if self._abandoned.is_set():
                return
            with contextlib.suppress(OSError):  # It does not listen yet, or any more.
                status, document, headers = self.post(name, self.servers[place], resident_id=resident_id)
                if status == 201:
                    self.told[name] = document["transaction_id"]
                    self.by[place] += 1
                    time.sleep(PAUSE_S)
                    return
                if status != 503 or "retry-after" not in headers:
                    self.odd.append((status, document))
            time.sleep(PAUSE_S)

    def _ask(self) -> None:
        while not self._stopping.is_set():
            for server in self.servers:
                at_least = len(self.told)
                with contextlib.suppress(OSError):
                    status, report, _ = server.ask("GET", REPORT, headers=self.headers)
                    if status not in {200, 503} or (status == 200 and _count(report) < at_least):
                        self.odd.append((status, report, at_least))
            time.sleep(PAUSE_S)

    def wait_for_more(self, place: int) -> None:
        """Waits until a server has taken more posts."""
        enough = self.by[place] + POSTS_BETWEEN
        wait_until(lambda: self.by[place] >= enough)

    def close(self) -> None:
        """Every post gets its answer; then nobody posts any more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)

    def abandon(self) -> None:
        """Nobody posts any more, also who has no answer yet."""
        self._abandoned.set()
        self.close()


def _count(report: Any) -> int:
    return int(report["total"]["transactions"]["current"])


def _register(server: Server, key: str) -> None:
    for number in range(CALLERS):
        asked = server.ask("POST", "/v1/residents", a_registration(number), {"Authorization": f"Bearer {key}"})
        assert asked[0] == 201


def _refuses(server: Server, market: Market) -> None:
    """A server of another version writes nothing and reports nothing, and says why."""
    answers = [
        market.post("after", server),
        server.ask("GET", REPORT, headers=market.headers),
        server.ask("GET", "/health/ready"),
    ]
    assert [answer[0] for answer in answers] == [503, 503, 503], answers
    assert all("retry-after" in answer[2] for answer in answers[:2]), answers
    assert answers[2][1]["schema"] == "newer"


def _has_everything(server: Server, market: Market) -> None:
    """Whatever was answered is there once, also after each request was sent again; what was refused is not."""
    assert market.odd == []
    assert _count(server.ask("GET", REPORT, headers=market.headers)[1]) == len(market.told)
    for name, transaction_id in market.told.items():
        again = market.post(name, server, resident_id=f"R0000000{int(name[0]) + 1}")
        assert (again[0], again[1]["transaction_id"]) == (201, transaction_id)
        assert again[2]["idempotency-replayed"] == "true"
    assert _count(server.ask("GET", REPORT, headers=market.headers)[1]) == len(market.told)
    assert "idempotency-replayed" not in market.post("after", server)[2], "the old server has refused it"


def test_an_old_server_serves_until_the_schema_changes_and_a_new_one_goes_on(
    programs: tuple[Program, Program], settings: dict[str, str], tmp_path: pathlib.Path
) -> None:
    old_program, new_program = programs
    _run(old_program, settings, "db", "upgrade")
    key = _run(old_program, settings, "keys", "create", "--name", "desk", "--scope", "admin")
    new_port, log = free_port(), tmp_path / "log-of-new"
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(serving(settings, tmp_path / "log-of-old", "--workers", "1", program=old_program))
        _register(old, key)
        market = Market(key, [old, Server(old.process, new_port)])
        stack.callback(market.abandon)
        for month in ("01", "02", "03"):
            posted = market.post(f"earlier-{month}", old, traded_at=f"2023-{month}-05T10:00:00+08:00")
            assert posted[0] == 201
        before = old.ask("GET", EARLIER, headers=market.headers)[1]
        market.wait_for_more(0)

        taken = market.by[0]
        assert _run(new_program, settings, "db", "upgrade").startswith("The schema is at revision ")
        assert market.by[0] > taken, "posts go on while the command starts"
        taken = market.by[0]
        _refuses(old, market)
        new = start_server(settings, log, "--workers", "1", program=new_program, port=new_port)
        stack.callback(new.stop)
        wait_until_ready(new, log)
        market.wait_for_more(1)
        assert old.stop() == 0
        market.wait_for_more(1)
        market.close()
        assert market.by[0] <= taken + CALLERS, "the old server wrote nothing any more"
        _has_everything(new, market)
        assert new.ask("GET", EARLIER, headers=market.headers)[1]["rows"] == before["rows"]
    entries = len(market.told) + len(("01", "02", "03", "after"))
    assert _run(new_program, settings, "verify").startswith(f"{entries} transactions, ")
