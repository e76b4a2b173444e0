"""hushi export: the lines of the journal as a file, by the filters and the code of GET /v1/transactions."""

import contextlib
import pathlib
import sys
from collections.abc import Callable, Generator, Iterator
from typing import IO, Any, NoReturn

import click

from schemas.strict import StrictSchema
from schemas.transaction_lists import LISTS, TransactionExportQuerySchema
from schemas.transactions import TransactionWriter
from service.cli.opening import open_existing_ledger
from service.cli.settings import pass_settings
from service.config import Settings
from service.domain.errors import ValidationFailed
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.queries.transactions import stream_transactions
from service.rendering.entry_files import ENTRIES_MAX, PIECES
from service.storage.entry_filters import TransactionFilters
from service.storage.new_files import new_file

EXIT_WRONG_QUESTION = 2
DEFAULT_FORMAT = "csv"

_Command = Callable[..., None]


def _filters(command: _Command) -> _Command:
    """Adds an option for each filter of a list of transactions, with the name that it has over HTTP."""
    for name in reversed(TransactionExportQuerySchema().fields):
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, f"sent_{name}", multiple=name in LISTS, metavar="V", help=_help(name))(command)
    return command


def _help(name: str) -> str:
    return "Only these; may be repeated." if name in LISTS else "newest (default) or oldest." if name == "order" else ""


@click.command("export")
@_filters
@click.option("--format", "shape", type=click.Choice(list(PIECES)), help="CSV, or what FILE is named after.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="A new file; standard output if left out.",
)
@pass_settings
def export_entries(settings: Settings, /, shape: str | None, output: pathlib.Path | None, **sent: Any) -> None:
    """Write trades and reversals, all that the filters let through, as CSV, NDJSON or XLSX.

    The filters are those of GET /v1/transactions. All lines are from one snapshot of the ledger, and the last line
    tells their number. An empty value of --group-id, --settlement or --recorded-by means entries without one. hushi
    import reads such a file into another ledger.

    \b
    hushi export --from 2024-06-01 --to 2024-06-30 -o june.xlsx
    hushi export --kind trade --reversed false --format ndjson | gzip > live.ndjson.gz
    """  # noqa: D301 (click takes \b as a mark)
    query = _read(TransactionExportQuerySchema(), sent)
    shape = _shape(shape, output)
    pieces = _pieces(open_existing_ledger(settings), query, shape)
    try:
        first = next(pieces)
    except ValidationFailed as refusal:
        _exit_with(refusal)
    with contextlib.closing(pieces), _opened(output) as file:
        file.write(first)
        for piece in pieces:
            file.write(piece)


def _read(schema: StrictSchema, sent: dict[str, Any]) -> dict[str, Any]:
    """The filters, read by the schema that reads the same parameters of an HTTP request."""
    named = {name.removeprefix("sent_"): value for name, value in sent.items() if value is not None and value != ()}
    try:
        query: dict[str, Any] = schema.read(
            {name: ",".join(value) if isinstance(value, tuple) else value for name, value in named.items()}
        )
    except ValidationFailed as refusal:
        _exit_with(refusal)
    return query


def _exit_with(refusal: ValidationFailed) -> NoReturn:
    """Names each option that can't be used, and exits."""
    for error in refusal.errors:
        click.echo(f"hushi: --{error.pointer[1:].replace('_', '-')}: {error.detail}", err=True)
    sys.exit(EXIT_WRONG_QUESTION)


def _shape(shape: str | None, output: pathlib.Path | None) -> str:
    """The format that was asked for by its name, or by the ending of the file."""
    if output is None:
        shape = shape or DEFAULT_FORMAT
        if shape == "xlsx" and sys.stdout.isatty():
            raise click.UsageError("a workbook can't be shown on a terminal; add --output FILE")
        return shape
    if output.exists():
        raise click.ClickException(f"{output} exists; it is not overwritten")
    shape = shape or output.suffix.lower().removeprefix(".")
    if shape not in PIECES:
        raise click.UsageError("--output takes a file named .csv, .ndjson or .xlsx, or one of these as --format")
    return shape


def _pieces(ledger: Ledger, query: dict[str, Any], shape: str) -> Generator[bytes]:
    order = query.pop("order")
    entries_max = ENTRIES_MAX if shape == "xlsx" else None
    writer, name_of = TransactionWriter(), ApiKeyCache(ledger).name_of
    entries = stream_transactions(ledger, TransactionFilters(**query), order, entries_max)
    with contextlib.closing(entries):
        yield from PIECES[shape](
            {**writer.dump(entry, name_of), "reversed_by": reversed_by} for entry, reversed_by in entries
        )


@contextlib.contextmanager
def _opened(output: pathlib.Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a new file that gets its name when all of it is on the disk."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with new_file(output) as file:
            yield file
    except FileExistsError:
        raise click.ClickException(f"{output} exists; it is not overwritten") from None
