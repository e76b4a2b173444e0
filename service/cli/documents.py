"""Shows the documents of the API on a terminal as a table and elsewhere as JSON, and says why something was refused."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import click
import orjson

from schemas.json_texts import parse_json
from service.domain.errors import MalformedJson, Refusal, ValidationFailed

EXIT_REFUSED = 1
EXIT_WRONG_QUESTION = 2

P = ParamSpec("P")
T = TypeVar("T")
Shaped = TypeVar("Shaped", bound=Callable[..., Any])

_SHAPE = click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json"]),
    help="A table on a terminal and JSON elsewhere, if left out.",
)


def shaped(function: Shaped) -> Shaped:
    """Adds the option of the format to a command."""
    return _SHAPE(function)


def show(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], shape: str | None, *said: str) -> None:
    """Shows a document: as JSON, or the rows of it as a table, below the lines that are `said`."""
    if (shape or ("table" if sys.stdout.isatty() else "json")) == "json":
        sys.stdout.buffer.write(orjson.dumps(document) + b"\n")
        sys.stdout.buffer.flush()
        return
    from rich.table import Column, Table

    from service.rendering.terminal import console

    out = console()
    for line in said:
        out.print(line, soft_wrap=True, highlight=False)
    if rows:
        # What a row is called stands in its first cell, which is never broken into two lines.
        table = Table(*(Column(name, no_wrap=place == 0) for place, name in enumerate(rows[0])))
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        out.print(table)


def chosen(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members of a document that a table shows."""
    return {name: row[name] for name in names}


def sent(**options: object) -> dict[str, Any]:
    """The options that were given, as the members of a body or a query; a repeated one is a list."""
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
    return {name: value for name, value in given.items() if value is not None and value != []}


def body_of(file: Any, stated: Mapping[str, Any]) -> object:
    """The document of a JSON file, or what the options state when there is no file.

    The file is read as strictly as the body of a request. Raises click.UsageError for a file and options at once, and
    for a file that is not JSON.
    """
    if file is None:
        return stated
    if stated:
        raise click.UsageError("send a file or options, not both")
    text = file.read()
    try:
        orjson.loads(text)  # Its error says in which line the mistake is.
        return parse_json(text)
    except orjson.JSONDecodeError as error:
        raise click.UsageError(f"{file.name} is not JSON ({error})") from None
    except MalformedJson as refusal:
        raise click.UsageError(f"{file.name}: {refusal.detail}") from None


def asked(work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
    """The result of `work` with these values. When it is refused, says why and exits.

    The exit code is 2 when an option is wrong, and 1 when the ledger refuses.
    """
    try:
        return work(*values, **named)
    except ValidationFailed as refusal:
        for error in refusal.errors:
            # What is wrong with the document as a whole has an empty pointer.
            click.echo(": ".join(filter(None, ("hushi", error.pointer, error.detail))), err=True)
        if not refusal.errors:
            click.echo(f"hushi: {refusal.detail}", err=True)
        sys.exit(EXIT_WRONG_QUESTION)
    except Refusal as refusal:
        click.echo(f"hushi: {refusal.code}: {refusal.detail}", err=True)
        sys.exit(EXIT_REFUSED)
