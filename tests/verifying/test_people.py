"""`hushi verify` finds what was changed, deleted, inserted or exchanged of people, groups, keys and audits."""

import datetime

import pytest

from service.domain.residents import Eligibility
from service.ledger import Ledger
from service.queries.verifying import Wrong, verify
from service.storage import facts, residents
from service.storage.residents import ResidentRow
from tests.builders import a_citizen_number
from tests.conftest import Caller
from tests.tampering import blob, verdict_after

OF_ANOTHER = "(SELECT {} FROM resident WHERE ordinal = 3)"

CHANGED = {
    "a resident's name": ("resident", 2, f"name_encrypted = {OF_ANOTHER.format('name_encrypted')}"),
    "a resident's number": ("resident", 2, f"number_encrypted = {OF_ANOTHER.format('number_encrypted')}"),
    "a resident's digest": ("resident", 2, "number_digest = {other bytes}"),
    "a resident's registration": ("resident", 2, "registered_on = 20200103"),
    "a resident's end": ("resident", 2, "valid_until = 20301230"),
    "a resident's end, taken away": ("resident", 2, "valid_until = NULL"),
    "a resident's settlement": ("resident", 2, "settlement = '乌兰社区'"),
    "when a resident was entered": ("resident", 2, "created_at = created_at + 1"),
    "a resident's ordinal": ("resident", 1, "ordinal = 7"),
    "a status": ("resident_status", 1, "status = 'cancelled'"),
    "a status's day": ("resident_status", 1, "effective_on = 20240531"),
    "a status's reason": ("resident_status", 1, "reason = 'x'"),
    "a status's resident": ("resident_status", 1, "resident = 2"),
    "a membership": ("resident_group", 1, "market_group = 2"),
    "a membership, taken away": ("resident_group", 1, "market_group = NULL"),
    "a membership's day": ("resident_group", 1, "effective_on = 20240531"),
    "a group's name": ("market_group", 1, "name = 'x'"),
    "a group's kind": ("market_group", 2, "kind = 'x'"),
    "who was told": ("audit", 4, "api_key = 2"),
    "of whom": ("audit", 4, "resident = 3"),
    "why": ("audit", 4, "reason = 'x'"),
    "a key's scopes": ("api_key", 2, "scopes = 'admin'"),
    "a key's name": ("api_key", 2, "name = 'x'"),
    "a key's digest": ("api_key", 2, "digest = {other bytes}"),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_changed_fact_is_found_and_named(market: Ledger, kind: str) -> None:
    table, own_id, change = CHANGED[kind]
    key = "ordinal" if table in {"resident", "market_group"} else "id"
    change = change.replace("{other bytes}", blob(market, bytes(32)))
    said = verdict_after(market, f"UPDATE {table} SET {change} WHERE {key} = {own_id}")
    assert said.startswith(f"Row {own_id} of {table} ")


GONE = {
    "a resident who has traded": ("DELETE FROM resident WHERE ordinal = 1", "Row 1 of resident"),
    "a status": ("DELETE FROM resident_status WHERE id = 1", "Row 1 of resident_status"),
    "the newest status": ("DELETE FROM resident_status WHERE id = 3", "Row 3 of resident_status"),
    "a membership": ("DELETE FROM resident_group WHERE id = 1", "Row 1 of resident_group"),
    "the newest membership": ("DELETE FROM resident_group WHERE id = 4", "Row 4 of resident_group"),
    "a group": ("DELETE FROM market_group WHERE ordinal = 3", "Row 3 of market_group"),
    "an audit": ("DELETE FROM audit WHERE id = 4", "Row 4 of audit"),
    "the newest audit": ("DELETE FROM audit WHERE id = 5", "Row 5 of audit"),
    "a key": ("DELETE FROM api_key WHERE id = 2", "Row 2 of api_key"),
    "a revocation": ("UPDATE api_key SET revoked_at = NULL WHERE id = 3", "The revocation of API key 3"),
}


@pytest.mark.parametrize("kind", GONE)
def test_a_deleted_fact_is_found_and_named(market: Ledger, kind: str) -> None:
    statement, named = GONE[kind]
    said = verdict_after(market, statement)
    assert said.startswith(f"{named} was recorded as fact ")
    assert said.endswith("is not there.")


RESIDENT = "registered_on, valid_until, settlement, created_at FROM resident WHERE ordinal = 1"
INSERTED = {
    "a resident": (
        "INSERT INTO resident (ordinal, number_digest, number_encrypted, name_encrypted, registered_on, valid_until, "
        f"settlement, created_at) SELECT 5, {{other bytes}}, number_encrypted, name_encrypted, {RESIDENT}"
    ),
    "a status": "INSERT INTO resident_status VALUES (9, 4, 20240701, 'active', 'x', 1, NULL)",
    "a membership": "INSERT INTO resident_group VALUES (9, 1, 20200102, 1, 1, NULL)",
    "a group": "INSERT INTO market_group VALUES (4, 'x', 'village', 1, NULL)",
    "an audit": "INSERT INTO audit VALUES (9, 1, 1, 'reveal', 1, 'x', 'x')",
    "a key": "INSERT INTO api_key VALUES (4, 'x', {other bytes}, 'admin', 1, NULL, NULL, NULL)",
    "a revocation": "UPDATE api_key SET revoked_at = 1 WHERE id = 2",
}


@pytest.mark.parametrize("kind", INSERTED)
def test_an_inserted_fact_is_found_and_named(market: Ledger, kind: str) -> None:
    if not market.database.is_sqlite and "VALUES (9" in INSERTED[kind]:
        overriding = INSERTED[kind].replace("VALUES", "OVERRIDING SYSTEM VALUE VALUES")
    else:
        overriding = INSERTED[kind]
    said = verdict_after(market, overriding.replace("{other bytes}", blob(market, bytes(32))))
    assert said.endswith("is there, and was never recorded.")


def _exchanged(table: str, key: str, one: int, other: int) -> list[str]:
    return [
        f"UPDATE {table} SET {key} = 99 WHERE {key} = {one}",
        f"UPDATE {table} SET {key} = {one} WHERE {key} = {other}",
        f"UPDATE {table} SET {key} = {other} WHERE {key} = 99",
    ]


@pytest.mark.parametrize("table", ["resident_status", "resident_group", "audit"])
def test_facts_in_another_order_are_found_and_named(market: Ledger, table: str) -> None:
    assert verdict_after(market, *_exchanged(table, "id", 1, 2)).startswith(f"Row 1 of {table} is not what")


def test_two_residents_with_each_others_digests_are_found(market: Ledger) -> None:
    swapped = "UPDATE resident SET number_digest = {} WHERE ordinal = {}"
    with market.database.reading() as connection:
        digests = [
            bytes(row[0]) for row in connection.exec_driver_sql("SELECT number_digest FROM resident ORDER BY ordinal")
        ]
    statements = [
        swapped.format(blob(market, digest), ordinal)
        for digest, ordinal in ((bytes(32), 1), (digests[0], 2), (digests[1], 1))
    ]
    assert verdict_after(market, *statements).startswith("Row 1 of resident is not what")


REGISTER = {
    "a fact taken out": ("DELETE FROM fact WHERE no = 4", "Fact 4 of the register is missing"),
    "the newest fact taken out": ("DELETE FROM fact WHERE no = (SELECT max(no) FROM fact)", "was never recorded"),
    "another MAC": ("UPDATE fact SET mac = {other bytes} WHERE no = 4", "is not what was recorded as fact 4"),
    "a fact of another row": ("UPDATE fact SET id = 9 WHERE kind = 'audit' AND id = 5", "Row 9 of audit"),
    "a fact of no kind": ("UPDATE fact SET kind = 'x' WHERE no = 4", "Fact 4 of the register is missing"),
    "a fact more": ("INSERT INTO fact VALUES (99, 'x', 1, {other bytes})", "of a kind that there is not"),
}


@pytest.mark.parametrize("kind", REGISTER)
def test_tampering_with_the_register_is_found(market: Ledger, kind: str) -> None:
    statement, named = REGISTER[kind]
    assert named in verdict_after(market, statement.replace("{other bytes}", blob(market, bytes(16))))


def _record(ledger: Ledger, ordinal: int, *, digest_of: str, bound_to: int) -> None:
    """Enters a resident as a faulty service might: encrypted, in the register, and not right."""
    number = a_citizen_number(1)
    row = ResidentRow(
        Eligibility(ordinal, datetime.date(2020, 1, 2), None, None),
        ledger.vault.encrypt(number, bound_to, "id_number"),
        ledger.vault.encrypt("巴特尔", ordinal, "name"),
        ledger.now(),
    )
    with ledger.database.writing() as connection:
        residents.insert(connection, [row], [ledger.vault.digest(digest_of)])
        facts.add(connection, ledger.vault.macs.facts, "resident", [ordinal])


@pytest.mark.parametrize(
    ("ordinal", "digest_of", "bound_to", "found"),
    [
        (3, a_citizen_number(1), 3, "Resident R00000002 is missing, and R00000003 is there"),
        (2, a_citizen_number(2), 2, "lacks the index key by which resident 2 is found"),
        (2, a_citizen_number(1), 1, "Resident R00000002 can't be read"),
    ],
)
def test_a_resident_who_was_recorded_wrongly_is_found(
    ledger: Ledger, admin: Caller, ordinal: int, digest_of: str, bound_to: int, found: str
) -> None:
    admin.register(1)
    _record(ledger, ordinal, digest_of=digest_of, bound_to=bound_to)
    with pytest.raises(Wrong, match=found):
        verify(ledger)


def test_what_is_recorded_rightly_is_right(ledger: Ledger, admin: Caller) -> None:
    """The negative control of the test above."""
    admin.register(1)
    _record(ledger, 2, digest_of=a_citizen_number(1), bound_to=2)
    verify(ledger)


def test_facts_that_a_block_has_sealed_can_not_be_cut_off_with_the_end_of_the_register(market: Ledger) -> None:
    """A fact behind the last block can: docs/ARCHITECTURE.md says so."""
    cut = ["DELETE FROM audit WHERE id = 5", "DELETE FROM fact WHERE kind = 'audit' AND id = 5"]
    assert verdict_after(market, *cut).endswith("names a fact that the register does not have: facts were deleted or "
                                                "replaced.")  # fmt: skip


@pytest.mark.parametrize("change", ["register_no = register_no - 1", "register_no = NULL, register_mac = NULL"])
def test_another_register_head_of_a_block_is_found(market: Ledger, change: str) -> None:
    said = verdict_after(market, f"UPDATE block SET {change} WHERE no = 2")
    assert said.startswith("Block 2 ")
