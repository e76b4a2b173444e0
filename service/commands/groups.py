"""Groups: made once, also when the request comes twice."""

from dataclasses import replace
from typing import NamedTuple

import orjson

from service.domain.errors import GroupExists, IdempotencyKeyReused
from service.domain.groups import group_id
from service.domain.idempotency import answer_message, group_fingerprint
from service.domain.personal_data import refuse_personal_data
from service.ledger import Ledger
from service.storage import facts, idempotency, residents, retried
from service.storage.engine import Connection
from service.storage.idempotency import Remembered
from service.storage.residents import Group


class Made(NamedTuple):
    """The group as it was made, and whether an earlier request with the same key has made it."""

    group: Group
    replayed: bool = False


def create_group(ledger: Ledger, name: str, kind: str) -> Group:
    """A new group without members. Raises GroupExists."""
    return create_group_once(ledger, name, kind, None).group


def create_group_once(ledger: Ledger, name: str, kind: str, digest: bytes | None) -> Made:
    """A new group without members, under the digest of an idempotency key if there is one.

    Raises GroupExists for a name and kind that a group bears: groups are never renamed, so a retry gets the same
    refusal without its being remembered. Raises IdempotencyKeyReused, PersonalData for a citizen number in its name.
    """
    refuse_personal_data([("/name", name)])
    with ledger.database.writing() as connection:
        residents.lock_registrations(connection)
        before = None if digest is None else idempotency.find_text(connection, digest)
        if digest is not None and before is not None:
            return Made(_made_before(connection, ledger, name, kind, digest, before), replayed=True)
        _refuse_taken(connection, name, kind)
        created_at = ledger.now()
        ordinal = residents.insert_group(connection, name, kind, created_at)
        facts.add(connection, ledger.vault.signets.facts, "market_group", [ordinal])
        if digest is not None:
            idempotency.insert(connection, [_remembered(ledger, digest, name, kind, ordinal)])
        return Made(Group(ordinal, name, kind, created_at, 0))


def _refuse_taken(connection: Connection, name: str, kind: str) -> None:
    taken = retried.find_group_named(connection, name, kind)
    if taken is not None:
        known = group_id(taken)
        raise GroupExists(f"{known} is the group of this name and kind; use it, or send another name.", group_id=known)


def _remembered(ledger: Ledger, digest: bytes, name: str, kind: str, ordinal: int) -> Remembered:
    fingerprint = group_fingerprint(name, kind)
    text = orjson.dumps({"market_group": ordinal, "fingerprint": fingerprint.hex()}).decode()
    seal = ledger.vault.signets.answers.seal(answer_message(digest, fingerprint, text.encode()))
    return Remembered(digest, seal, refusal=text)


def _made_before(
    connection: Connection, ledger: Ledger, name: str, kind: str, digest: bytes, before: tuple[bytes, str]
) -> Group:
    """The group as it was answered then: it had no members yet."""
    seal, text = before
    message = answer_message(digest, group_fingerprint(name, kind), text.encode())
    if not ledger.vault.signets.answers.fits(seal, message):
        raise IdempotencyKeyReused("This key was used for another request; send a new key for a new request.")
    made = residents.find_group(connection, orjson.loads(text)["market_group"], ledger.today())
    assert made is not None
    return replace(made, members=0)
