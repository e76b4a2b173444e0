"""Shows long work on a terminal: a progress bar while it runs, and a summary at its end."""

import pathlib

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.importing import FileLines, open_lines
from service.importing.recording import Tally, import_lines
from service.importing.refused_lines import RefusedFile, RefusedLine, ReportNotOurs
from service.ledger import Ledger

REFUSED_LINES_SHOWN_MAX = 20


def import_with_progress(
    ledger: Ledger, path: pathlib.Path, refused_path: pathlib.Path, encoding: str | None = None
) -> Tally:
    """Imports a file, shows how far it is, and prints which lines were refused and why, also when it breaks off.

    Raises ImportFileError, ReportNotOurs, OSError, Unavailable.
    """
    console, tally = Console(stderr=True), Tally()
    shown: list[RefusedLine] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    try:
        with (
            open_lines(path, encoding) as lines,
            RefusedFile(refused_path, path) as refused_file,
            Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        ):
            task = progress.add_task(path.name, total=lines.total_bytes)

            def refuse(refused: RefusedLine) -> None:
                refused_file.add(refused)
                if len(shown) < REFUSED_LINES_SHOWN_MAX:
                    shown.append(refused)

            import_lines(ledger, lines, tally, refuse, lambda: progress.update(task, completed=lines.position))
    except Exception as error:
        # When no line of the file could be read, there is nothing to print.
        if tally != Tally():
            _tell(console, tally, shown, None if isinstance(error, ReportNotOurs) else refused_path)
        raise
    _tell(console, tally, shown, refused_path)
    if lines.skipped_sheets:
        _say(console, f"Not read: the worksheets {', '.join(lines.skipped_sheets)}.")
    _tell_hidden(console, lines)
    if refused_file.has_removed_earlier:
        _say(console, f"{refused_path}, of an earlier run, is removed: no line is refused any more.")
    return tally


def _tell(console: Console, tally: Tally, shown: list[RefusedLine], report: pathlib.Path | None) -> None:
    """Prints the refused lines on standard error, and how many lines there were of each kind on standard output."""
    for refused in shown:
        _say(console, f"line {refused.line.number}: {refused.code}: {refused.reason}")
    if tally.refused > len(shown):
        _say(console, f"… and {tally.refused - len(shown)} more")
    if tally.refused and report is not None:
        _say(console, f"The refused lines are in {report}.")
    if tally.warned:
        told = ", ".join(f"{count} {code}" for code, count in tally.warned.most_common())
        _say(console, f"Accepted with a warning: {told}. See hushi report warnings.")
    _say(Console(), str(tally))


def _tell_hidden(console: Console, lines: FileLines) -> None:
    """Says which hidden rows and columns were read: a person who filters a table may mean to send the rest only."""
    if lines.hidden_lines:
        rows = "1 line in a row that is" if lines.hidden_lines == 1 else f"{lines.hidden_lines} lines in rows that are"
        _say(console, f"Read as all others: {rows} hidden or filtered away. To leave lines out, delete their rows.")
    if lines.hidden_columns:
        _say(console, f"Read as all others: the hidden columns {', '.join(lines.hidden_columns)}.")


def _say(console: Console, text: str) -> None:
    """Prints a line without wrapping it; the terminal may wrap it. In a pipe it must stay one line."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
