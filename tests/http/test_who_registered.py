"""Every registration says under which API key it was recorded: residents, groups, memberships, statuses."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.commands import auditing
from service.commands import residents as commands
from service.commands.groups import create_group
from service.commands.keys import create_key, revoke_key
from service.commands.residents import add_members, change_status
from service.ledger import Ledger
from service.storage.tables import market_group, resident, resident_group, resident_status
from tests.builders import a_citizen_number, a_registration
from tests.conftest import Caller
from tests.tampering import RIGHT, verdict_after
from tests.test_registering import _registration

NAME = "窗口 1"
CLERK, OPERATOR = {"id": 2, "name": NAME}, {"id": 0, "name": "operator"}
ROWS = {"resident": resident, "group": market_group, "membership": resident_group, "status": resident_status}


@pytest.fixture
def clerk(ledger: Ledger, admin: Caller) -> Caller:
    """A second key, with a name of its own."""
    return Caller(admin.client, create_key(ledger, NAME, ["residents:write", "residents:read"])[1])


def _recorders(ledger: Ledger) -> dict[str, set[int | None]]:
    with ledger.database.reading() as connection:
        return {name: set(connection.execute(sa.select(table.c.recorded_by)).scalars()) for name, table in ROWS.items()}


def _register_all_kinds(clerk: Caller) -> list[Any]:
    """A resident in a group, who is then suspended and joins another group: the answers."""
    east = clerk.post("/v1/groups", {"name": "东", "kind": "village"}, key="g")
    west = clerk.post("/v1/groups", {"name": "西", "kind": "village"})
    made = clerk.post("/v1/residents", a_registration(group_id="G000001"))
    body = {"status": "suspended", "reason": "x", "effective_on": "2024-07-01"}
    status = clerk.post("/v1/residents/R00000001/status", body)
    members = clerk.post("/v1/groups/G000002/members", {"resident_ids": ["R00000001"]})
    again = clerk.post("/v1/groups", {"name": "东", "kind": "village"}, key="g")
    return [answer.get_json() for answer in (east, west, made, status, members, again)]


def test_each_answer_says_who_registered(admin: Caller, clerk: Caller) -> None:
    assert [answer["recorded_by"] for answer in _register_all_kinds(clerk)] == [CLERK] * 6


def test_each_row_says_who_recorded_it_and_is_a_fact(ledger: Ledger, clerk: Caller) -> None:
    _register_all_kinds(clerk)
    assert _recorders(ledger) == {name: {2} for name in ROWS}
    assert verdict_after(ledger) == RIGHT


@pytest.mark.parametrize("name", ROWS)
def test_nobody_can_be_named_afterwards(ledger: Ledger, clerk: Caller, name: str) -> None:
    _register_all_kinds(clerk)
    table = ROWS[name].name
    assert f"of {table} is not what was recorded" in verdict_after(ledger, f"UPDATE {table} SET recorded_by = 1")


READS: dict[str, Callable[[Caller], Any]] = {
    "one": lambda caller: caller.get("/v1/residents/R00000001").get_json(),
    "list": lambda caller: caller.get("/v1/residents").get_json()["items"][0],
    "lookup": lambda caller: caller.post("/v1/residents/lookup", {"id_number": a_citizen_number(0)}).get_json(),
    "groups": lambda caller: caller.get("/v1/groups").get_json()["items"][0],
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_everybody_is_told_who_registered_also_when_the_key_is_revoked(
    ledger: Ledger, admin: Caller, clerk: Caller, read: Callable[[Caller], Any]
) -> None:
    _register_all_kinds(clerk)
    revoke_key(ledger, 2)
    assert read(admin)["recorded_by"] == CLERK


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_what_the_command_line_registers_is_the_operators(
    ledger: Ledger, admin: Caller, read: Callable[[Caller], Any]
) -> None:
    create_group(ledger, "东", "village")
    commands.register_all(ledger, [_registration(0)])
    add_members(ledger, 1, [1], None)
    change_status(ledger, 1, "suspended", "x", None, auditing.Caller(0, "command line"))
    assert read(admin)["recorded_by"] == OPERATOR
    assert _recorders(ledger) == {name: {0} for name in ROWS}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_an_older_registration_says_nobody(
    ledger: Ledger, admin: Caller, clerk: Caller, read: Callable[[Caller], Any]
) -> None:
    _register_all_kinds(clerk)
    with ledger.database.writing() as connection:
        for table in (resident, market_group):
            connection.execute(sa.update(table).values(recorded_by=None))
    assert read(admin)["recorded_by"] is None


def test_a_change_of_status_is_in_the_audit_with_its_key(admin: Caller, clerk: Caller) -> None:
    _register_all_kinds(clerk)
    assert [item["recorded_by"] for item in admin.get("/v1/audit").get_json()["items"]] == [CLERK]
