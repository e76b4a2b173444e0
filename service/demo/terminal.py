"""The demo on a terminal: a progress bar while a ledger is filled, a line for each trade while today is played."""

import contextlib
import functools
import time

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.commands.posting import Outcome
from service.demo.after_market_told import after_market_text
from service.demo.filling import NOT_EMPTY, NotFilled, fill, is_empty, steps
from service.demo.live import play
from service.demo.mark import is_cut, is_demo, is_whole
from service.demo.plan import make_plan
from service.domain.money import format_cny
from service.domain.residents import resident_id
from service.ledger import Ledger

__all__ = ["NotFilled", "run_demo"]


def run_demo(ledger: Ledger, *, if_empty: bool, live: bool) -> None:
    """Does what `hushi demo` says. Raises NotFilled when the ledger can't be filled, or has no demo to play with."""
    if live:
        if not is_demo(ledger) or not is_whole(ledger):
            raise NotFilled("Only a ledger that the demo has filled is played with; fill it first: hushi demo")
        play_on_terminal(ledger)
    elif is_empty(ledger):
        _fill(ledger)
    elif is_cut(ledger):
        click.echo("This ledger holds a part of the demo, whose filling was cut: going on where it stopped.", err=True)
        _fill(ledger)
    elif not if_empty:
        raise NotFilled(NOT_EMPTY)


def _fill(ledger: Ledger) -> None:
    try:
        click.echo(fill_with_progress(ledger))
    except KeyboardInterrupt:
        raise NotFilled(
            "Interrupted: the ledger holds only a part of the demo. Run the same command again: it goes on from here."
        ) from None


def fill_with_progress(ledger: Ledger) -> str:
    """Fills the ledger, shows how far it is, and returns a summary. Raises NotFilled."""
    started, console, plan = time.monotonic(), Console(stderr=True), make_plan()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("demo data", total=steps(plan))
        fill(ledger, plan, functools.partial(progress.advance, task))
    taken_s = time.monotonic() - started
    filled = f"{len(plan.residents)} residents and {len(plan.trades)} trades of an invented market in {taken_s:.1f} s."
    return f"{filled}\n{after_market_text(ledger)}".rstrip()


def play_on_terminal(ledger: Ledger) -> None:
    """Plays today until Ctrl-C, which ends it without an error."""
    console = Console()
    console.print(f"Watch it move on the dashboard: /?period={ledger.today():%Y-%m}", highlight=False)
    with contextlib.suppress(KeyboardInterrupt):
        play(ledger, time.sleep, functools.partial(_print, console))


def _print(console: Console, outcome: Outcome) -> None:
    console.print(_line(outcome), markup=False, highlight=False)


def _line(outcome: Outcome) -> str:
    trade = outcome.transaction
    if trade is None:
        return "refused: " + ("" if outcome.refusal is None else outcome.refusal.detail)
    return (
        f"{trade.traded_at:%H:%M:%S} {resident_id(trade.resident)} {trade.origin} {trade.commodity} "
        f"{trade.quantity_g / 1000:g} kg {format_cny(trade.amount_fen)} {trade.verdict}"
    )
