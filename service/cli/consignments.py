"""hushi consignments: it registers trucks, proposes and posts their splits, and reverses these, as the API does."""

import contextlib
import hashlib
from typing import Any

import click

from schemas import consignments as wire
from schemas.consignments_shown import consignment_document, proposal_document
from schemas.reversals import ReversalsSchema
from schemas.transactions import TransactionWriter
from service.cli.documents import asked, body_of, chosen, sent, shaped, show
from service.cli.opening import open_existing_ledger
from service.cli.settings import pass_settings
from service.commands.committer import Committer
from service.commands.consignments import register_consignment
from service.commands.reversals import reverse_together
from service.commands.splitting import SplitRequest, post_split
from service.commands.together import Together, TogetherOutcome
from service.config import Settings
from service.domain.consignments import ConsignmentState, LineGiven, OtherTrades
from service.domain.idempotency import check_key, key_digest
from service.domain.keys import OPERATOR_KEY_ID, OPERATOR_RIGHTS
from service.domain.texts import normal_text
from service.domain.transactions import DEFAULT_TRADE_POINT
from service.ledger import Ledger
from service.queries.consignments import get_consignment, list_consignments, propose_split
from service.queries.keys import ApiKeyCache
from service.storage.consignments import ConsignmentFilters, ConsignmentKey

LIST_LIMIT = 50
REVERSE_ROUTE = "transactions/reversals"
_LINE = ("line", "category", "commodity", "hs_code", "origin", "quantity_kg", "amount_cny", "left_kg", "left_cny")
_PART = ("line", "resident_id", "name", "quantity_kg", "amount_cny", "exempt_cny", "taxable_cny")
_ENTRY = ("consignment_line", "resident_id", "quantity_kg", "amount_cny", "verdict", "taxable_cny", "transaction_id")
_TRUCK = ("consignment", "trade_point", "vehicle_plate", "seller", "arrived_at")
_GOODS = ("category", "commodity", "hs_code", "origin", "quantity_kg", "amount_cny")

_point = click.option("--trade-point", default=DEFAULT_TRADE_POINT, show_default=True, help="Where it arrived.")


@click.group()
def consignments() -> None:
    """Trucks (批次): register them, split them among residents, and reverse all trades of one.

    \b
    hushi consignments register truck.json
    hushi consignments propose EL-17 --day 2024-06-30 --group-id G000001 --format json > split.json
    hushi consignments split EL-17 --proposal "$(jq -r .proposal split.json)"
    hushi consignments reverse EL-17 --reason "the truck was turned back"
    """  # noqa: D301 (click takes \b as a mark)


@consignments.command()
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--consignment", help="Its name at its trade point.")
@click.option("--vehicle-plate")
@click.option("--seller")
@click.option("--trade-point")
@click.option("--arrived-at", metavar="INSTANT", help="Such as 2024-06-30T09:30:00+08:00.")
@click.option("--category")
@click.option("--commodity")
@click.option("--hs-code")
@click.option("--origin")
@click.option("--quantity-kg")
@click.option("--amount-cny")
@shaped
@pass_settings
def register(settings: Settings, /, file: Any, shape: str | None, **options: Any) -> None:
    """Register a truck from a JSON FILE as the API takes it (- is standard input), or one with one line from options.

    \b
    hushi consignments register --consignment EL-17 --arrived-at 2024-06-30T09:30:00+08:00 \\
        --category meat --commodity 冻马肉 --origin MN --quantity-kg 25000 --amount-cny 416750.00
    """  # noqa: D301 (click takes \b as a mark)
    line = sent(**{name: options.pop(name) for name in _GOODS})
    typed = {**sent(**options), **({"lines": [line]} if line or file is None else {})}
    stated = asked(wire.NewConsignmentSchema().read, body_of(file, typed))
    ledger = open_existing_ledger(settings)
    registered = asked(register_consignment, ledger, stated, OPERATOR_KEY_ID)
    state = ConsignmentState(registered, [LineGiven()] * len(stated.lines), OtherTrades())
    _show_truck(consignment_document(state, ApiKeyCache(ledger).name_of), shape)


@consignments.command("show")
@click.argument("consignment")
@_point
@shaped
@pass_settings
def show_truck(settings: Settings, /, consignment: str, trade_point: str, shape: str | None) -> None:
    """Show a truck: its lines, and what of them is left."""
    ledger = open_existing_ledger(settings)
    state = asked(get_consignment, ledger, ConsignmentKey(trade_point, normal_text(consignment)))
    _show_truck(consignment_document(state, ApiKeyCache(ledger).name_of), shape)


