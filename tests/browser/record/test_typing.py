"""What is typed: the Enter of an input method sends nothing, and a field takes as many characters as the API."""

import unicodedata

from schemas.fields import Text
from schemas.residents import ReasonSchema
from schemas.transactions import TradeSchema
from tests.browser.record.counters import Counter, a_posted_trade


def test_the_enter_of_an_input_method_sends_nothing(clerk: Counter) -> None:
    clerk.open()
    a_posted_trade(clerk)
    keyboard = clerk.context.new_cdp_session(clerk.page)

    def compose(selector: str, text: str) -> None:
        """A word that is not finished, and the Enter that belongs to the input method."""
        clerk.page.focus(selector)
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        for code in (13, 229):
            event = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": code, "text": "\r"}
            keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", **event})
            keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    compose("#reason", "chengzhong")
    clerk.page.wait_for_timeout(200)
    assert clerk.page.query_selector("#confirm") is None
    keyboard.send("Input.insertText", {"text": "称重有误"})
    clerk.page.press("#reason", "Enter")
    clerk.page.wait_for_selector("#confirm")
    assert "称重有误" in clerk.text("#confirm")
    asked = len(clerk.requests)
    compose("#who-is", clerk.resident)
    clerk.page.wait_for_timeout(200)
    assert clerk.requests[asked:] == []
    keyboard.send("Input.insertText", {"text": clerk.resident})
    clerk.find()
    clerk.enter()
    clerk.page.wait_for_selector("#verdict.exempt")
    asked = len(clerk.requests)
    compose("#commodity", "dongmarou")
    clerk.page.evaluate("document.querySelector('#line').requestSubmit()")
    clerk.page.wait_for_timeout(400)
    assert clerk.requests[asked:] == [], "no post and no quote of half a word"
    keyboard.send("Input.insertText", {"text": "冻马肉"})
    clerk.wait_until("performance.getEntriesByType('resource').at(-1).name.endsWith('/quote')")
    clerk.post()
    # The trade that was posted over the API, and this one.
    assert len(clerk.market.statement(clerk.resident)) == 2


def test_fields_take_as_many_characters_as_the_api_does(clerk: Counter) -> None:
    limits = {name: field.length_max for name, field in TradeSchema().fields.items() if isinstance(field, Text)}
    limits["reason"] = ReasonSchema().fields["reason"].length_max  # type: ignore[attr-defined] # (it is a Text)
    clerk.open()
    trade = a_posted_trade(clerk)
    shown = clerk.page.eval_on_selector_all(
        "input[maxlength]", "all => Object.fromEntries(all.map(e => [e.id, e.maxLength]))"
    )
    typed = {name: shown[name] for name in limits if name in shown}
    assert typed == {
        name: limits[name] for name in ("commodity", "consignment", "vehicle_plate", "seller", "reference", "reason")
    }
    assert (shown["hs_code"], shown["quantity_kg"], shown["amount_cny"]) == (
        10,
        len("9999999999.999"),
        len("9999999999.99"),
    )
    # A character of an older dictionary has two units in a browser, and one in the API; й may be a letter and a mark.
    for text in ("\U00020bb7", "и\u0306", "重"):
        clerk.page.fill("#reason", "")
        clerk.page.focus("#reason")
        clerk.page.keyboard.insert_text(text * (limits["reason"] + 7))
        taken = unicodedata.normalize("NFC", clerk.page.input_value("#reason"))
        assert taken == unicodedata.normalize("NFC", text) * limits["reason"]
        assert clerk.text("#reason-limit") == "200 / 200 · no more characters are taken"
        clerk.page.keyboard.insert_text(text)
        assert unicodedata.normalize("NFC", clerk.page.input_value("#reason")) == taken
    clerk.page.click("#reverse")
    clerk.page.click("#reverse-yes")
    clerk.page.wait_for_selector("#why-not")
    reversal, _ = clerk.market.statement(clerk.resident)
    assert (reversal["reverses"], reversal["reason"]) == (trade, "重" * 200)
