"""A resident is found by id, by citizen number and by name, with the keyboard alone."""

from tests.browser.residents.offices import Registrar
from tests.builders import a_citizen_number


def test_a_resident_is_found_by_id_and_by_citizen_number(registrar: Registrar) -> None:
    registrar.open()
    assert registrar.focused() == "find-who"
    shown = registrar.card("r00000001")
    for said in ("王*", "R00000001", "Active", f"1525**********{a_citizen_number(0)[-4:]}", "嘎查0", "陶力互助组"):
        assert said in shown
    registrar.wait_for_text("#allowance-text", "8,000.00 CNY of 8,000.00")
    assert registrar.focused() == "card-title"
    full_width = a_citizen_number(3).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    registrar.find(f" {full_width[:6]} {full_width[6:]} ")
    registrar.wait_for_text("#card-title", "R00000004")
    assert registrar.page.input_value("#find-who") == "R00000004", "the number has done its work"
    assert a_citizen_number(3) not in registrar.page.content()


def test_one_of_a_name_is_shown_and_several_are_told_apart(registrar: Registrar) -> None:
    registrar.open()
    assert "R00000005" in registrar.card("бат эрдэнэ")
    registrar.find("明")
    registrar.page.wait_for_selector("#found-R00000001")
    assert registrar.page.query_selector("#card:not([hidden])") is None
    assert registrar.text("#found-count") == "3 found; choose one."
    rows = registrar.page.eval_on_selector_all("#found button", "all => all.map(each => each.innerText)")
    assert len(set(rows)) == len(rows) == 3
    assert all("1525**********" in row and "嘎查" in row and "Active" in row for row in rows)
    assert "王明" not in registrar.page.inner_text("main")
    # With the keyboard alone: the first is in focus, an arrow goes on, Enter chooses.
    assert registrar.focused() == "found-R00000001"
    registrar.page.keyboard.press("ArrowDown")
    registrar.page.keyboard.press("Enter")
    registrar.wait_for_text("#card-title", "R00000002")
    assert registrar.focused() == "card-title"


def test_nobody_is_shown_for_what_finds_nobody(registrar: Registrar) -> None:
    registrar.open()
    registrar.card("R00000001")
    for text, said in (
        ("张", "Nobody of this name"),
        ("R00009999", "Not found"),
        ("152501199001011237", "check character"),
        ("王1", "18 characters"),
        ("··", "at least one letter"),
    ):
        registrar.find(text)
        registrar.wait_for_text("#find-who-error", said)
        assert registrar.page.query_selector("#card:not([hidden])") is None
        assert registrar.focused() == "find-who"
        assert registrar.page.get_attribute("#find-who", "aria-invalid") == "true"
    registrar.page.fill("#find-who", "王")
    assert registrar.text("#find-who-error") == ""


def test_a_number_and_a_name_are_in_no_address(registrar: Registrar) -> None:
    registrar.open()
    for text in (a_citizen_number(0), "阿拉坦"):
        registrar.card(text)
    assert [url for url in registrar.requests if a_citizen_number(0) in url or "%E9%98%BF" in url] == []


def test_an_address_opens_a_resident_or_a_group(registrar: Registrar) -> None:
    registrar.open(more="%26resident_id%3DR00000002")
    registrar.wait_for_text("#card-title", "R00000002")
    registrar.open(more="%26group_id%3DG000001")
    registrar.wait_for_text("#group-members", "R00000004")
