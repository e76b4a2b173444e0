"""hushi report: it takes the same questions as the API, by the same schemas, and answers with a table or a file."""

import datetime
import pathlib
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import click
import orjson

from schemas import reports as wire
from schemas.briefs import brief_document
from schemas.processing_reports import ProcessingQuerySchema, processing_document
from schemas.signals import SignalsQuerySchema
from schemas.strict import StrictSchema
from schemas.warning_counts import WarningsQuerySchema, warnings_report_document
from service.cli.opening import open_existing_ledger
from service.cli.report_options import FORMATS, about_signals, as_table, asking, with_counts
from service.cli.settings import pass_settings
from service.cli.signals import read_signals
from service.config import Settings
from service.demo.mark import refuse_cut_demo
from service.domain.errors import ValidationFailed
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.queries.reports import Answered, Reporter
from service.rendering.brief import write_brief
from service.rules.names import LANGUAGES

EXIT_WRONG_QUESTION = 2

P = ParamSpec("P")
T = TypeVar("T")


@click.group()
def report() -> None:
    """Reports as the bureau publishes them, exact at the moment of asking.

    \b
    hushi report trade --period 2024-H1 --by category
    hushi report residents --ytd 2024-04-30 --by settlement --lang en
    hushi report brief --ytd 2024-04-30
    hushi report trade --period 2024 --by origin,month --format xlsx --output trade.xlsx
    """  # noqa: D301 (click takes \b as a mark)


@report.command()
@asking
@click.option("--by", multiple=True, metavar="D", help="Up to two dimensions and one of day, month, quarter, year.")
@as_table
@pass_settings
def trade(settings: Settings, /, **asked: Any) -> None:
    """Value, weight, transactions, participations and residents, compared.

    \b
    hushi report trade --period 2024-H1 --by category
    hushi report trade --from 2024-03-01 --to 2024-03-31 --compare previous --by origin,trade_point
    hushi report trade --period 2024-H1 --compare custom --base-from 2022-01-01 --base-to 2022-06-30
    """  # noqa: D301 (click takes \b as a mark)
    _answer(settings, wire.TradeQuerySchema(), Reporter.trade, asked, wire.report_document)


@report.command()
@asking
@click.option("--by", multiple=True, metavar="D", help="settlement or group_id.")
@as_table
@pass_settings
def residents(settings: Settings, /, **asked: Any) -> None:
    """Registered residents as stocks and flows, and how many took part.

    \b
    hushi report residents --period 2024-Q1 --by settlement
    """  # noqa: D301 (click takes \b as a mark)
    _answer(settings, wire.ResidentsReportQuerySchema(), Reporter.residents, asked, wire.report_document)


@report.command()
@asking
@click.option(
    "--by", multiple=True, metavar="D", help="Up to two of enterprise_id, purpose, category … and an interval."
)
@click.option("--enterprise-id", multiple=True, metavar="E", help="Only these; may be repeated.")
@click.option("--purpose", multiple=True, metavar="P", help="processing or secondary_market.")
@click.option("--on", metavar="DAY", help="The day that counts: traded (default) or transferred.")
@as_table
@pass_settings
def processing(settings: Settings, /, **asked: Any) -> None:
    """What went on to processing and the second market, and its share of the imports.

    \b
    hushi report processing --period 2024-H2 --by enterprise_id
    hushi report processing --period 2024 --by purpose,month --on transferred --all
    """  # noqa: D301 (click takes \b as a mark)
    _answer(settings, ProcessingQuerySchema(), Reporter.processing, asked, processing_document)


@report.command()
@asking
@click.option("--lang", metavar="L", help="zh (default), en or mn.")
@pass_settings
def brief(settings: Settings, /, **asked: Any) -> None:
    """The paragraph that the bureau publishes, every phrase backed by a figure.

    \b
    hushi report brief --ytd 2024-04-30 --lang mn
    """  # noqa: D301 (click takes \b as a mark)
    shape, query = _shape(asked), _read(wire.BriefQuerySchema(), asked)
    ledger = _opened(settings)
    today, lang = ledger.today(), query["lang"]
    answered = _asked(Reporter(ledger).brief, query["question"], today)
    document = brief_document(write_brief(answered.answer, lang), answered.answer, lang, str(answered.state.position))
    if shape == "table":
        from service.rendering.terminal import console

        console().print(document["text"], soft_wrap=not sys.stdout.isatty(), highlight=False)
        return
    _write(_content(document, shape), shape, asked["output"])


