"""The page of residents as a whole: its words, what axe says of it, a phone, a key that may do less, the paper."""

import re
from typing import Any

import pytest

from tests.browser.residents.offices import Office, Registrar

BY_NAME = r"\b(?:residents|field|dimension|code|error|status|scope|kind|find|found|change|join|make|members)\.[a-z_]+"


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_every_word_is_said_in_every_language(lang: str, registrar: Registrar) -> None:
    registrar.open(lang=lang)
    registrar.card("R00000001")
    registrar.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    registrar.page.click("#open-G000001")
    registrar.page.wait_for_selector("#group-members tbody tr")
    assert re.findall(BY_NAME, registrar.page.inner_text("body")) == []


def test_axe_finds_nothing(office: Office, chromium: Any) -> None:
    clerk = Registrar(office, chromium, viewport={"width": 360, "height": 800})
    clerk.open()
    assert clerk.violations() == []
    clerk.find("明")
    clerk.page.wait_for_selector("#found button")
    assert clerk.violations() == []
    clerk.card("R00000001")
    clerk.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    clerk.page.select_option("#change-status", "cancelled")
    clerk.page.click("#change-send")
    clerk.page.fill("#register-id_number", "1")
    clerk.page.click("#register-send")
    clerk.page.wait_for_selector("#register-id_number[aria-invalid]")
    clerk.page.click("#open-G000001")
    clerk.page.wait_for_selector("#group-members tbody tr")
    for width in (360, 1280):
        clerk.page.set_viewport_size({"width": width, "height": 800})
        assert clerk.violations() == []
        assert clerk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling to the side"
    clerk.context.close()


def test_a_key_that_may_only_read_changes_nobody(registrar: Registrar) -> None:
    registrar.open(key=registrar.office.key_with("residents:read"))
    registrar.card("R00000001")
    for hidden in ("#registering", "#changing", "#joining", "#making", "#member"):
        assert registrar.page.is_hidden(hidden), hidden
    assert "residents:write" in registrar.text("#missing")


def test_a_key_that_may_only_write_registers(registrar: Registrar) -> None:
    registrar.open(key=registrar.office.key_with("residents:write"))
    assert registrar.page.is_hidden("#finding")
    assert registrar.page.is_hidden("#grouping")
    assert registrar.focused() == "register-name"
    registrar.page.fill("#register-name", "白音")
    registrar.page.fill("#register-id_number", registrar.office.new_number())
    registrar.page.click("#register-send")
    registrar.wait_for_text("#card-notice", "Registered as")
    assert registrar.complaints == []


def test_the_languages_change_without_losing_what_was_typed(registrar: Registrar) -> None:
    registrar.open(more="%26resident_id%3DR00000001")
    registrar.wait_for_text("#card-title", "R00000001")
    registrar.page.fill("#register-name", "白音")
    registrar.page.click("a[data-lang=zh]")
    registrar.wait_for_text("#registering-title", "备案登记")
    assert registrar.page.input_value("#register-name") == "白音"
    assert "R00000001" in registrar.text("#card-title")
    assert "resident_id=R00000001" in registrar.page.url


def test_on_paper_there_are_the_resident_and_the_members_and_no_form(registrar: Registrar) -> None:
    registrar.open()
    registrar.card("R00000001")
    registrar.page.click("#open-G000001")
    registrar.page.wait_for_selector("#group-members tbody tr")
    registrar.page.emulate_media(media="print")
    for shown in ("#card-about", "#group-members"):
        assert registrar.page.is_visible(shown)
    for hidden in ("#finding", "#registering", "#member", "#changing", "#card-print"):
        assert registrar.page.is_hidden(hidden), hidden


@pytest.mark.parametrize(("button", "printed", "left_out"), [("card", "card", "group"), ("group", "group", "card")])
def test_each_button_prints_its_own_part(registrar: Registrar, button: str, printed: str, left_out: str) -> None:
    registrar.open()
    registrar.card("R00000001")
    registrar.page.click("#open-G000001")
    registrar.page.wait_for_selector("#group-members tbody tr")
    registrar.page.evaluate("window.print = () => { window.hasPrinted = true; }")
    registrar.page.click(f"#{button}-print")
    assert registrar.page.evaluate("window.hasPrinted")
    registrar.page.emulate_media(media="print")
    assert registrar.page.is_visible(f"#{printed}-title")
    assert registrar.page.is_hidden(f"#{left_out}-title")
    registrar.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert registrar.page.is_visible(f"#{left_out}-title"), "the browser's own menu prints both"
