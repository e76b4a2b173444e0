"""hushi enterprises: it registers processors and traders, lists them and changes their status, as the API does."""

from collections.abc import Sequence
from typing import Any

import click

from schemas import enterprises as wire
from schemas.enterprises_shown import enterprise_document
from service.cli.documents import asked, chosen, sent, shaped, show
from service.cli.opening import open_existing_ledger
from service.cli.settings import pass_settings
from service.commands.enterprises import change_enterprise_status, register_enterprise
from service.config import Settings
from service.domain.enterprises import Enterprise, NewEnterprise, parse_enterprise_id
from service.domain.keys import OPERATOR_KEY_ID
from service.ledger import Ledger
from service.queries.enterprises import list_enterprises
from service.queries.keys import ApiKeyCache
from service.storage.enterprises import EnterpriseFilters

LIST_LIMIT = 50
_SHOWN = ("enterprise_id", "name", "credit_code", "kinds", "status", "valid_from", "valid_until")


@click.group()
def enterprises() -> None:
    """Enterprises (企业): who takes goods for processing (落地加工) or for the second market (二级市场).

    \b
    hushi enterprises add --name 示例肉类加工厂 --credit-code 91350100M000100Y43 --kind processor \\
        --valid-from 2024-01-01
    hushi enterprises list --kind processor
    hushi enterprises status E00000001 suspended --reason 停产检修 --effective-on 2024-07-01
    """  # noqa: D301 (click takes \b as a mark)


@enterprises.command()
@click.option("--name", required=True)
@click.option("--credit-code", metavar="CODE", required=True, help="The unified social credit code.")
@click.option("--kind", "kinds", multiple=True, required=True, help="processor or trader; may be repeated.")
@click.option("--valid-from", metavar="DAY", required=True, help="The first day on which it may take goods.")
@click.option("--valid-until", metavar="DAY", help="The last day; without an end if left out.")
@shaped
@pass_settings
def add(settings: Settings, /, shape: str | None, **options: Any) -> None:
    """Register an enterprise. A credit code that is registered is refused, and nothing changes."""
    stated = NewEnterprise(**asked(wire.NewEnterpriseSchema().read, sent(**options)))
    ledger = open_existing_ledger(settings)
    registered = asked(register_enterprise, ledger, stated, OPERATOR_KEY_ID)
    show(_document(ledger, registered), [_row(_document(ledger, registered))], shape)


@enterprises.command("list")
@click.option("--kind", help="processor or trader.")
@click.option("--status", help="That of today: active, suspended, cancelled or expired.")
@click.option("--name", help="A part of the name.")
@click.option("--limit", default=str(LIST_LIMIT), show_default=True)
@shaped
@pass_settings
def list_them(settings: Settings, /, shape: str | None, **options: str | None) -> None:
    """List enterprises in the order of their ids."""
    query = asked(wire.EnterprisesQuerySchema().read, sent(**options))
    limit = query.pop("limit")
    ledger = open_existing_ledger(settings)
    found, _ = list_enterprises(ledger, EnterpriseFilters(day=ledger.today(), **query), 0, limit)
    _show(ledger, found, shape)


@enterprises.command()
@click.argument("enterprise_id")
@click.argument("status")
@click.option("--reason", required=True)
@click.option("--effective-on", metavar="DAY", help="The first day of the status; today if left out.")
@shaped
@pass_settings
def status(settings: Settings, /, enterprise_id: str, shape: str | None, **options: str | None) -> None:
    """Suspend, reactivate (active) or cancel an enterprise from a day on; cancelled is final."""
    try:
        number = parse_enterprise_id(enterprise_id)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    body = asked(wire.EnterpriseStatusSchema().read, sent(**options))
    ledger = open_existing_ledger(settings)
    new, reason, day = body["status"], body["reason"], body["effective_on"]
    changed = asked(change_enterprise_status, ledger, number, new, reason, day, OPERATOR_KEY_ID)
    show(_document(ledger, changed), [_row(_document(ledger, changed))], shape)


def _show(ledger: Ledger, found: Sequence[Enterprise], shape: str | None) -> None:
    items = [_document(ledger, one) for one in found]
    show({"items": items}, [_row(item) for item in items], shape)


def _document(ledger: Ledger, enterprise: Enterprise) -> dict[str, Any]:
    return enterprise_document(enterprise, ledger.today(), ApiKeyCache(ledger).name_of)


def _row(item: dict[str, Any]) -> dict[str, Any]:
    return {**chosen(item, _SHOWN), "kinds": ", ".join(item["kinds"])}
