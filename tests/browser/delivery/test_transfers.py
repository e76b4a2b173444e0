"""The page of transfers: a truck or trades go on to an enterprise, in whole or in part, once; and come back."""

from typing import Any

import pytest

from tests.browser.delivery.yards import PART_CNY, PART_KG, PROCESSOR, RESIDENTS, TRADER, Forwarder, today


def lose(route: Any) -> None:
    """The request arrives, its answer does not."""
    route.fetch()
    route.abort("connectionreset")


def test_a_truck_of_53_goes_on_in_few_keys(forwarder: Forwarder) -> None:
    """The name of the truck and Enter twice: the only processor is chosen, and the day is today."""
    forwarder.yard.new_truck("EL-53", range(1, RESIDENTS + 1))
    forwarder.open("transfers")
    assert forwarder.focused() == "choose-consignment"
    forwarder.page.keyboard.type("EL-53")
    forwarder.page.keyboard.press("Enter")
    forwarder.page.wait_for_selector("#goods:not([hidden])")
    assert "53 of 53" in forwarder.text("#goods-sums")
    assert forwarder.yard.transfers_of("EL-53") == [], "showing the goods writes nothing"
    forwarder.page.wait_for_selector("#send-send:focus")
    forwarder.page.keyboard.press("Enter")
    forwarder.wait_for_text("#note-notice", "is recorded")
    assert forwarder.focused() == "note-title"

    posted = forwarder.yard.transfers_of("EL-53")
    assert [(each["consignment"], each["transactions"], each["residents"]) for each in posted] == [("EL-53", 53, 53)]
    assert (posted[0]["quantity_kg"], posted[0]["amount_cny"]) == ("25434.912", "424000.00")
    assert (posted[0]["enterprise"]["name"], posted[0]["purpose"]) == (PROCESSOR, "processing")
    assert posted[0]["transferred_on"] == today()
    assert forwarder.complaints == []


def test_a_part_of_a_trade_goes_on_and_the_page_shows_what_it_is_worth(forwarder: Forwarder) -> None:
    trades = forwarder.yard.new_truck("EL-part", (1, 2))
    forwarder.open("transfers")
    forwarder.choose_truck("EL-part")
    forwarder.page.fill(f"#goods-{trades[0]}", "100")
    forwarder.page.fill(f"#goods-{trades[1]}", "")
    assert "1 of 2" in forwarder.text("#goods-sums")
    assert "1,667.00" in forwarder.text("#goods-sums")
    forwarder.page.click("#send-send")
    forwarder.wait_for_text("#note-notice", "is recorded")
    first = forwarder.yard.ask(f"/v1/transactions/{trades[0]}")
    assert (first["transferred_kg"], first["transferred_cny"]) == ("100.000", "1667.00")
    assert forwarder.yard.ask(f"/v1/transactions/{trades[1]}")["transferred_kg"] == "0.000"

    forwarder.choose_truck("EL-part")
    forwarder.wait_for_text("#goods-earlier", "1 trades, 100.000 kg")
    assert forwarder.page.input_value(f"#goods-{trades[0]}") == "379.904", "what is left is proposed"
    assert "14,333.00" in forwarder.text("#goods-sums")
    forwarder.page.click("#send-send")
    forwarder.wait_for_text("#note-goods", "14,333.00")
    assert {each["amount_cny"] for each in forwarder.yard.transfers_of("EL-part")} == {"1667.00", "14333.00"}
    forwarder.choose_truck("EL-part")
    forwarder.wait_for_text("#goods-sums", "nothing is left")


@pytest.mark.parametrize(("typed", "said"), [("480", "More than the 479.904 kg"), ("1,5", "Digits"), ("abc", "Digits")])
def test_a_weight_that_can_not_go_on_is_marked_and_not_sent(forwarder: Forwarder, typed: str, said: str) -> None:
    name = f"EL-wrong-{len(typed)}{typed[0]}"
    trades = forwarder.yard.new_truck(name, (4, 5))
    forwarder.open("transfers")
    forwarder.choose_truck(name)
    forwarder.page.fill(f"#goods-{trades[1]}", typed)
    assert forwarder.page.get_attribute(f"#goods-{trades[1]}", "aria-invalid") == "true"
    before = len(forwarder.requests)
    forwarder.page.press(f"#goods-{trades[1]}", "Enter")
    forwarder.wait_for_text("#send-refused", "Mend the weights")
    assert forwarder.focused() == f"goods-{trades[1]}"
    assert [url for url in forwarder.requests[before:] if "/v1/" in url] == []
    assert said in forwarder.text(f"#goods-{trades[1]}-error")


