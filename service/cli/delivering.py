"""Shows on a terminal how far an import of transfers is, each refused line, and a summary at its end."""

import pathlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.cli.progress import tell_left_out
from service.commands.transfer_checks import checking_transfers
from service.importing import FileLine
from service.importing.deliveries import DeliveryColumns
from service.importing.delivering import DeliveryImport, DeliveryTally, Settle, Settled, checking_only, recording
from service.importing.reader import open_table
from service.importing.refused_lines import RefusedFile, RefusedLine
from service.ledger import Ledger

REFUSED_LINES_SHOWN_MAX = 20


def import_with_progress(
    ledger: Ledger, path: pathlib.Path, encoding: str | None, refused: pathlib.Path
) -> DeliveryTally:
    """Records the transfers of a table, and writes its refused lines to a file.

    Raises ImportFileError, ReportNotOurs, OSError, Unavailable, and what the database raises.
    """
    console, shown = Console(stderr=True), _Shown()
    with RefusedFile(refused, path) as refused_file:

        def _refuse(one: RefusedLine) -> None:
            refused_file.add(one)
            shown.tell(console, one)

        def _tell(settled: Settled) -> None:
            if settled.is_known:
                _say(console, settled.said)

        tally = _run(DeliveryImport(ledger, recording(ledger), _refuse, _tell), path, encoding, console)
    shown.tell_rest(console)
    if tally.refused:
        _say(console, f"The refused lines are in {refused}.")
    if refused_file.has_removed_earlier:
        _say(console, f"{refused}, of an earlier run, is removed: no line is refused any more.")
    return tally


def check_with_progress(ledger: Ledger, path: pathlib.Path, encoding: str | None) -> DeliveryTally:
    """Prints what importing a table would do with each delivery, and does nothing. Raises ImportFileError, OSError."""
    console, out = Console(stderr=True), Console()

    def _refuse(one: RefusedLine) -> None:
        _say(out, f"line {one.line.number}: refused: {one.code}: {one.reason}")

    def _tell(settled: Settled) -> None:
        _say(out, settled.said)

    with checking_transfers(ledger) as checker:
        settle: Settle = checking_only(ledger, checker)
        return _run(DeliveryImport(ledger, settle, _refuse, _tell), path, encoding, console, writes=False)


class _Shown:
    """Shows the first refused lines, and counts the others."""

    def __init__(self) -> None:
        self._count = 0

    def tell(self, console: Console, one: RefusedLine) -> None:
        """Shows a refused line, unless many were shown before."""
        self._count += 1
        if self._count <= REFUSED_LINES_SHOWN_MAX:
            _say(console, f"line {one.line.number}: {one.code}: {one.reason}")

    def tell_rest(self, console: Console) -> None:
        """Says how many lines were not shown."""
        if self._count > REFUSED_LINES_SHOWN_MAX:
            _say(console, f"… and {self._count - REFUSED_LINES_SHOWN_MAX} more")


def _run(
    job: DeliveryImport, path: pathlib.Path, encoding: str | None, console: Console, *, writes: bool = True
) -> DeliveryTally:
    """Runs an import. The bar has two halves: the file is read, and its deliveries are recorded."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    try:
        with (
            open_table(path, encoding, DeliveryColumns) as lines,
            Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        ):
            task = progress.add_task(path.name, total=2)

            def _read() -> Iterator[FileLine]:
                for line in lines:
                    progress.update(task, completed=lines.position / max(1, lines.total_bytes))
                    yield line

            job.run(_read(), lambda done: progress.update(task, completed=1 + done))
    except BaseException:
        # When no line of the file could be read, there is nothing to print.
        if job.tally != DeliveryTally():
            _say(Console(), _summary(job.tally, writes=writes))
        raise
    _say(Console(), _summary(job.tally, writes=writes))
    tell_left_out(console, lines)
    if job.tally.left:
        _say(
            console,
            "Nothing is recorded, because a line that can't be read may be of any delivery. Correct these lines, and "
            "run the command again.",
        )
    return job.tally


def _summary(tally: DeliveryTally, *, writes: bool) -> str:
    would = "" if writes else "would be "
    transfers = f"{tally.recorded} transfers of {tally.lines} lines {would}recorded"
    counted = f"{transfers}, {tally.known} known already, {tally.refused} lines {would}refused"
    return counted if writes else f"{counted}; nothing is written"


def _say(console: Console, text: str) -> None:
    """Prints a line without wrapping it. In a pipe it must stay one line."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
