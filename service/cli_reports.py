"""hushi report: the same questions as over HTTP, read by the same schemas, answered as a table or as the same files."""

import datetime
import pathlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
import orjson

from schemas import reports as wire
from schemas.briefs import brief_document
from schemas.exports import csv_of, xlsx_of
from schemas.strict import StrictSchema
from service.cli_settings import pass_settings
from service.config import Settings
from service.domain import periods
from service.domain.brief import write_brief
from service.domain.errors import ValidationFailed
from service.opening import open_existing_ledger
from service.queries.reports import Reporter

EXIT_WRONG_QUESTION = 2
FORMATS = ("table", "json", "csv", "xlsx")

Function = TypeVar("Function", bound=Callable[..., Any])

_QUESTION = [
    click.option("--period", metavar="P", help="2024, 2024-H1, 2024-Q2, 2024-06 or 2024-06-30."),
    click.option("--ytd", metavar="DAY", help="From 1 January to this day."),
    click.option("--from", "from_", metavar="DAY", help="The first day, with --to."),
    click.option("--to", metavar="DAY", help="The last day."),
    click.option("--compare", metavar="HOW", help="yoy (default), previous or none."),
    *(
        click.option(
            f"--{name.replace('_', '-')}", name, multiple=True, metavar="V", help="Only these; may be repeated."
        )
        for name in ("category", "origin", "direction", "trade_point", "group_id", "settlement")
    ),
    click.option("--format", "shape", type=click.Choice(FORMATS), default="table", show_default=True),
    click.option("--output", type=click.Path(dir_okay=False, path_type=pathlib.Path), help="A new file to write to."),
]


def _asking(function: Function) -> Function:
    """The options of a question."""
    for option in reversed(_QUESTION):
        function = option(function)
    return function


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
@_asking
@click.option("--by", multiple=True, metavar="D", help="Up to two dimensions and one of day, month, quarter, year.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the headings.")
@click.option("--all", "whole", is_flag=True, help="Every measure, also those that do not fit on a terminal.")
@pass_settings
def trade(settings: Settings, /, **asked: Any) -> None:
    """Value, weight, transactions, participations and residents, compared.

    \b
    hushi report trade --period 2024-H1 --by category
    hushi report trade --from 2024-03-01 --to 2024-03-31 --compare previous --by origin,trade_point
    """  # noqa: D301 (click takes \b as a mark)
    _answer(settings, wire.TradeQuerySchema(), lambda reporter, _: reporter.trade, asked)


@report.command()
@_asking
@click.option("--by", multiple=True, metavar="D", help="settlement or group_id.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the headings.")
@click.option("--all", "whole", is_flag=True, help="Every measure, also those that do not fit on a terminal.")
@pass_settings
def residents(settings: Settings, /, **asked: Any) -> None:
    """Registered residents as stocks and flows, and how many took part.

    \b
    hushi report residents --period 2024-Q1 --by settlement
    """  # noqa: D301 (click takes \b as a mark)
    _answer(settings, wire.ResidentsQuerySchema(), lambda reporter, _: reporter.residents, asked)


@report.command()
@_asking
@click.option("--lang", metavar="L", help="zh (default), en or mn.")
@pass_settings
def brief(settings: Settings, /, **asked: Any) -> None:
    """The paragraph that the bureau publishes, every phrase backed by a figure.

    \b
    hushi report brief --ytd 2024-04-30 --lang mn
    """  # noqa: D301 (click takes \b as a mark)
    ledger, query = open_existing_ledger(settings), _read(wire.BriefQuerySchema(), asked)
    today, lang = ledger.today(), query["lang"]
    answered = _asked(lambda: Reporter(ledger).brief(query["question"], today))
    document = brief_document(
        write_brief(answered.answer, lang), answered.answer, lang, str(answered.standing.position)
    )
    if asked["shape"] == "table":
        from service.terminal import console

        console().print(document["text"], soft_wrap=not sys.stdout.isatty(), highlight=False)
        return
    _write(document, asked, _cut_off(query, today))


def _answer(
    settings: Settings, schema: StrictSchema, question: Callable[[Reporter, Any], Any], asked: dict[str, Any]
) -> None:
    ledger, query = open_existing_ledger(settings), _read(schema, asked)
    ask = question(Reporter(ledger), None)
    answered = _asked(lambda: ask(query["question"]))
    document = wire.report_document(answered.answer, str(answered.standing.position))
    cut_off = _cut_off(query, ledger.today())
    if asked["shape"] == "table":
        from service.terminal import console, report_table

        console().print(report_table(document, asked["lang"], cut_off, whole=asked["whole"]))
        return
    _write(document, asked, cut_off)


def _read(schema: StrictSchema, asked: dict[str, Any]) -> dict[str, Any]:
    """The question, by the schema that reads the same parameters of an HTTP request."""
    named = {"from": asked["from_"], **{name: value for name, value in asked.items() if name in schema.fields}}
    sent = {
        name: ",".join(value) if isinstance(value, tuple) else value
        for name, value in named.items()
        if value not in {None, ()}
    }
    query: dict[str, Any] = _asked(lambda: schema.read(sent))
    return query


def _asked(work: Callable[[], Any]) -> Any:
    """The result; what can't be asked is named by its option."""
    try:
        return work()
    except ValidationFailed as refusal:
        for error in refusal.errors:
            click.echo(f"hushi: --{error.pointer[1:].replace('_', '-')}: {error.detail}", err=True)
        sys.exit(EXIT_WRONG_QUESTION)


def _cut_off(query: dict[str, Any], today: datetime.date) -> datetime.date:
    return periods.cut_off(query["question"].period, today)


def _write(document: dict[str, Any], asked: dict[str, Any], cut_off: datetime.date) -> None:
    """The same bytes as over HTTP, into a new file or to standard output."""
    writers: dict[str, Callable[[], bytes]] = {
        "json": lambda: orjson.dumps(document),
        "csv": lambda: csv_of(document),
        "xlsx": lambda: xlsx_of(document, cut_off),
    }
    output: pathlib.Path | None = asked["output"]
    if output is None:
        if asked["shape"] == "xlsx" and sys.stdout.isatty():
            raise click.UsageError("a workbook can't be shown on a terminal; add --output FILE")
        sys.stdout.buffer.write(_asked(writers[asked["shape"]]))
        return
    try:
        with output.open("xb") as file:
            file.write(_asked(writers[asked["shape"]]))
    except FileExistsError:
        raise click.ClickException(f"{output} exists; it is not overwritten") from None
