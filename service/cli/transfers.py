"""hushi transfers: it records what goes on to enterprises, from options or tables, shows, lists and reverses it."""

import pathlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from schemas import transfers as wire
from schemas.residents import ReasonSchema
from schemas.transfers_shown import listed_transfer_document, transfer_document
from service.cli.documents import asked, body_of, chosen, sent, shaped, show
from service.cli.opening import open_existing_ledger
from service.cli.settings import pass_settings
from service.commands.once import Attempt
from service.commands.transfers import post_transfer, reverse_transfer
from service.config import Settings
from service.domain.errors import Unavailable
from service.domain.idempotency import check_key, key_digest, request_fingerprint
from service.domain.keys import OPERATOR_KEY_ID, OPERATOR_RIGHTS
from service.domain.recorded_transfers import TransferWithLines
from service.domain.transfers import parse_transfer_id
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.queries.transfers import get_transfer, list_transfers
from service.server.logs import configure_logs
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.transfers import TransferFilters

EXIT_REFUSED = 1
LIST_LIMIT = 50
LINES_SHOWN_MAX = 50
ADD_ROUTE, REVERSE_ROUTE = "transfers", "transfers/reversal"
_SUMS = ("transactions", "residents", "quantity_kg", "amount_cny", "paid_cny")
_TRANSFER = ("transfer_id", "enterprise_id", "purpose", "transferred_on", "contract", *_SUMS)
_LISTED = ("transfer_id", "enterprise_id", "purpose", "transferred_on", "transactions", "quantity_kg", "amount_cny")
_LINE = ("line", "transaction_id", "quantity_kg", "amount_cny", "paid_cny")

_key = click.option("--key", metavar="KEY", help="The idempotency key; with the same one nothing is recorded twice.")


@click.group()
def transfers() -> None:
    """Transfers (流转): what of the market's goods goes on to an enterprise, for processing or the second market.

    \b
    hushi transfers add --enterprise-id E00000001 --purpose processing --transferred-on 2024-07-01 --consignment EL-17
    hushi transfers import deliveries.csv --check
    hushi transfers show T00000001
    hushi transfers reverse T00000001 --reason 合同号登记有误
    """  # noqa: D301 (click takes \b as a mark)


@transfers.command()
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--enterprise-id", metavar="E")
@click.option("--purpose", help="processing or secondary_market.")
@click.option("--transferred-on", metavar="DAY")
@click.option("--consignment", help="A whole truck: all that is left of its trades.")
@click.option("--trade-point", help="Where the truck arrived; erenhot if left out.")
@click.option("--transaction-id", "transaction_ids", metavar="ID", multiple=True, help="A trade; may be repeated.")
@click.option("--paid-cny", help="What the enterprise pays for all of it.")
@click.option("--contract")
@click.option("--invoice")
@_key
@shaped
@pass_settings
def add(settings: Settings, /, file: Any, key: str | None, shape: str | None, **options: Any) -> None:
    """Record a transfer from a JSON FILE as the API takes it (- is standard input), or from options.

    Parts of trades are stated in a file, or in a table for hushi transfers import.
    """
    body = asked(wire.NewTransferSchema().read, body_of(file, sent(**options)))
    ledger = open_existing_ledger(settings)
    attempt = _attempt(key, ADD_ROUTE, body)
    _show(ledger, asked(post_transfer, ledger, body["stated"], body["goods"], OPERATOR_KEY_ID, attempt), shape)


@transfers.command("show")
@click.argument("transfer_id")
@shaped
@pass_settings
def show_transfer(settings: Settings, /, transfer_id: str, shape: str | None) -> None:
    """Show a transfer with its lines."""
    number = _number(transfer_id)
    ledger = open_existing_ledger(settings)
    _show(ledger, asked(get_transfer, ledger, number), shape)


@transfers.command("list")
@click.option("--enterprise-id", metavar="E")
@click.option("--purpose")
@click.option("--trade-point")
@click.option("--consignment", help="With goods of this truck.")
@click.option("--transaction-id", metavar="ID", help="With goods of this trade.")
@click.option("--reversed", metavar="true|false")
@click.option("--from", "from_", metavar="DAY", help="Those of this day or later.")
@click.option("--to", metavar="DAY", help="Those of this day or before.")
@click.option("--limit", default=str(LIST_LIMIT), show_default=True)
@shaped
@pass_settings
def list_them(settings: Settings, /, shape: str | None, from_: str | None, **options: str | None) -> None:
    """List transfers, the newest first."""
    query = asked(wire.TransfersQuerySchema().read, sent(**options, **{"from": from_}))
    limit = query.pop("limit")
    ledger = open_existing_ledger(settings)
    found, _ = list_transfers(ledger, TransferFilters(**query), None, limit)
    name_of = ApiKeyCache(ledger).name_of
    items = [listed_transfer_document(one, name_of) for one in found]
    rows = [{**chosen(item, _LISTED), "reversed": "yes" if item["reversal"] else ""} for item in items]
    show({"items": items}, rows, shape)


