"""The page of processing batches: transfers go in, goods come out, and a batch is reversed whole."""

from typing import Any

from tests.browser.delivery.yards import PROCESSOR, Forwarder, today


def lose(route: Any) -> None:
    """The request arrives, its answer does not."""
    route.fetch()
    route.abort("connectionreset")


def a_transfer(forwarder: Forwarder, name: str, residents: tuple[int, ...] = (1, 2)) -> str:
    """Another desk sends a truck on; returns the id of the transfer."""
    return str(forwarder.yard.transfer(*forwarder.yard.new_truck(name, residents))["transfer_id"])


def test_a_batch_is_made_of_a_transfer_and_its_yield_is_shown(forwarder: Forwarder) -> None:
    transfer = a_transfer(forwarder, "EL-b1")
    forwarder.open("batches", f"&transfer_id={transfer}")
    assert forwarder.page.is_checked(f"#input-{transfer}")
    forwarder.fill("make", **{"0-commodity": "酱牛肉", "0-hs_code": "16025010", "0-quantity_kg": "800"})
    forwarder.wait_for_text("#make-sums", "83.35 %")
    forwarder.page.click("#outputs-more")
    forwarder.fill("make", **{"1-commodity": "牛油", "1-quantity_kg": "6.239", "1-amount_cny": "60"})
    forwarder.wait_for_text("#make-sums", "84.00 %")
    forwarder.page.press("#make-1-amount_cny", "Enter")
    forwarder.wait_for_text("#batch-notice", "is recorded")

    made = forwarder.yard.ask("/v1/processing-batches")["items"][0]
    assert (made["transfer_ids"], made["processed_on"], made["yield_pct"]) == ([transfer], today(), "84.00")
    assert [each["commodity"] for each in made["outputs"]] == ["酱牛肉", "牛油"]
    assert "84.00 %" in forwarder.text("#batch-about")
    assert PROCESSOR in forwarder.text("#batch-about")
    href = forwarder.page.get_attribute("#batch-trace", "href") or ""
    assert href.startswith(f"/trace?batch={made['processing_batch_id']}")
    assert forwarder.page.locator(f"#input-{transfer}").count() == 0, "it is in a batch now"
    assert forwarder.complaints == []


def test_a_batch_is_made_with_the_keyboard_alone(forwarder: Forwarder) -> None:
    transfer = a_transfer(forwarder, "EL-keys")
    forwarder.open("batches")
    assert forwarder.focused() == "make-enterprise_id"
    forwarder.page.focus(f"#input-{transfer}")
    forwarder.page.keyboard.press("Space")
    forwarder.page.focus("#make-0-commodity")
    forwarder.page.keyboard.type("酱牛肉")
    for typed in ("", "900", "54000"):
        forwarder.page.keyboard.press("Tab")
        forwarder.page.keyboard.type(typed)
    forwarder.page.keyboard.press("Enter")
    forwarder.wait_for_text("#batch-notice", "is recorded")
    assert forwarder.focused() == "batch-title"


def test_a_batch_is_reversed_whole_and_its_transfers_are_free_again(forwarder: Forwarder) -> None:
    transfer = a_transfer(forwarder, "EL-b2")
    forwarder.open("batches", f"&transfer_id={transfer}")
    forwarder.fill("make", **{"0-commodity": "酱牛肉", "0-quantity_kg": "700"})
    forwarder.page.click("#make-send")
    forwarder.wait_for_text("#batch-notice", "is recorded")
    forwarder.open("transfers", f"&transfer_id={transfer}")
    forwarder.wait_for_text("#note-number", transfer)
    assert forwarder.page.is_hidden("#undoing"), "what is in a batch is not reversed"
    forwarder.page.click("#note-tools a[href^='/processing-batches']")
    forwarder.page.wait_for_selector("#batch:not([hidden])")
    forwarder.confirm_undo("重量记错")
    forwarder.wait_for_text("#batch-notice", "is reversed")
    assert forwarder.yard.ask(f"/v1/transfers/{transfer}")["processing_batch_id"] is None
    forwarder.page.wait_for_selector(f"#input-{transfer}")


def test_a_transfer_that_another_desk_has_processed_is_told(forwarder: Forwarder) -> None:
    transfer = a_transfer(forwarder, "EL-b3")
    forwarder.open("batches", f"&transfer_id={transfer}")
    outputs = [{"commodity": "酱牛肉", "quantity_kg": "1"}]
    body = {"enterprise_id": "E00000001", "transfer_ids": [transfer], "processed_on": today(), "outputs": outputs}
    forwarder.yard.post("/v1/processing-batches", body)
    forwarder.fill("make", **{"0-commodity": "酱牛肉", "0-quantity_kg": "700"})
    forwarder.page.click("#make-send")
    forwarder.wait_for_text("#make-refused", "another batch already")
    forwarder.page.wait_for_selector(f"#input-{transfer}", state="detached")


def test_what_is_missing_is_said_beside_its_field(forwarder: Forwarder) -> None:
    transfer = a_transfer(forwarder, "EL-b4")
    forwarder.open("batches")
    forwarder.page.wait_for_selector(f"#input-{transfer}")
    forwarder.page.click("#make-send")
    forwarder.wait_for_text("#make-transfer_ids-error", "Tick what goes in")
    forwarder.page.check(f"#input-{transfer}")
    forwarder.fill("make", **{"0-quantity_kg": "1,5"})
    forwarder.page.click("#make-send")
    forwarder.page.wait_for_selector("#make-0-quantity_kg[aria-invalid]")
    forwarder.page.wait_for_selector("#make-0-commodity[aria-invalid]")
    forwarder.fill("make", processed_on="2020-01-01", **{"0-commodity": "酱牛肉", "0-quantity_kg": "1"})
    forwarder.page.click("#make-send")
    forwarder.page.wait_for_selector("#make-processed_on[aria-invalid]")


def test_a_lost_answer_makes_one_batch(forwarder: Forwarder) -> None:
    transfer = a_transfer(forwarder, "EL-b5")
    forwarder.open("batches", f"&transfer_id={transfer}")
    forwarder.fill("make", **{"0-commodity": "断网牛肉", "0-quantity_kg": "700"})
    forwarder.page.route("**/v1/processing-batches", lose, times=1)
    forwarder.page.click("#make-send")
    forwarder.page.wait_for_selector("#waiting:not([hidden])")
    forwarder.page.reload()
    forwarder.page.wait_for_selector("html[data-ready]")
    forwarder.page.click("#waiting-again")
    forwarder.wait_for_text("#batch-notice", "is recorded")
    made = forwarder.yard.ask("/v1/processing-batches?limit=500")["items"]
    assert len([each for each in made if each["transfer_ids"] == [transfer]]) == 1