@report.command()
@with_counts
@click.option("--lang", type=click.Choice(LANGUAGES), default="zh", show_default=True, help="Of the headings.")
@pass_settings
def warnings(settings: Settings, /, **asked: Any) -> None:
    """How many live trades bear each warning, and who recorded them.

    \b
    hushi report warnings --period 2024-06 --lang en
    """  # noqa: D301 (click takes \b as a mark)
    shape, query = _shape(asked), _read(WarningsQuerySchema(), asked)
    ledger = _opened(settings)
    answered = _asked(Reporter(ledger).warnings, query["question"])
    name_of = ApiKeyCache(ledger).name_of
    document = warnings_report_document(answered.answer, name_of, str(answered.state.position))
    if shape == "table":
        from service.rendering.terminal import console, print_warnings

        print_warnings(console(), document, asked["lang"])
        return
    _write(_content(document, shape, asked["lang"]), shape, asked["output"])


@report.command()
@about_signals
@click.option("--lang", type=click.Choice(LANGUAGES), default="zh", show_default=True, help="Of the words.")
@pass_settings
def signals(settings: Settings, /, **asked: Any) -> None:
    """What in live trades is a reason to look; each reading is recorded in the audit.

    \b
    hushi report signals --period 2024-06 --rule resident-at-limit --lang en
    """  # noqa: D301 (click takes \b as a mark)
    shape, query = _shape(asked), _read(SignalsQuerySchema(), asked)
    if shape == "xlsx":
        raise click.UsageError("signals are a table, json or csv; there is no workbook of them")
    document = _asked(read_signals, _opened(settings), query)
    if shape == "table":
        from service.rendering.signals_table import print_signals
        from service.rendering.terminal import console

        print_signals(console(), document, asked["lang"])
        return
    _write(_content(document, shape), shape, asked["output"])


def _answer(
    settings: Settings,
    schema: StrictSchema,
    ask: Callable[..., Answered[T]],
    asked: dict[str, Any],
    render: Callable[[T, str], dict[str, Any]],
) -> None:
    """Asks a reporter by the values of the query, and prints the document that `render` makes, or writes it."""
    shape, query = _shape(asked), _read(schema, asked)
    ledger = _opened(settings)
    answered = _asked(ask, Reporter(ledger), **query)
    document = render(answered.answer, str(answered.state.position))
    if shape == "table":
        from service.rendering.terminal import console, print_report

        print_report(console(), document, asked["lang"], _cut_off(document), whole=asked["whole"])
        return
    _write(_content(document, shape, asked["lang"]), shape, asked["output"])


def _opened(settings: Settings) -> Ledger:
    """The ledger. Raises SettingError for a ledger that holds a part of the demo, because its totals are wrong."""
    ledger = open_existing_ledger(settings)
    refuse_cut_demo(ledger)
    return ledger


def _shape(asked: dict[str, Any]) -> str:
    """The format that was asked for by its name, or by the ending of the output file."""
    output: pathlib.Path | None = asked["output"]
    shape: str | None = asked["shape"]
    if output is None:
        return shape or "table"
    shape = shape or output.suffix.lower().removeprefix(".")
    if shape == "table" or shape not in FORMATS:
        raise click.UsageError("--output takes a file named .json, .csv or .xlsx, or one of these as --format")
    return shape


def _read(schema: StrictSchema, asked: dict[str, Any]) -> dict[str, Any]:
    """The question, read by the schema that reads the same parameters of an HTTP request."""
    named = {"from": asked["from_"], **{name: value for name, value in asked.items() if name in schema.fields}}
    sent = {
        name: ",".join(value) if isinstance(value, tuple) else value
        for name, value in named.items()
        if value not in {None, ()}
    }
    query: dict[str, Any] = _asked(schema.read, sent)
    return query


def _asked(work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
    """The result of `work` with these values. For a question that can't be asked it names the option and exits."""
    try:
        return work(*values, **named)
    except ValidationFailed as refusal:
        for error in refusal.errors:
            click.echo(f"hushi: --{error.pointer[1:].replace('_', '-')}: {error.detail}", err=True)
        sys.exit(EXIT_WRONG_QUESTION)


def _cut_off(document: dict[str, Any]) -> datetime.date:
    return datetime.date.fromisoformat(document["through"])


def _content(document: dict[str, Any], shape: str, lang: str | None = None) -> bytes:
    """The report in a format, with the same bytes as over HTTP; a workbook in the language that is asked for."""
    from service.rendering.exports import csv_of, xlsx_of

    if shape == "xlsx":
        return _asked(xlsx_of, document, _cut_off(document), lang)
    return _asked(csv_of, document) if shape == "csv" else orjson.dumps(document)


def _write(content: bytes, shape: str, output: pathlib.Path | None) -> None:
    """Writes bytes to a new file, whole or not at all, or to standard output."""
    if output is None:
        if shape == "xlsx" and sys.stdout.isatty():
            raise click.UsageError("a workbook can't be shown on a terminal; add --output FILE")
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        file = output.open("xb")
    except FileExistsError:
        raise click.ClickException(f"{output} exists; it is not overwritten") from None
    try:
        with file:
            file.write(content)
    except OSError:
        output.unlink()
        raise
