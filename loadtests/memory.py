"""Measures the memory of a service over a large ledger, with everything prepared: `python -m loadtests.memory`.

The figure is the proportional set size (PSS): a page that several processes share counts as a part of it in each, so
the sum is what the service takes of the machine. It is the sum of the processes that serve and of the one that folds;
the process that starts them is told beside. Each build has a ledger of its own from loadtests.histories, and serves a
copy of it, because a service folds the tail that other benchmarks need. Before it is measured, the service loads and
prepares everything, and answers reports of all kinds, among them questions that were never asked before.
BENCH_TRANSACTIONS is the size of the ledger on SQLite, BENCH_BASE the commit that is measured as well, BENCH_ROUNDS how
often both are started.
"""

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import psutil

from loadtests.bench_http import free_port, running
from loadtests.builds import Build, Kind, builds
from loadtests.client import closed_loop, request_bytes
from loadtests.compared import medians
from loadtests.deployments import MIB, PROGRAMS, Deployment
from loadtests.figures import Figure, conclude
from loadtests.histories import FOLDER
from loadtests.questions import never_asked
from service.config import WORKERS
from service.domain.reports import Question

ROUNDS = int(os.environ.get("BENCH_MEMORY_ROUNDS", "1"))
TRANSACTIONS = int(os.environ.get("BENCH_TRANSACTIONS", "10000000"))
QUESTIONS, CONNECTIONS, PATIENCE_S = 400, 16, 600.0
FOLDER_MODULE = "service.server.folder"
PATHS = (
    "/v1/reports/trade?from=2024-01-01&to=2024-08-31&compare=yoy&by=category",
    "/v1/reports/trade?from=2024-01-01&to=2024-08-31&compare=yoy&by=origin,month",
    "/v1/reports/trade?from=2024-01-01&to=2024-08-31&compare=yoy&by=group_id",
    "/v1/reports/trade?from=2024-01-01&to=2024-08-31&compare=yoy&by=settlement",
    "/v1/reports/residents?from=2024-01-01&to=2024-08-31&compare=yoy",
    "/v1/reports/series?from=2023-01-01&to=2024-12-31&measure=residents&interval=month",
)


@dataclass(frozen=True, slots=True)
class Memory:
    """The proportional memory of a service's processes."""

    serving_mib: float
    folder_mib: float
    parent_mib: float

    @property
    def counted_mib(self) -> float:
        """The memory of the processes that serve and of the one that folds."""
        return self.serving_mib + self.folder_mib


def path_of(question: Question) -> str:
    """The report over HTTP that a question asks for."""
    parts = [f"from={question.period.start}", f"to={question.period.end}", f"compare={question.compare}"]
    parts += [f"by={','.join(question.by)}"] if question.by else []
    parts += [f"{name}={quote(','.join(sorted(values)), safe=',')}" for name, values in question.filters]
    return "/v1/reports/trade?" + "&".join(parts)


@contextlib.contextmanager
def serving_large(build: Build) -> Iterator[Deployment]:
    """Starts `hushi serve` over a copy of the build's own large ledger."""
    build.run_own("loadtests.histories", "sqlite", TRANSACTIONS)
    with tempfile.TemporaryDirectory(prefix="serving-", dir=FOLDER) as name:
        folder = pathlib.Path(name)
        for file in (build.folder / ".bench-data" / f"sqlite-{TRANSACTIONS}").iterdir():
            shutil.copy(file, folder / file.name)
        environment = {
            "HUSHI_DATABASE_URL": f"sqlite:///{folder}/hushi.db", "HUSHI_SECRETS_FILE": f"{folder}/secrets.json",
            "HUSHI_DATA_DIR": str(folder), "HUSHI_LOG_LEVEL": "WARNING",
        }  # fmt: skip
        made = build.run("inside/making.py", 0, environment=environment)
        environment |= build.environment
        port = free_port()
        serve = [str(PROGRAMS / "hushi"), "serve", "--port", str(port), "--workers", str(WORKERS)]
        with running(serve, environment, port, "/health/live") as process:
            yield Deployment(build.name, "sqlite", port, made["key"], made["durability"], process, environment)


def ask_everything(service: Deployment) -> None:
    """Asks for reports on several connections, so that each process that serves gets some of the questions."""
    headers = {"Authorization": f"Bearer {service.key}"}
    questions = never_asked()
    paths = [*PATHS * CONNECTIONS, *(path_of(next(questions)) for _ in range(QUESTIONS))]
    requests = [request_bytes(path, headers) for path in paths]
    loop = closed_loop(service.port, requests, connections=CONNECTIONS, seconds=PATIENCE_S)
    assert set(loop.statuses) == {200}, (loop.statuses, loop.heads)
    assert loop.statuses[200] == len(requests), loop.statuses


def memory_of(service: Deployment) -> Memory:
    """The memory of the service's processes."""
    children = service.process.children()
    folders = [one for one in children if any(FOLDER_MODULE in word for word in one.cmdline())]
    serving = [one for one in children if one not in folders]
    assert len(folders) == 1, folders
    assert len(serving) == WORKERS, serving
    return Memory(pss_mib(serving), pss_mib(folders), pss_mib([service.process]))


def pss_mib(processes: list[psutil.Process]) -> float:
    """The sum of the proportional set sizes."""
    return float(sum(one.memory_full_info().pss for one in processes)) / MIB


def measure(build: Build) -> Memory:
    """Starts a service, lets it prepare everything and answer, and measures its memory when it is at rest."""
    with serving_large(build) as service:
        service.wait_until_idle()
        ask_everything(service)
        service.wait_until_idle()
        return memory_of(service)


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    found: dict[Kind, list[Memory]] = {}
    for _ in range(ROUNDS):
        for build in builds():
            found.setdefault(build.kind, []).append(measure(build))
    figures = [
        Figure(
            f"memory: {build.name}", "sqlite",
            other=f"{WORKERS} that serve {last.serving_mib:,.0f} MiB, the folder {last.folder_mib:,.0f} MiB, "
            f"the process that starts them {last.parent_mib:,.0f} MiB",
        )
        for build in builds()
        for last in found[build.kind][-1:]
    ]  # fmt: skip
    pss = {kind: [one.counted_mib for one in rounds] for kind, rounds in found.items()}
    row = medians(f"memory of {WORKERS} processes and the folder (PSS)", "sqlite", "MiB", pss, most=0.5)
    title = f"Memory over {TRANSACTIONS:,} transactions, everything prepared, {ROUNDS} rounds in turns"
    conclude("memory", title, figures, {}, [row])


if __name__ == "__main__":
    main()
