"""Prints the table of a benchmark run from the JSON that pytest-benchmark wrote: `python -m loadtests.table FILE`."""

import math
import pathlib
import platform
import sys
from collections.abc import Iterator
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

PEERS = {"duckdb": "DuckDB", "polars": "Polars", "SQL, COUNT(DISTINCT)": "SQL"}
HEADLINE = "yoy by category, 8 months"


def quantile(values: list[float], part: float) -> float:
    """The quantile: this part of all values is not above it."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * part) - 1)]


def rows_of(run: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """One row for each benchmark: what, rows, engine, p50, p99, ratio to the headline of this size, other figures."""
    headline = {
        bench["extra_info"]["rows"]: quantile(bench["stats"]["data"], 0.5)
        for bench in run["benchmarks"]
        if bench["extra_info"]["what"] == HEADLINE and bench["extra_info"]["engine"] in {"sqlite", ""}
    }
    for bench in run["benchmarks"]:
        told, data = bench["extra_info"], bench["stats"]["data"]
        ours = headline.get(told["rows"])
        ratio = ""
        if told["what"] in PEERS and ours:
            ratio = f"{quantile(data, 0.5) / ours:,.0f} x ours"
        other = [
            f"{name} {told[name]:,.2f}" for name in ("first_report_s", "bytes_per_tx", "per_second") if name in told
        ]
        other += [f"{told['process_mib']} MiB"] if "process_mib" in told else []
        is_time = "bytes_per_tx" not in told and told["what"] != "process after all of it"
        yield (
            PEERS.get(told["what"], told["what"]),
            f"{told['rows']:,}",
            told.get("engine", ""),
            f"{quantile(data, 0.5) * 1e3:,.2f}" if is_time else "",
            f"{quantile(data, 0.99) * 1e3:,.2f}" if is_time and len(data) >= 50 else "",
            ratio,
            ", ".join(other),
        )


def main(file: str, http_file: str) -> None:
    """Prints the tables."""
    run = orjson.loads(pathlib.Path(file).read_bytes())
    cores = run["machine_info"]["cpu"].get("count", "?")
    machine = f"{platform.machine()}, {cores} cores, Python {platform.python_version()}"
    table = Table(title=f"Reports in process ({machine})", title_justify="left")
    for heading in ("what", "rows", "engine", "p50 ms", "p99 ms", "ratio", "other"):
        table.add_column(heading, justify="left" if heading in {"what", "engine", "other"} else "right")
    for row in rows_of(run):
        table.add_row(*row)
    Console(width=130).print(table, _http_table(http_file))


def _http_table(file: str) -> Table:
    table = Table(
        title="GET of a report over HTTP, ledger unchanged, 32 connections (closed loop)", title_justify="left"
    )
    for heading in ("engine", "workers", "bare route /s", "200 /s", "304 /s", "200 : bare", "304 : bare"):
        table.add_column(heading, justify="right")
    for found in orjson.loads(pathlib.Path(file).read_bytes()):
        rates = (f"{rate:,}" for rate in found["per_second"].values())
        shares = (f"{found[name]:.2f}" for name in ("200_share_of_bare", "304_share_of_bare"))
        table.add_row(found["engine"], str(found["workers"]), *rates, *shares)
    return table


if __name__ == "__main__":
    main(*sys.argv[1:3])
