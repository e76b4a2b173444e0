"""A status is changed with a reason and a day; a cancellation is confirmed by more than Enter; groups get members."""

import pytest

from tests.browser.residents.offices import Registrar


def _begin(registrar: Registrar, status: str, reason: str = "迁出") -> str:
    """Opens the form for somebody who was registered just now, with what it needs."""
    resident = registrar.office.new_resident(name="白音")
    registrar.open()
    registrar.card(resident)
    registrar.page.click("#changing summary")
    registrar.page.select_option("#change-status", status)
    registrar.page.fill("#change-reason", reason)
    return resident


def test_a_resident_is_suspended_and_active_again(registrar: Registrar) -> None:
    resident = _begin(registrar, "suspended")
    assert registrar.page.is_hidden("#final")
    registrar.page.press("#change-reason", "Enter")
    registrar.wait_for_text("#card-notice", "Recorded: Suspended from")
    assert "Suspended" in registrar.text("#card-title")
    assert registrar.focused() == "card-title"
    assert registrar.office.resident(resident)["status"] == "suspended"
    registrar.wait_for_text("#card-allowance", "not active today")
    registrar.page.click("#changing summary")
    assert registrar.page.input_value("#change-reason") == "", "a reason is of one change"
    registrar.page.select_option("#change-status", "active")
    registrar.page.fill("#change-reason", "已核实")
    registrar.page.click("#change-send")
    registrar.wait_for_text("#card-notice", "Recorded: Active from")
    assert registrar.office.resident(resident)["status"] == "active"


def test_what_is_missing_in_a_change_is_said_at_its_field(registrar: Registrar) -> None:
    _begin(registrar, "", reason="")
    registrar.page.click("#change-send")
    registrar.wait_for_text("#change-reason-error", "Send this field")
    assert registrar.text("#change-status-error") != ""
    registrar.page.select_option("#change-status", "suspended")
    registrar.page.fill("#change-reason", "152501199001011238")
    registrar.page.click("#change-send")
    registrar.wait_for_text("#change-reason-error", "citizen number")
    registrar.page.fill("#change-reason", "迁出")
    registrar.page.fill("#change-effective_on", "2019-12-31")
    registrar.page.click("#change-send")
    registrar.wait_for_text("#change-effective_on-error", "not before the registration")


def test_enter_alone_never_cancels(registrar: Registrar) -> None:
    resident = _begin(registrar, "cancelled")
    assert resident in registrar.text("#change-final-text")
    registrar.page.focus("#change-reason")
    for _ in range(12):
        registrar.page.keyboard.press("Enter")
        registrar.page.wait_for_timeout(60)
    assert registrar.focused() == "change-final"
    assert "Tick this first" in registrar.text("#change-final-error")
    assert registrar.office.resident(resident)["status"] == "active"
    registrar.page.keyboard.press("Space")
    registrar.page.keyboard.press("Enter")
    registrar.wait_for_text("#card-notice", "Recorded: Cancelled from")
    assert registrar.office.resident(resident)["status"] == "cancelled"


@pytest.mark.parametrize("what", ["another day", "another resident", "another status and back"])
def test_what_was_confirmed_is_not_confirmed_for_something_else(registrar: Registrar, what: str) -> None:
    resident = _begin(registrar, "cancelled")
    registrar.page.check("#change-final")
    if what == "another day":
        registrar.page.fill("#change-effective_on", "2024-05-05")
    elif what == "another resident":
        registrar.card("R00000003")
        registrar.page.select_option("#change-status", "cancelled")
        registrar.page.fill("#change-reason", "迁出")
    else:
        registrar.page.select_option("#change-status", "suspended")
        registrar.page.select_option("#change-status", "cancelled")
    assert not registrar.page.is_checked("#change-final")
    registrar.page.press("#change-reason", "Enter")
    registrar.wait_for_text("#change-final-error", "Tick this first")
    for each in (resident, "R00000003"):
        assert registrar.office.resident(each)["status"] == "active"


def test_a_resident_moves_to_a_group_and_the_group_shows_it(registrar: Registrar) -> None:
    resident = registrar.office.new_resident(name="白音")
    registrar.open()
    registrar.page.click("#making summary")
    registrar.page.fill("#make-name", "巴特尔合作社")
    registrar.page.select_option("#make-kind", "cooperative")
    registrar.page.press("#make-name", "Enter")
    registrar.wait_for_text("#group-notice", "is made")
    assert registrar.focused() == "group-title"
    group = registrar.text("#group-title").split()[1]
    registrar.card(resident)
    registrar.page.click("#joining summary")
    registrar.page.select_option("#join-group_id", group)
    registrar.page.click("#join-send")
    registrar.wait_for_text("#card-notice", f"Moved to 巴特尔合作社 {group}")
    assert registrar.office.resident(resident)["group_id"] == group
    registrar.wait_for_text("#group-members", resident)
    registrar.page.fill("#member-resident_ids", f"{resident.lower()}，r00000006")
    registrar.page.press("#member-resident_ids", "Enter")
    registrar.wait_for_text("#group-notice", "Added: 2")
    registrar.wait_for_text("#group-members", "Members: 2")
    assert registrar.office.resident("R00000006")["group_id"] == group
    # The same name and kind a second time, and ids that are none.
    registrar.page.click("#making summary")
    registrar.page.fill("#make-name", "巴特尔合作社")
    registrar.page.click("#make-send")
    registrar.wait_for_text("#make-refused", "of this name and kind already")
    registrar.page.fill("#member-resident_ids", "R0000000")
    registrar.page.press("#member-resident_ids", "Enter")
    registrar.wait_for_text("#member-resident_ids-error", "no resident id")
    registrar.page.fill("#member-resident_ids", "R00099999")
    registrar.page.press("#member-resident_ids", "Enter")
    registrar.wait_for_text("#member-refused", "no such resident")
