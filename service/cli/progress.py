"""Shows long work on a terminal: a progress bar while it runs, and a summary at its end."""

import pathlib

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.commands.posting import Outcome
from service.domain.money import format_cny
from service.importing import FileLine, FileLines, open_lines
from service.importing.hiding import hide_in_line
from service.importing.recording import Tally, check_lines, import_lines
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
    try:
        with (
            open_lines(path, encoding) as lines,
            RefusedFile(refused_path, path) as refused_file,
            _progress(console) as progress,
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
    tell_left_out(console, lines)
    if refused_file.has_removed_earlier:
        _say(console, f"{refused_path}, of an earlier run, is removed: no line is refused any more.")
    return tally


def check_with_progress(ledger: Ledger, path: pathlib.Path, encoding: str | None = None) -> Tally:
    """Prints what importing a file would do, line by line, and does nothing. Raises ImportFileError, OSError."""
    console, out, tally = Console(stderr=True), Console(), Tally()

    def refuse(refused: RefusedLine) -> None:
        _say(out, f"line {refused.line.number}: refused: {refused.code}: {hide_in_line(refused.reason)}")

    def tell(line: FileLine, outcome: Outcome) -> None:
        """Prints what would become of a line that is not refused."""
        _say(out, f"line {line.number}: {_would_become(outcome)}")

    try:
        with open_lines(path, encoding) as lines, _progress(console) as progress:
            task = progress.add_task(path.name, total=lines.total_bytes)
            check_lines(ledger, lines, tally, refuse, lambda: progress.update(task, completed=lines.position), tell)
    except BaseException:
        # When no line of the file could be read, there is nothing to print.
        if tally != Tally():
            _say(out, f"Nothing is written. The import would have {tally}.")
        raise
    _say(out, f"Nothing is written. The import would have {tally}.")
    tell_left_out(console, lines)
    return tally


def _would_become(outcome: Outcome) -> str:
    if outcome.replayed or outcome.transaction is None:
        return "known already"
    entry = outcome.transaction
    parts = f"{format_cny(entry.exempt_fen)} CNY exempt, {format_cny(entry.taxable_fen)} CNY taxable"
    return f"accepted: {entry.verdict}, {parts}"


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _tell(console: Console, tally: Tally, shown: list[RefusedLine], report: pathlib.Path | None) -> None:
    """Prints the refused lines on standard error, and how many lines there were of each kind on standard output."""
    for refused in shown:
        _say(console, f"line {refused.line.number}: {refused.code}: {hide_in_line(refused.reason)}")
    if tally.refused > len(shown):
        _say(console, f"… and {tally.refused - len(shown)} more")
    if tally.refused and report is not None:
        _say(console, f"The refused lines are in {report}.")
    if tally.warned:
        told = ", ".join(f"{count} {code}" for code, count in tally.warned.most_common())
        _say(console, f"Accepted with a warning: {told}. See hushi report warnings.")
    _say(Console(), str(tally))


def tell_left_out(console: Console, lines: FileLines) -> None:
    """Says which worksheets were not read, and which hidden rows and columns were.

    A person who filters a table may mean to send the rest only.
    """
    if lines.skipped_sheets:
        _say(console, f"Not read: the worksheets {', '.join(lines.skipped_sheets)}.")
    if lines.hidden_lines:
        rows = "1 line in a row that is" if lines.hidden_lines == 1 else f"{lines.hidden_lines} lines in rows that are"
        _say(console, f"Read as all others: {rows} hidden or filtered away. To leave lines out, delete their rows.")
    if lines.hidden_columns:
        _say(console, f"Read as all others: the hidden columns {', '.join(lines.hidden_columns)}.")


def _say(console: Console, text: str) -> None:
    """Prints a line without wrapping it; the terminal may wrap it. In a pipe it must stay one line."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