@consignments.command("list")
@click.option("--trade-point")
@click.option("--vehicle-plate")
@click.option("--from", "from_", metavar="DAY", help="Those that arrived on this day or later.")
@click.option("--to", metavar="DAY", help="Those that arrived on this day or before.")
@click.option("--limit", default=str(LIST_LIMIT), show_default=True)
@shaped
@pass_settings
def list_trucks(settings: Settings, /, shape: str | None, from_: str | None, **options: str | None) -> None:
    """List trucks, the newest registration first."""
    query = asked(wire.ConsignmentsQuerySchema().read, sent(**options, **{"from": from_}))
    limit = query.pop("limit")
    ledger = open_existing_ledger(settings)
    found, _ = list_consignments(ledger, ConsignmentFilters(**query), None, limit)
    name_of = ApiKeyCache(ledger).name_of
    items = [consignment_document(one, name_of) for one in found]
    rows = [{**chosen(item, _TRUCK), "left_kg": " ".join(line["left_kg"] for line in item["lines"])} for item in items]
    show({"items": items}, rows, shape)


@consignments.command()
@click.argument("consignment")
@click.option("--day", required=True, metavar="DAY", help="The business day of the trades.")
@click.option("--group-id", metavar="G", help="Among the members of this group.")
@click.option(
    "--resident-id", "resident_ids", multiple=True, metavar="R", help="Among these, in order; may be repeated."
)
@click.option("--policy", help="fill (default): few residents; even: everybody takes part.")
@click.option("--unit-kg", metavar="KG", help="The size of a carton; 0.001 if left out.")
@click.option("--declarant-id", metavar="R", help="Who declares, under mandates of the others.")
@click.option("--remainder", metavar="R", help='"leave", or the resident who buys what nobody has room for, taxed.')
@_point
@shaped
@pass_settings
def propose(settings: Settings, /, consignment: str, trade_point: str, shape: str | None, **options: Any) -> None:
    """Propose a split: who would get what, who has no room, what is left. Nothing is written.

    The proposal in the JSON is what `hushi consignments split` takes.
    """
    terms = asked(wire.SplitTermsSchema().read, sent(**options))
    ledger = open_existing_ledger(settings)
    key = ConsignmentKey(trade_point, normal_text(consignment))
    document = proposal_document(asked(propose_split, ledger, key, terms))
    left = [f"left of line {one['line']}: {one['quantity_kg']} kg, {one['amount_cny']} CNY" for one in document["left"]]
    said = [*(one["detail"] for one in document["no_room"]), *left, f"proposal: {document['proposal']}"]
    show(document, [chosen(one, _PART) for one in document["parts"]], shape, *said)


@consignments.command()
@click.argument("consignment")
@click.option("--proposal", required=True, metavar="TOKEN", help="As hushi consignments propose gave it.")
@click.option("--key", metavar="KEY", help="The idempotency key; if left out, one that belongs to the proposal.")
@shaped
@pass_settings
def split(settings: Settings, /, consignment: str, proposal: str, key: str | None, shape: str | None) -> None:
    """Post a split exactly as it was proposed, all parts or none. The same call again posts nothing more."""
    ledger = open_existing_ledger(settings)
    key = key or hashlib.sha256(proposal.encode()).hexdigest()
    request = SplitRequest(normal_text(consignment), proposal, OPERATOR_KEY_ID, key, "cli")
    posted = asked(post_split, ledger, request)
    writer, name_of = TransactionWriter(), ApiKeyCache(ledger).name_of
    items = [writer.dump(entry, name_of) for entry in posted.entries]
    document = {"consignment": request.consignment, "items": items}
    show(document, [chosen(item, _ENTRY) for item in items], shape)


@consignments.command()
@click.argument("consignment")
@click.option("--reason", required=True, help="Why its trades are reversed.")
@click.option("--key", metavar="KEY", help="The idempotency key; with the same one nothing is reversed twice.")
@_point
@shaped
@pass_settings
def reverse(
    settings: Settings, /, consignment: str, reason: str, key: str | None, trade_point: str, shape: str | None
) -> None:
    """Reverse every live trade of a consignment, all of them or none."""
    ledger = open_existing_ledger(settings)
    body = {"reason": reason, "consignment": consignment, "trade_point": trade_point}
    digest = key_digest(OPERATOR_KEY_ID, REVERSE_ROUTE, asked(check_key, key or str(ledger.new_id())))
    request = reverse_together(digest, "cli", asked(ReversalsSchema().read, body), OPERATOR_KEY_ID, OPERATOR_RIGHTS)
    outcome = asked(_reversed, ledger, request)
    writer, name_of = TransactionWriter(), ApiKeyCache(ledger).name_of
    items = [writer.dump(entry, name_of) for entry in outcome.transactions]
    show({"items": items}, [chosen(item, _ENTRY) for item in items], shape)


def _reversed(ledger: Ledger, request: Together) -> TogetherOutcome:
    """The reversals of a request. Raises its refusal."""
    with contextlib.closing(Committer(ledger)) as committer:
        outcome = committer.submit_together(request)
    if outcome.refusal is not None:
        raise outcome.refusal
    return outcome


def _show_truck(document: dict[str, Any], shape: str | None) -> None:
    said = " · ".join(str(document[name]) for name in _TRUCK if document[name] is not None)
    show(document, [chosen(line, _LINE) for line in document["lines"]], shape, said)
