"""hushi verify: it recounts the ledger, shows how far it is, and repairs cells."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.cli.interrupting import EXIT_INTERRUPTED
from service.cli.opening import open_for_verifying
from service.cli.settings import pass_settings
from service.commands.repairing import TooFarBehind, repair_cells
from service.commands.verification import record_verification, record_verified_block
from service.config import Settings
from service.domain.chain import Block
from service.ledger import Ledger
from service.queries.health import count_mismatches
from service.queries.ledger import get_head
from service.queries.verifying import Verified, Wrong, verify
from service.queries.verifying.repairs import find_wrong_cells
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.wrong_cells import WrongCells

EXIT_DIFFERENT = 1
RECORD_EVERY_S = 10.0
REPAIR_TRIES_MAX = 5
CELLS_SHOWN_MAX = 20


class BlockHash(click.ParamType[str]):
    """The hash of a block, with spaces or in upper case if it was noted so: a false alarm would be worse than none."""

    name = "hash"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns 64 hex digits in lower case. Fails on any other text, because no block can have it as its hash."""
        digits = "".join(value.split()).lower()
        if re.fullmatch("[0-9a-f]{64}", digits) is None:
            self.fail(f"'{value}' is no hash of a block: that is 64 hex digits.", param, ctx)
        return digits


@click.command("verify")
@click.option(
    "--head",
    "head_hash",
    type=BlockHash(),
    help="The hash of a block that was noted elsewhere: it must be in the chain.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Do not hash again the entries of blocks that an earlier run has verified, also one that was interrupted.",
)
@click.option(
    "--repair-cells",
    is_flag=True,
    help="Build the cells again that are not what the journal adds up to; only if all else is right.",
)
@pass_settings
def verify_ledger(settings: Settings, head_hash: str | None, resume: bool, repair_cells: bool) -> None:
    """Recount everything from the journal: exit 0 and a summary, or exit 1 and the first thing that is wrong.

    With the secrets of another ledger nothing can be told: exit 2, and a line that says so. Ctrl-C ends it at any time,
    exit 130; --resume goes on from there. The service goes on meanwhile, also during --repair-cells.

    \b
    hushi verify
    hushi verify --head HASH          # the hash that an earlier run has printed
    hushi verify --resume             # what is new since the last run, and what changed in figures
    hushi verify --repair-cells
    """  # noqa: D301 (click takes \b as a mark)
    if resume and repair_cells:
        raise click.UsageError("--repair-cells counts from a journal that is verified whole: leave --resume out.")
    ledger = open_for_verifying(settings)
    track = _Track(ledger)
    try:
        with track.shown():
            verified = (
                _repair(ledger, head_hash, track)
                if repair_cells
                else verify(ledger, head_hash, progress=track.note, resuming=resume, settings=settings)
            )
    except Wrong as wrong:
        click.echo(f"WRONG: {wrong}")
        if repair_cells:
            click.echo("Nothing was repaired: cells are counted from the journal, and it must be right itself.")
        sys.exit(EXIT_DIFFERENT)
    except KeyboardInterrupt:
        track.record(is_whole=False)
        click.echo(track.interrupted, err=True)
        sys.exit(EXIT_INTERRUPTED)
    track.finish(verified)
    _tell(verified)


def _tell(verified: Verified) -> None:
    click.echo(
        f"{verified.transactions} transactions, {verified.blocks} blocks, {verified.cells} cells, "
        f"{verified.tail} in the tail, {verified.transfers} transfers: every figure is what the journal adds up to."
    )
    head = verified.head
    if head is not None:
        click.echo(f"Block {head.no} has the hash {head.hash.hex()}; keep it elsewhere for: hushi verify --head")


def _repair(ledger: Ledger, head_hash: str | None, track: "_Track") -> Verified:
    """Finds what is wrong, and repairs it; again when too much happened meanwhile. Raises Wrong."""
    for _ in range(REPAIR_TRIES_MAX):
        track.mismatches = count_mismatches(ledger)
        verified, wrong = find_wrong_cells(ledger, head_hash, track.note)
        try:
            is_over = repair_cells(ledger, wrong, track.mismatches)
        except TooFarBehind:
            continue
        _tell_repaired(wrong)
        if is_over:
            return verified
        click.echo("Meanwhile the self-check has found a wrong cell: all cells are counted once more.")
    raise click.ClickException("The ledger grows faster than its cells can be counted; try again at a calmer time.")


def _tell_repaired(wrong: WrongCells) -> None:
    for sentence in wrong.named[:CELLS_SHOWN_MAX]:
        click.echo(f"Repaired: {sentence}")
    if len(wrong.named) > CELLS_SHOWN_MAX:
        click.echo(f"Repaired: {len(wrong.named) - CELLS_SHOWN_MAX} more.")
    click.echo(f"{len(wrong.trade)} cells and {len(wrong.processing)} processing cells were built again.")


class _Track:
    """How far a verification is: it is shown on a terminal, and recorded every few seconds."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.mismatches = count_mismatches(ledger)
        self._block: Block | None = None
        self._recorded_at = time.monotonic()
        self._progress: Progress | None = None

    @property
    def interrupted(self) -> str:
        """The line about an interruption now."""
        if self._block is None:
            return "Interrupted before a block was verified: run the same command again."
        return f"Interrupted behind block {self._block.no}; hushi verify --resume goes on from there."

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Shows a line of progress, on standard error, where that is a terminal."""
        console = Console(stderr=True)
        columns = (TextColumn("blocks"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as self._progress:
            head = get_head(self._ledger).block if console.is_terminal else None
            self._progress.add_task("blocks", total=0 if head is None else head.no)
            yield

    def note(self, block: Block) -> None:
        """Notes a block that was verified."""
        self._block = block
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=block.no)
        if time.monotonic() - self._recorded_at > RECORD_EVERY_S:
            self.record(is_whole=False)

    def record(self, *, is_whole: bool) -> None:
        """Records the newest block. Where nothing can be written, a later run begins from the start."""
        self._recorded_at = time.monotonic()
        if self._block is None:
            return
        try:
            record_verified_block(self._ledger, self._block, is_whole=is_whole)
        except (DatabaseUnavailable, NotWritten, OutcomeUnknown) as fault:
            click.echo(f"How far it is verified is not noted in the ledger: {fault}.", err=True)

    def finish(self, verified: Verified) -> None:
        """Records that everything was right."""
        try:
            fault = record_verification(self._ledger, 0 if verified.head is None else verified.head.no, self.mismatches)
        except (DatabaseUnavailable, NotWritten, OutcomeUnknown) as fault:
            click.echo(f"That it was verified is not noted in the ledger: {fault}.", err=True)
            return
        if fault is not None:
            click.echo(f"WRONG: {fault.sentence}, as the self-check has found meanwhile.")
            sys.exit(EXIT_DIFFERENT)
        self.record(is_whole=True)