def test_what_another_desk_has_sent_on_is_refused_and_shown(forwarder: Forwarder) -> None:
    trades = forwarder.yard.new_truck("EL-race", (6, 7))
    forwarder.open("transfers")
    forwarder.choose_truck("EL-race")
    forwarder.page.fill(f"#goods-{trades[1]}", "200")
    forwarder.yard.transfer(trades[0])
    forwarder.page.click("#send-send")
    forwarder.wait_for_text("#send-refused", "There is not so much left")
    assert f"Of trade {trades[0]}, 0.000 kg are left" in forwarder.text("#send-refused")
    forwarder.wait_for_text("#goods-rows", "all gone on")
    assert len(forwarder.yard.transfers_of("EL-race")) == 1
    assert forwarder.page.input_value(f"#goods-{trades[1]}") == "200", "what was typed stays"
    forwarder.page.click("#send-send")
    forwarder.wait_for_text("#note-notice", "is recorded")
    assert forwarder.yard.ask(f"/v1/transactions/{trades[1]}")["transferred_kg"] == "200.000"


def test_a_truck_that_has_changed_since_it_was_shown_is_told(forwarder: Forwarder) -> None:
    """All that is left of a truck goes on; when that is less than was shown, the clerk is told."""
    trades = forwarder.yard.new_truck("EL-less", (8, 9))
    forwarder.open("transfers")
    forwarder.choose_truck("EL-less")
    forwarder.yard.transfer(trades[0])
    forwarder.page.click("#send-send")
    forwarder.wait_for_text("#note-notice", "The page had shown 959.808 kg, 16,000.00 CNY")


def test_a_lost_answer_is_asked_for_again_and_the_goods_go_on_once(forwarder: Forwarder) -> None:
    """Half of a trade could go on twice; the same key, which a reload keeps, lets it go on once."""
    trades = forwarder.yard.new_truck("EL-lost", (10,))
    forwarder.open("transfers")
    forwarder.choose_truck("EL-lost")
    forwarder.page.fill(f"#goods-{trades[0]}", "200")
    forwarder.page.route("**/v1/transfers", lose, times=1)
    forwarder.page.click("#send-send")
    forwarder.page.wait_for_selector("#waiting:not([hidden])")
    assert forwarder.page.is_hidden("#send"), "nothing else is sent on meanwhile"
    assert forwarder.page.is_hidden("#choosing")
    forwarder.page.reload()
    forwarder.page.wait_for_selector("html[data-ready]")
    assert forwarder.focused() == "waiting-again"
    forwarder.page.route("**/v1/transfers", lambda route: route.abort("connectionreset"), times=1)
    forwarder.page.keyboard.press("Enter")
    forwarder.wait_for_text("#waiting-refused", "reached")
    forwarder.page.click("#waiting-again")
    forwarder.wait_for_text("#note-notice", "is recorded")
    assert forwarder.yard.ask(f"/v1/transactions/{trades[0]}")["transferred_kg"] == "200.000"
    assert len(forwarder.yard.transfers_of("EL-lost")) == 1
    assert forwarder.page.is_visible("#choosing")


def test_a_transfer_is_reversed_with_a_reason_and_its_goods_can_go_on_again(forwarder: Forwarder) -> None:
    trades = forwarder.yard.new_truck("EL-back", (11, 12))
    transfer = forwarder.yard.transfer(*trades)["transfer_id"]
    forwarder.open("transfers", f"&transfer_id={transfer}")
    forwarder.wait_for_text("#note-number", transfer)
    forwarder.page.click("#undoing summary")
    forwarder.page.fill("#undo-reason", "送错企业")
    forwarder.page.press("#undo-reason", "Enter")
    forwarder.page.wait_for_selector("#undo-yes:enabled")
    forwarder.page.focus("#undo-yes")
    forwarder.page.keyboard.press("Enter")
    forwarder.page.wait_for_timeout(200)
    assert forwarder.yard.ask(f"/v1/transfers/{transfer}")["reversal"] is None, "Enter confirms nothing"
    forwarder.page.click("#undo-yes")
    forwarder.wait_for_text("#note-notice", "is reversed")
    assert forwarder.yard.ask(f"/v1/transfers/{transfer}")["reversal"]["reason"] == "送错企业"
    assert "this note is void" in forwarder.text("#note-about")
    assert forwarder.page.is_hidden("#undoing")
    forwarder.choose_truck("EL-back")
    forwarder.wait_for_text("#goods-sums", "2 of 2")


