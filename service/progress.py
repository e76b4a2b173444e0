"""Long work on a terminal: a progress bar while it runs, a summary at its end."""

import pathlib

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.importing import open_lines
from service.imports import RefusedFile, RefusedLine, Tally, import_lines
from service.ledger import Ledger

REFUSED_LINES_SHOWN_MAX = 20


def import_with_progress(ledger: Ledger, path: pathlib.Path, refused_path: pathlib.Path) -> Tally:
    """Imports a file, shows how far it is, and prints what was refused and why. Raises ImportFileError, Unavailable."""
    console = Console(stderr=True)
    shown: list[RefusedLine] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with (
        open_lines(path) as lines,
        RefusedFile(refused_path) as refused_file,
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task(path.name, total=lines.total_bytes)

        def refuse(refused: RefusedLine) -> None:
            refused_file.add(refused)
            if len(shown) < REFUSED_LINES_SHOWN_MAX:
                shown.append(refused)

        tally = import_lines(ledger, lines, refuse, lambda: progress.update(task, completed=lines.position))
        skipped = lines.skipped_sheets
    for refused in shown:
        console.print(f"line {refused.line.number}: {refused.code}: {refused.reason}", markup=False, highlight=False)
    if tally.refused > len(shown):
        console.print(f"… and {tally.refused - len(shown)} more", markup=False)
    if skipped:
        console.print(f"Not read: the worksheets {', '.join(skipped)}.", markup=False)
    if tally.refused:
        console.print(f"The refused lines are in {refused_path}.", markup=False, soft_wrap=True)
    Console().print(f"{tally.accepted} accepted, {tally.known} known already, {tally.refused} refused", highlight=False)
    return tally
