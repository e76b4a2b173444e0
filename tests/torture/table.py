"""Writes the table of what came of the faults into docs/RELIABILITY.md. Each program replaces its own rows only."""

import datetime
import fcntl
import os
import pathlib
import re
from collections.abc import Sequence

from tests.torture.running import Count, Plan

PAGE = pathlib.Path(__file__).parents[2] / "docs/RELIABILITY.md"
BEGIN, END = "<!-- torture: begin -->", "<!-- torture: end -->"
HEAD = (
    "| fault | engine | cycles | acknowledged | lost | doubled | seed | date | command |",
    "|---|---|--:|--:|--:|--:|--:|---|---|",
)


def row_of(plan: Plan, count: Count) -> str:
    """The row of a fault on an engine."""
    values = (
        plan.fault.told or plan.fault.name, plan.engine, f"{count.cycles:,}", f"{count.findings.acknowledged:,}",
        str(len(count.findings.lost)), str(len(count.findings.doubled)), str(plan.seed),
        datetime.datetime.now(datetime.UTC).date().isoformat(), f"`{plan.command}`",
    )  # fmt: skip
    return f"| {' | '.join(values)} |"


def write_row(row: str, order: Sequence[str] = (), page: pathlib.Path = PAGE) -> None:
    """Puts a row into the table, in the place of that of the same fault and engine. `order` has all faults in words."""
    with (page.parent / f".{page.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = page.read_text("utf-8")
        inside = re.search(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", text, re.DOTALL)
        assert inside is not None, f"{page.name} has no place for the table: {BEGIN}, {END}"
        rows = {_name(line): line for line in inside[1].splitlines() if line.startswith("|") and line not in HEAD}
        rows[_name(row)] = row
        places = {name: place for place, name in enumerate(order)}
        ordered = sorted(rows, key=lambda name: (places.get(name[0], len(places)), name))
        table = "\n".join((BEGIN, *HEAD, *(rows[name] for name in ordered), END))
        partial = page.with_suffix(f".{os.getpid()}")
        partial.write_text(text.replace(inside[0], table), "utf-8")
        partial.replace(page)
    pathlib.Path(lock.name).unlink(missing_ok=True)


def _name(row: str) -> tuple[str, str]:
    fault, engine = row.split("|")[1:3]
    return fault.strip(), engine.strip()
