"""The options of hushi report: what is asked, of what period, the base period, and how the answer is shown."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from service.rules.names import LANGUAGES

FORMATS = ("table", "json", "csv", "xlsx")

Function = TypeVar("Function", bound=Callable[..., Any])

_COMPARED = [
    click.option("--compare", metavar="HOW", help="yoy (default), previous, custom or none."),
    click.option("--base-from", metavar="DAY", help="The first day of a custom base period, with --base-to."),
    click.option("--base-to", metavar="DAY", help="The last day of a custom base period."),
]


def _only(*names: str) -> list[Callable[[Any], Any]]:
    """The options that narrow a report, each to some values."""
    told = "Only these; may be repeated."
    return [click.option(f"--{name.replace('_', '-')}", name, multiple=True, metavar="V", help=told) for name in names]


_PERIOD = [
    click.option("--period", metavar="P", help="2024, 2024-H1, 2024-Q2, 2024-06 or 2024-06-30."),
    click.option("--ytd", metavar="DAY", help="From 1 January to this day."),
    click.option("--from", "from_", metavar="DAY", help="The first day, with --to."),
    click.option("--to", metavar="DAY", help="The last day."),
]
_OUTPUT = [
    click.option(
        "--format", "shape", type=click.Choice(FORMATS), help="A table if left out, or what --output is named after."
    ),
    click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=pathlib.Path),
        help="A new file to write to: .json, .csv or .xlsx.",
    ),
]
_COUNTED = [*_PERIOD, *_only("category", "origin", "direction", "trade_point", "group_id", "settlement"), *_OUTPUT]
_QUESTION = [*_COUNTED, *_COMPARED]
_SIGNALS = [*_PERIOD, *_only("trade_point", "rule"), *_OUTPUT]

_TABLE = [
    click.option("--lang", type=click.Choice(LANGUAGES), default="zh", show_default=True, help="Of the headings."),
    click.option("--all", "whole", is_flag=True, help="Every measure, also those that do not fit on a terminal."),
]


def asking(function: Function) -> Function:
    """Adds the options of a question to a command."""
    return _with(_QUESTION, function)


def with_counts(function: Function) -> Function:
    """Adds the options of a question that is compared with nothing to a command."""
    return _with(_COUNTED, function)


def about_signals(function: Function) -> Function:
    """Adds the options of a question about signals to a command."""
    return _with(_SIGNALS, function)


def as_table(function: Function) -> Function:
    """Adds the options of a report that is a table on a terminal to a command."""
    return _with(_TABLE, function)


def _with(options: Sequence[Callable[[Function], Function]], function: Function) -> Function:
    for option in reversed(options):
        function = option(function)
    return function
