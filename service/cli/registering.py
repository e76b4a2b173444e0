"""Shows on a terminal how far an import of residents is, each refused line, and a summary at its end."""

import pathlib

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.importing import FileLines, ImportFileError
from service.importing.hiding import hide_numbers
from service.importing.reader import open_table
from service.importing.registering import RefusedRegistration, RegistrationImport, RegistrationTally
from service.importing.registrations import RegistrationColumns
from service.ledger import Ledger
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown

AGAIN = "Run the same command again: it goes on where it stopped."


class NotFinished(Exception):
    """The import broke off. The message says why and what to do, and shows no citizen number whole."""


def import_with_progress(
    ledger: Ledger, path: pathlib.Path, encoding: str | None, *, writes: bool
) -> RegistrationTally:
    """Imports a table of residents; with `writes=False` it only says what it would do. Raises NotFinished, OSError."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    run: RegistrationImport | None = None
    try:
        with (
            open_table(path, encoding, RegistrationColumns) as lines,
            Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        ):
            task = progress.add_task(path.name, total=lines.total_bytes)

            def refuse(refused: RefusedRegistration) -> None:
                _say(console, f"line {refused.number}: {refused.code}: {refused.reason}")

            run = RegistrationImport(ledger, refuse, writes)
            run.run(lines, lambda: progress.update(task, completed=lines.position))
    except ImportFileError as error:
        raise NotFinished(hide_numbers(str(error))) from None
    except (DatabaseUnavailable, NotWritten, OutcomeUnknown) as error:
        raise NotFinished(f"{error}. {AGAIN}") from None
    finally:
        if run is not None:
            _say(Console(), _summary(run.tally, writes=writes))
    _tell_left_out(console, lines)
    return run.tally


def _summary(tally: RegistrationTally, *, writes: bool) -> str:
    would = "" if writes else "would be "
    counted = f"{tally.registered} {would}registered, {tally.known} known already, {tally.refused} {would}refused"
    return counted if writes else f"{counted}; nothing is written"


def _tell_left_out(console: Console, lines: FileLines) -> None:
    """Says what a person who looks at the table may not expect: sheets that were not read, hidden rows that were."""
    if lines.skipped_sheets:
        _say(console, f"Not read: the worksheets {', '.join(map(hide_numbers, lines.skipped_sheets))}.")
    if lines.hidden_lines:
        _say(console, f"Read as all others: {lines.hidden_lines} line(s) in rows that are hidden or filtered away.")
    if lines.hidden_columns:
        _say(console, f"Read as all others: the hidden columns {', '.join(map(hide_numbers, lines.hidden_columns))}.")


def _say(console: Console, text: str) -> None:
    """Prints a line without wrapping it. In a pipe it must stay one line."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
