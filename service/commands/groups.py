"""Creates groups; a request that comes twice creates one group."""

from dataclasses import replace

from service.commands.once import Attempt, remember, writing_once
from service.domain.errors import GroupExists
from service.domain.groups import group_id
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.personal_data import refuse_personal_data
from service.ledger import Ledger
from service.storage import facts, keys, residents, retried
from service.storage.engine import Connection
from service.storage.residents import Group


def create_group(
    ledger: Ledger, name: str, kind: str, attempt: Attempt | None = None, *, recorded_by: int = OPERATOR_KEY_ID
) -> Group:
    """Creates a group without members, or returns the group that an earlier request with the same key has created.

    `recorded_by` is the id of the API key that creates it.

    Raises IdempotencyKeyReused, GroupExists for a name and kind that another group has, PersonalData for a citizen
    number in the name or the kind.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            made = residents.find_group(connection, before["market_group"], ledger.today())
            assert made is not None
            return replace(made, members=0)
        refuse_personal_data([("/name", name), ("/kind", kind)])
        _refuse_taken(connection, name, kind)
        created_at = ledger.now()
        ordinal = residents.insert_group(connection, name, kind, created_at, recorded_by)
        facts.add(connection, ledger.vault.macs.facts, "market_group", [ordinal])
        remember(connection, ledger, attempt, market_group=ordinal)
        return Group(ordinal, name, kind, created_at, 0, keys.find_recorder(connection, recorded_by))


def _refuse_taken(connection: Connection, name: str, kind: str) -> None:
    taken = retried.find_group_named(connection, name, kind)
    if taken is not None:
        known = group_id(taken)
        raise GroupExists(f"{known} is the group of this name and kind; use it, or send another name.", group_id=known)
