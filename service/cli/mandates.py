"""hushi mandates: it records who may declare for whom, lists mandates and withdraws them, as the API does."""

from collections.abc import Sequence
from typing import Any

import click

from schemas import mandates as wire
from schemas.mandates_shown import mandate_document
from service.cli.documents import asked, chosen, sent, shaped, show
from service.cli.opening import open_existing_ledger
from service.cli.settings import pass_settings
from service.commands.mandates import MandateTerms, give_mandates, withdraw_mandate
from service.config import Settings
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.mandates import Mandate, parse_mandate_id
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.queries.mandates import list_mandates
from service.storage.mandates import MandateFilters

LIST_LIMIT = 50
_SHOWN = ("mandate_id", "representative_id", "resident_id", "valid_from", "valid_until", "withdrawn_from")


@click.group()
def mandates() -> None:
    """Mandates (委托): who may declare for whom.

    \b
    hushi mandates give --representative-id R00000001 --group-id G000001 \\
        --valid-from 2024-06-01 --valid-until 2025-05-31
    hushi mandates list --resident-id R00000002 --day 2024-06-30
    hushi mandates withdraw M00000001 --effective-on 2024-07-01 --reason 本人申请
    """  # noqa: D301 (click takes \b as a mark)


@mandates.command()
@click.option("--representative-id", metavar="R", required=True, help="Who may declare.")
@click.option("--group-id", metavar="G", help="For all members of this group on the first day.")
@click.option("--resident-id", "resident_ids", multiple=True, metavar="R", help="For these; may be repeated.")
@click.option("--valid-from", metavar="DAY", required=True)
@click.option("--valid-until", metavar="DAY", required=True, help="A year later at most.")
@shaped
@pass_settings
def give(settings: Settings, /, shape: str | None, **options: Any) -> None:
    """Record the mandates that residents give to a representative."""
    body = asked(wire.NewMandateSchema().read, sent(**options))
    terms = MandateTerms(**{**body, "residents": tuple(body["residents"] or ())})
    ledger = open_existing_ledger(settings)
    _show(ledger, asked(give_mandates, ledger, terms, OPERATOR_KEY_ID), shape)


@mandates.command("list")
@click.option("--representative-id", metavar="R")
@click.option("--resident-id", metavar="R")
@click.option("--day", metavar="DAY", help="Only those that hold on this day.")
@click.option("--limit", default=str(LIST_LIMIT), show_default=True)
@shaped
@pass_settings
def list_them(settings: Settings, /, shape: str | None, **options: str | None) -> None:
    """List mandates, newest first."""
    query = asked(wire.MandatesQuerySchema().read, sent(**options))
    limit = query.pop("limit")
    ledger = open_existing_ledger(settings)
    found, _ = list_mandates(ledger, MandateFilters(**query), None, limit)
    _show(ledger, found, shape)


@mandates.command()
@click.argument("mandate_id")
@click.option("--effective-on", metavar="DAY", help="The first day on which it does not hold; today if left out.")
@click.option("--reason", required=True)
@shaped
@pass_settings
def withdraw(settings: Settings, /, mandate_id: str, shape: str | None, **options: str | None) -> None:
    """End a mandate from a day on, once; what was declared under it before stays."""
    try:
        number = parse_mandate_id(mandate_id)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    body = asked(wire.WithdrawalSchema().read, sent(**options))
    ledger = open_existing_ledger(settings)
    ended = asked(withdraw_mandate, ledger, number, body["effective_on"], body["reason"], OPERATOR_KEY_ID)
    _show(ledger, [ended], shape)


def _show(ledger: Ledger, found: Sequence[Mandate], shape: str | None) -> None:
    name_of = ApiKeyCache(ledger).name_of
    items = [mandate_document(one, name_of) for one in found]
    show({"items": items}, [chosen(item, _SHOWN) for item in items], shape)
