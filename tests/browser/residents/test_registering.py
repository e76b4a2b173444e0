"""A resident is registered: what is wrong stands at its field, and a number is never shown again but masked."""

import pathlib

from tests.browser.residents.offices import Office, Registrar


def _fill(registrar: Registrar, **fields: str) -> None:
    for name, value in fields.items():
        registrar.page.fill(f"#register-{name}", value)


def test_a_resident_is_registered_with_all_fields(registrar: Registrar) -> None:
    registrar.open()
    number = registrar.office.new_number()
    _fill(registrar, name="白音・查干", id_number=number, registered_on="2024-03-01", valid_until="2030-01-01")
    _fill(registrar, settlement="乌兰社区")
    registrar.page.select_option("#register-group_id", "G000001")
    registrar.page.press("#register-settlement", "Enter")
    registrar.wait_for_text("#card-notice", "Registered as R")
    made = registrar.office.resident(registrar.text("#card-notice").split()[-1].rstrip("."))
    assert (made["settlement"], made["group_id"]) == ("乌兰社区", "G000001")
    assert (made["registered_on"], made["valid_until"]) == ("2024-03-01", "2030-01-01")
    shown = registrar.text("#card")
    assert "白****干" in shown
    assert "Recorded by备案" in shown
    assert f"1525**********{number[-4:]}" in shown
    assert registrar.focused() == "card-title"
    # The next one is of the same settlement on the same day; the number is gone.
    assert registrar.page.input_value("#register-id_number") == registrar.page.input_value("#register-name") == ""
    assert registrar.page.input_value("#register-settlement") == "乌兰社区"
    assert number not in registrar.page.content()
    assert registrar.complaints == []


def test_what_is_wrong_stands_at_its_field(registrar: Registrar) -> None:
    registrar.open()
    _fill(registrar, name="王1", id_number="152501199001011237", settlement="东,西", registered_on="")
    registrar.page.press("#register-name", "Enter")
    registrar.wait_for_text("#register-name-error", "letters of any script")
    assert "check character" in registrar.text("#register-id_number-error")
    assert "comma" in registrar.text("#register-settlement-error")
    assert "needed" in registrar.text("#register-registered_on-error").replace("Send this field.", "needed")
    assert registrar.focused() == "register-name"
    assert "152501199001011237" not in registrar.page.inner_text("main")
    _fill(registrar, name="王明", id_number="152501199001011238", settlement="东", registered_on="1990-01-01")
    registrar.page.click("#register-send")
    registrar.wait_for_text("#register-id_number-error", "birth date")
    assert registrar.text("#register-name-error") == ""
    _fill(registrar, registered_on="2020-01-01", valid_until="2019-01-01")
    registrar.page.click("#register-send")
    registrar.wait_for_text("#register-valid_until-error", "not before")


def test_a_known_number_leads_to_its_resident(registrar: Registrar) -> None:
    registrar.open()
    number = registrar.office.new_number()
    _fill(registrar, name="白音", id_number=number, registered_on="2024-03-01")
    registrar.page.click("#register-send")
    registrar.wait_for_text("#card-notice", "Registered as")
    known = registrar.text("#card-notice").split()[-1].rstrip(".")
    _fill(registrar, name="白音", id_number=number)
    registrar.page.click("#register-send")
    registrar.wait_for_text("#register-refused", "registered already")
    registrar.page.click("#register-known")
    registrar.wait_for_text("#card-title", known)


def test_without_an_answer_it_is_sent_again_and_nobody_is_registered_twice(registrar: Registrar) -> None:
    registrar.open()
    number = registrar.office.new_number()
    _fill(registrar, name="白音", id_number=number, registered_on="2024-03-01")
    # The ledger registers, and the answer is lost.
    registrar.page.route("**/v1/residents", lambda route: (route.fetch(), route.abort())[0])
    registrar.page.click("#register-send")
    registrar.wait_for_text("#register-refused", "not known whether")
    assert registrar.page.input_value("#register-id_number") == number
    registrar.page.unroute("**/v1/residents")
    registrar.page.click("#register-send")
    registrar.wait_for_text("#register-refused", "registered already")


def test_two_presses_register_once(registrar: Registrar) -> None:
    registrar.open()
    posts: list[str] = []
    registrar.page.on("request", lambda each: posts.append(each.url) if each.method == "POST" else None)
    _fill(registrar, name="白音", id_number=registrar.office.new_number(), registered_on="2024-03-01")
    registrar.page.dblclick("#register-send")
    registrar.wait_for_text("#card-notice", "Registered as")
    assert len([url for url in posts if url.endswith("/v1/residents")]) == 1


def test_no_number_and_no_name_stays_in_the_browser_or_in_the_log(office: Office, registrar: Registrar) -> None:
    registrar.open()
    number = office.new_number()
    _fill(registrar, name="名字很特别", id_number=number, settlement="乌兰社区")
    registrar.page.evaluate("dispatchEvent(new Event('sessionended'))")
    registrar.page.fill("#register-settlement", "乌兰社区2")
    stored = registrar.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "乌兰社区2" in stored, "what names nobody is kept"
    assert number not in stored
    assert "名字很特别" not in stored
    registrar.page.click("#register-send")
    registrar.wait_for_text("#card-notice", "Registered as")
    kept = b"".join(path.read_bytes() for path in pathlib.Path(office.folder).rglob("*") if path.is_file())
    assert number.encode() not in kept
    assert "名字很特别".encode() not in kept
    assert "乌兰社区2".encode() in kept, "this looks where the ledger keeps what it knows"
