#!/usr/bin/env bash
# rich: a column that is told to fold loses digits without a mark when it may not wrap either.
#
# One would guess: `Table.add_column(overflow="fold", no_wrap=True)` keeps a figure in one piece where there is room, and
# folds it where there is none; at worst it marks the cut, as overflow="ellipsis" does with "…".
# What happens: `no_wrap` wins. On a console that is too narrow the cell is cropped, and nothing says that digits are gone:
# "123,456,789.00" is printed as "123,45". `Console.measure` tells the width that would be needed, so a program has to ask
# it first and choose another layout.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'rich==15.0.0'
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import io
import sys

from rich.console import Console
from rich.table import Table

FIGURE = "123,456,789.00"


def printed(width: int, **how: object) -> str:
    table = Table()
    table.add_column("value", justify="right", **how)
    table.add_row(FIGURE)
    console = Console(width=width, file=io.StringIO())
    console.print(table)
    row = [line for line in console.file.getvalue().splitlines() if line.startswith("│")]
    return "".join(line.strip("│").strip() for line in row)


print("python", sys.version.split()[0], "rich", importlib.metadata.version("rich"))
wide = printed(40, overflow="fold", no_wrap=True)
narrow = printed(10, overflow="fold", no_wrap=True)
folded = printed(10, overflow="fold")
marked = printed(10, overflow="ellipsis", no_wrap=True)
print(f"width 40, fold and no_wrap: {wide}")
print(f"width 10, fold and no_wrap: {narrow}   (digits are gone, and nothing says so)")
print(f"width 10, fold alone:       {folded}   (over several lines, all digits)")
print(f"width 10, ellipsis:         {marked}")
as_seen = wide == FIGURE and folded == FIGURE and FIGURE.startswith(narrow) and narrow != FIGURE and "…" in marked
sys.exit(0 if as_seen else "rich behaves otherwise now")
PYTHON
