"""`hushi verify` finds trades without a mandate, parts beyond their line, and changed mandates and consignments."""

import pytest

from service import judging
from service.commands.folding import fold
from service.domain.consignments import ConsignmentState, LineGiven, RegisteredConsignment
from service.ledger import Ledger
from service.storage import consignments
from service.storage.engine import Connection
from tests.builders import a_trade
from tests.conftest import Caller
from tests.http.trucks import DAY, TRUCK, Trucks
from tests.tampering import RIGHT, verdict_after


@pytest.fixture
def trucks(admin: Caller) -> Trucks:
    """A truck that is split among two residents; the first of them declares, under a mandate that ends later."""
    made = Trucks(admin)
    ids = admin.register(2)
    mandate = {"representative_id": ids[0], "resident_ids": ids[1:], "valid_from": DAY, "valid_until": DAY}
    assert admin.post("/v1/mandates", mandate).status_code == 201
    made.register()
    made.propose_and_split(resident_ids=ids, declarant_id=ids[0], remainder="leave")
    admin.post("/v1/mandates/M00000001/withdrawal", {"effective_on": DAY, "reason": "x"})
    return made


@pytest.mark.parametrize("is_folded", [False, True])
def test_splits_and_what_was_declared_before_a_withdrawal_are_right(
    trucks: Trucks, ledger: Ledger, is_folded: bool
) -> None:
    if is_folded:
        fold(ledger)
    assert verdict_after(ledger) == RIGHT


def test_a_mandate_counts_for_the_blocks_behind_it(trucks: Trucks, ledger: Ledger) -> None:
    """The block of a trade says which facts were there, and not the first block."""
    fold(ledger)
    given = {"representative_id": "R00000002", "resident_ids": ["R00000001"], "valid_from": DAY, "valid_until": DAY}
    assert trucks.caller.post("/v1/mandates", given).status_code == 201
    declared = a_trade(resident_id="R00000001", declarant_id="R00000002", traded_at=f"{DAY}T10:00:00+08:00")
    assert trucks.caller.trade(declared).status_code == 201
    fold(ledger)
    assert verdict_after(ledger) == RIGHT


@pytest.mark.parametrize("is_folded", [False, True])
def test_a_trade_that_was_accepted_without_a_mandate_is_found(
    trucks: Trucks, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, is_folded: bool
) -> None:
    monkeypatch.setattr(judging, "refuse_unmandated", lambda *_: None)
    declared = a_trade(resident_id="R00000001", declarant_id="R00000002")
    entry = trucks.caller.trade(declared).get_json()["transaction_id"]
    if is_folded:
        fold(ledger)
    # A mandate that is recorded later does not make it right, once the trade is in a block.
    late = {"representative_id": "R00000002", "resident_ids": ["R00000001"], "valid_from": DAY, "valid_until": DAY}
    expected = f"Transaction {entry} was declared without a mandate of its buyer for its day."
    assert verdict_after(ledger) == expected
    trucks.caller.post("/v1/mandates", late)
    assert verdict_after(ledger) == (expected if is_folded else RIGHT)


def test_parts_beyond_their_line_are_found(trucks: Trucks, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    find_states = consignments.find_states

    def find_nothing_given(connection: Connection, registered: list[RegisteredConsignment]) -> list[ConsignmentState]:
        return [state._replace(given=[LineGiven()]) for state in find_states(connection, registered)]

    monkeypatch.setattr(consignments, "find_states", find_nothing_given)
    trucks.propose_and_split(resident_ids=["R00000001"], day="2024-07-01", remainder="R00000002")
    said = verdict_after(ledger)
    assert said == f"Line 1 of consignment {TRUCK!r} at erenhot does not have the goods that its parts have together."


CHANGED = {
    "a mandate's end": ("mandate", "valid_until = 20240701"),
    "a mandate's representative": ("mandate", "representative = 2, resident = 1"),
    "who recorded a mandate": ("mandate", "recorded_by = 0"),
    "a withdrawal's day": ("mandate_withdrawal", "effective_on = 20240701"),
    "a truck's plate": ("consignment", "vehicle_plate = 'x'"),
    "a truck's arrival": ("consignment", "arrived_at = arrived_at + 1"),
    "a line's weight": ("consignment_line", "quantity_g = quantity_g + 1"),
    "a line's amount": ("consignment_line", "amount_fen = amount_fen + 1"),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_changed_mandate_or_consignment_is_found(trucks: Trucks, ledger: Ledger, kind: str) -> None:
    table, change = CHANGED[kind]
    assert verdict_after(ledger, f"UPDATE {table} SET {change}").startswith(f"Row 1 of {table} ")


@pytest.mark.parametrize("change", ["declarant = NULL", "consignment_line = 2", "consignment_line = NULL"])
def test_another_declarant_or_line_of_an_entry_is_found(trucks: Trucks, ledger: Ledger, change: str) -> None:
    said = verdict_after(ledger, f"UPDATE journal SET {change} WHERE seq = 2")
    assert "was not answered with transaction" in said
