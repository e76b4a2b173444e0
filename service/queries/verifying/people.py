"""Checks that every fact about people, groups, keys and audits is in the register and fits its MAC there."""

from collections.abc import Generator
from contextlib import closing

from service.domain.macs import NO_MAC, MacKeys, fact_message
from service.domain.residents import resident_id
from service.queries.verifying.faults import UNREADABLE, Wrong, reading, unreadable
from service.storage import blocks, facts, recount
from service.storage.engine import Connection
from service.storage.facts import Recorded
from service.vault import Vault


def verify_facts(connection: Connection, mac_keys: MacKeys) -> None:
    """Raises Wrong for a fact that was changed, exchanged or removed, and for one that was never recorded."""
    no, mac = 0, NO_MAC
    with closing(facts.read(connection)) as register:
        for recorded in _readable(register):
            no += 1
            if recorded.no != no:
                raise Wrong(f"Fact {no} of the register is missing.")
            if recorded.line is None:
                raise Wrong(f"{_named(recorded.kind, recorded.id)} was recorded as fact {no}, and is not there.")
            if not mac_keys.fits(recorded.mac, fact_message(mac, no, recorded.kind, recorded.line)):
                raise Wrong(f"{_named(recorded.kind, recorded.id)} is not what was recorded as fact {no}.")
            mac = recorded.mac
    if facts.count(connection) != no:
        raise Wrong(f"The register has a fact behind fact {no} of a kind that there is not.")
    for kind, own_id in facts.find_unregistered(connection):
        raise Wrong(f"{_named(kind, own_id)} is there, and was never recorded.")


def verify_register_heads(connection: Connection) -> None:
    """Raises Wrong for a block that names another register of facts than the one that is there.

    So facts that a block has sealed can't be deleted together with the end of the register.
    """
    no = blocks.find_other_register(connection)
    if no is not None:
        raise Wrong(f"Block {no} names a fact that the register does not have: facts were deleted or replaced.")


def verify_residents(connection: Connection, vault: Vault) -> None:
    """Raises Wrong for an ordinal that is skipped, and for a resident whose name or number is not theirs.

    The register says what was recorded. This check says whether the recorded values were right.
    """
    ordinal = 0
    with closing(recount.resident_rows(connection)) as rows:
        for own, *identity in rows:
            ordinal += 1
            if own != ordinal:
                raise Wrong(f"Resident {resident_id(ordinal)} is missing, and {resident_id(own)} is there.")
            with reading(f"Resident {resident_id(ordinal)}"):
                vault.refuse_foreign(ordinal, *map(bytes, identity))


def _readable(register: Generator[Recorded]) -> Generator[Recorded]:
    try:
        yield from register
    except UNREADABLE as error:
        raise unreadable("A row of people, groups, keys or audits", error) from None


def _named(kind: str, own_id: int) -> str:
    return f"The revocation of API key {own_id}" if kind == "revocation" else f"Row {own_id} of {kind}"