def test_a_transfer_of_another_key_is_not_reversed_and_the_page_says_who_may(forwarder: Forwarder) -> None:
    trades = forwarder.yard.new_truck("EL-others", (18,))
    stated = {"enterprise_id": "E00000001", "purpose": "processing", "transferred_on": today()}
    transfer = forwarder.yard.post("/v1/transfers", {**stated, "transaction_ids": trades})["transfer_id"]
    forwarder.open("transfers", f"&transfer_id={transfer}")
    forwarder.confirm_undo("不是我记的")
    forwarder.wait_for_text("#undo-refused", "transactions:reverse_any")
    assert forwarder.yard.ask(f"/v1/transfers/{transfer}")["reversal"] is None


def test_trades_are_named_and_go_to_the_second_market(forwarder: Forwarder) -> None:
    trades = [*forwarder.yard.new_truck("EL-a", (13,)), *forwarder.yard.new_truck("EL-b", (14,))]
    forwarder.open("transfers")
    forwarder.page.fill("#choose-transaction_ids", f"{trades[0].upper()}， {trades[1]}")
    forwarder.page.press("#choose-transaction_ids", "Enter")
    forwarder.wait_for_text("#goods-sums", "2 of 2")
    forwarder.fill("send", purpose="secondary_market", contract="HT-2026-7", invoice="0417", paid_cny="17000")
    forwarder.wait_for_text("#send-enterprise_id", TRADER)
    forwarder.page.click("#send-send")
    forwarder.wait_for_text("#note-notice", "is recorded")
    posted = forwarder.yard.transfers_of("EL-a")[0]
    assert (posted["enterprise"]["name"], posted["contract"], posted["invoice"]) == (TRADER, "HT-2026-7", "0417")
    assert (posted["paid_cny"], posted["consignment"], posted["transactions"]) == ("17000.00", None, 2)
    assert "EL-a · 蒙H12345, EL-b · 蒙H12345" in forwarder.text("#note-about")


def test_a_link_of_a_truck_and_of_a_trade_chooses_the_goods(forwarder: Forwarder) -> None:
    trades = forwarder.yard.new_truck("EL-link", (15, 16))
    forwarder.open("transfers", "&consignment=EL-link")
    forwarder.wait_for_text("#goods-title", "EL-link")
    forwarder.open("transfers", f"&transaction_id={trades[1]}")
    forwarder.wait_for_text("#goods-sums", "1 of 1")
    assert PART_KG in forwarder.text("#goods-rows")
    assert float(PART_CNY) == 8000


def test_a_truck_without_trades_is_told(forwarder: Forwarder) -> None:
    forwarder.open("transfers")
    forwarder.page.fill("#choose-consignment", "EL-nothing")
    forwarder.page.press("#choose-consignment", "Enter")
    forwarder.wait_for_text("#choose-refused", "no live import trades")
    assert forwarder.page.is_hidden("#goods")


def test_the_list_is_searched_and_its_address_is_the_search(forwarder: Forwarder) -> None:
    transfer = forwarder.yard.transfer(*forwarder.yard.new_truck("EL-list", (17,)))["transfer_id"]
    forwarder.open("transfers")
    forwarder.fill("list", consignment="EL-list", purpose="processing", reversed="false")
    forwarder.page.press("#list-consignment", "Enter")
    forwarder.wait_for_rows("#list-rows", 1)
    assert "of_consignment=EL-list" in forwarder.page.url
    forwarder.page.reload()
    forwarder.page.wait_for_selector("html[data-ready]")
    forwarder.wait_for_rows("#list-rows", 1)
    forwarder.page.click(f"#list-rows a[data-transfer={transfer}]")
    forwarder.wait_for_text("#note-number", transfer)
    forwarder.fill("list", reversed="true")
    forwarder.page.click("#list-send")
    forwarder.wait_for_text("#list-state", "No transfer matches")
