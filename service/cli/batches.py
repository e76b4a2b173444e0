"""hushi batches: it records processing batches, shows, lists and reverses them, as the API does."""

from collections.abc import Mapping
from typing import Any

import click

from schemas import processing_batches as wire
from service.cli.documents import asked, body_of, chosen, sent, shaped, show
from service.cli.opening import open_existing_ledger
from service.cli.settings import pass_settings
from service.commands.processing_batches import post_processing_batch, reverse_processing_batch
from service.config import Settings
from service.domain.processing_batches import ProcessingBatch, parse_processing_batch_id
from service.ledger import Ledger
from service.queries import processing_batches as queries
from service.queries.keys import ApiKeyCache
from service.storage.processing_batches import ProcessingBatchFilters

LIST_LIMIT = 50
_GOODS = ("commodity", "hs_code", "quantity_kg", "amount_cny")
_OUTPUT = ("output", *_GOODS)
_BATCH = ("processing_batch_id", "enterprise_id", "processed_on", "input_kg", "input_cny", "output_kg", "yield_pct")


@click.group()
def batches() -> None:
    """Processing batches (加工批次): the transfers that an enterprise puts in, and the goods that come out.

    \b
    hushi batches add --enterprise-id E00000001 --transfer-id T00000001 --processed-on 2024-07-05 \\
        --commodity 切片熟牛肉 --quantity-kg 23500
    hushi batches add batch.json
    hushi batches show B00000001
    hushi batches reverse B00000001 --reason 过磅有误
    """  # noqa: D301 (click takes \b as a mark)


@batches.command()
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--enterprise-id", metavar="E")
@click.option("--transfer-id", "transfer_ids", metavar="T", multiple=True, help="What is put in; may be repeated.")
@click.option("--processed-on", metavar="DAY")
@click.option("--commodity", help="What comes out.")
@click.option("--hs-code")
@click.option("--quantity-kg")
@click.option("--amount-cny")
@shaped
@pass_settings
def add(settings: Settings, /, file: Any, shape: str | None, **options: Any) -> None:
    """Record a batch from a JSON FILE as the API takes it (- is standard input), or one with one output from options.

    The same call again is refused with transfer-in-batch, and records nothing more.
    """
    output = sent(**{name: options.pop(name) for name in _GOODS})
    stated = asked(wire.NewProcessingBatchSchema().read, body_of(file, {**sent(**options), **_listed(output)}))
    ledger = open_existing_ledger(settings)
    _show_batch(ledger, asked(post_processing_batch, ledger, stated), shape)


@batches.command("show")
@click.argument("processing_batch_id")
@shaped
@pass_settings
def show_batch(settings: Settings, /, processing_batch_id: str, shape: str | None) -> None:
    """Show a batch: its transfers, its outputs, its yield."""
    number = _number(processing_batch_id)
    ledger = open_existing_ledger(settings)
    _show_batch(ledger, asked(queries.get_processing_batch, ledger, number), shape)


@batches.command("list")
@click.option("--enterprise-id", metavar="E")
@click.option("--from", "from_", metavar="DAY", help="Those of this day of processing or later.")
@click.option("--to", metavar="DAY", help="Those of this day of processing or before.")
@click.option("--limit", default=str(LIST_LIMIT), show_default=True)
@shaped
@pass_settings
def list_batches(settings: Settings, /, shape: str | None, from_: str | None, **options: str | None) -> None:
    """List batches, the newest first."""
    query = asked(wire.ProcessingBatchesQuerySchema().read, sent(**options, **{"from": from_}))
    limit = query.pop("limit")
    ledger = open_existing_ledger(settings)
    found, _ = queries.list_processing_batches(ledger, ProcessingBatchFilters(**query), None, limit)
    items = [_document(ledger, one) for one in found]
    show({"items": items}, [{**chosen(item, _BATCH), "reversed": _is_reversed(item)} for item in items], shape)


@batches.command()
@click.argument("processing_batch_id")
@click.option("--reason", required=True)
@shaped
@pass_settings
def reverse(settings: Settings, /, processing_batch_id: str, reason: str, shape: str | None) -> None:
    """Reverse a batch whole, once; its transfers may be put into another batch then, or be reversed."""
    number = _number(processing_batch_id)
    body = asked(wire.ProcessingReversalReasonSchema().read, {"reason": reason})
    ledger = open_existing_ledger(settings)
    _show_batch(ledger, asked(reverse_processing_batch, ledger, number, body["reason"]), shape)


def _listed(output: Mapping[str, object]) -> dict[str, Any]:
    return {"outputs": [output]} if output else {}


def _number(text: str) -> int:
    try:
        return parse_processing_batch_id(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _document(ledger: Ledger, batch: ProcessingBatch) -> dict[str, Any]:
    return wire.processing_batch_document(batch, ApiKeyCache(ledger).name_of)


def _show_batch(ledger: Ledger, batch: ProcessingBatch, shape: str | None) -> None:
    document = _document(ledger, batch)
    said = [
        " · ".join(str(document[name]) for name in _BATCH) + f" % · {document['enterprise']['name']}",
        f"transfers: {', '.join(document['transfer_ids'])}",
        *([f"reversed: {document['reversal']['reason']}"] if document["reversal"] else []),
    ]
    show(document, [chosen(output, _OUTPUT) for output in document["outputs"]], shape, *said)


def _is_reversed(document: Mapping[str, Any]) -> str:
    return "yes" if document["reversal"] else ""