@transfers.command()
@click.argument("transfer_id")
@click.option("--reason", required=True)
@_key
@shaped
@pass_settings
def reverse(settings: Settings, /, transfer_id: str, reason: str, key: str | None, shape: str | None) -> None:
    """Reverse a transfer whole, once; its goods may go on again, and its trades may be reversed."""
    number = _number(transfer_id)
    why = asked(ReasonSchema().read, {"reason": reason})
    ledger = open_existing_ledger(settings)
    attempt = _attempt(key, REVERSE_ROUTE, number, why)
    _show(ledger, asked(reverse_transfer, ledger, number, why, OPERATOR_KEY_ID, OPERATOR_RIGHTS, attempt), shape)


@transfers.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option("--check", "is_check", is_flag=True, help="Say what the import would do with each delivery; do nothing.")
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="Where to write the refused lines; FILE.refused.csv if left out.",
)
@click.option("--encoding", help="The encoding of a text file, such as windows-1251; UTF-8 or GB18030 are found.")
@pass_settings
def import_transfers(
    settings: Settings, file: pathlib.Path, refused: pathlib.Path | None, encoding: str | None, *, is_check: bool
) -> None:
    """Import transfers from a CSV or XLSX file; safe to run again after a cut. Exit 1 when a line was refused.

    A row is a trade (by its id or document number), a part of one (with a weight), or a whole truck. Rows with the same
    enterprise, purpose, day, truck, contract and invoice are one delivery: it becomes one transfer, or its lines are
    refused together. Docs: docs/IMPORT.md, Transfers.

    \b
    hushi transfers import --check examples/deliveries-zh-gb18030.csv
    hushi transfers import examples/deliveries-zh.xlsx
    """  # noqa: D301 (click takes \b as a mark)
    from service.cli.delivering import check_with_progress, import_with_progress
    from service.importing import ImportFileError
    from service.importing.hiding import hide_numbers
    from service.importing.refused_lines import ReportNotOurs
    from service.queries.rules import read_rulebook

    configure_logs(settings.log_level)
    ledger = open_existing_ledger(settings)
    try:
        read_rulebook(ledger)  # The encoding of a file is known by the names of categories as well.
        if is_check:
            tally = check_with_progress(ledger, file, encoding)
        else:
            tally = import_with_progress(ledger, file, encoding, refused or file.with_name(f"{file.name}.refused.csv"))
    except ImportFileError as error:
        raise click.ClickException(f"{file}: {hide_numbers(str(error))}") from None
    except ReportNotOurs as error:
        raise click.UsageError(str(error)) from None
    except (Unavailable, DatabaseUnavailable, NotWritten, OutcomeUnknown) as error:
        raise click.ClickException(f"{error}. Run the same command again: it goes on where it stopped.") from None
    if tally.refused:
        sys.exit(EXIT_REFUSED)


def _attempt(key: str | None, route: str, *meaning: object) -> Attempt | None:
    """The attempt of a call with a key; None without one."""
    if key is None:
        return None
    digest = key_digest(OPERATOR_KEY_ID, route, asked(check_key, key))
    return Attempt(digest, request_fingerprint(*meaning), "cli")


def _number(text: str) -> int:
    try:
        return parse_transfer_id(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _show(ledger: Ledger, found: TransferWithLines, shape: str | None) -> None:
    document = transfer_document(found, ApiKeyCache(ledger).name_of)
    rows = [chosen(line, _LINE) for line in document["lines"][:LINES_SHOWN_MAX]]
    show(document, rows, shape, *_said(document))


def _said(document: Mapping[str, Any]) -> list[str]:
    """The lines above the table of a transfer."""
    head = " · ".join(str(document[name]) for name in _TRANSFER if document[name] is not None)
    said = [f"{head} · {document['enterprise']['name']}"]
    if document["reversal"] is not None:
        said.append(f"reversed: {document['reversal']['reason']}")
    if document["processing_batch_id"] is not None:
        said.append(f"in processing batch {document['processing_batch_id']}")
    more = len(document["lines"]) - LINES_SHOWN_MAX
    return [*said, f"{more} more lines are in --format json"] if more > 0 else said
