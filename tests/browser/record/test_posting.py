"""A line is posted once, to the resident whom the page shows, and has a receipt."""

from typing import Any

from tests.browser.record.counters import Counter
from tests.builders import a_trade


def test_a_posted_line_has_a_receipt_with_its_block_and_code(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("7800", vehicle_plate="蒙H12345", consignment="C-1")
    receipt = clerk.post()
    (posted,) = clerk.market.statement(clerk.resident)
    for figure in (
        posted["transaction_id"],
        "Border-resident trade · Erenhot",
        "7,800.00",
        posted["rule_version"],
        "蒙H12345",
        "阿****格",
    ):
        assert figure in receipt
    clerk.page.wait_for_selector("#qr", timeout=15_000)
    path = f"/v1/transactions/{posted['transaction_id']}/proof"
    _, proof, _ = clerk.market.server.ask("GET", path, headers=clerk.market.admin)
    assert proof["block"]["hash"] in clerk.text("#sealed")
    told = clerk.page.evaluate(
        "async (proof) => (await import('/static/record_entry.js')).essentials(proof).split('\\n')", proof
    )
    assert told[1:] == [
        f"transaction:{posted['transaction_id']}", f"leaf:{proof['leaf_hash']}", f"block:{proof['block']['no']}",
        f"hash:{proof['block']['hash']}",
    ]  # fmt: skip
    clerk.wait_for_text("#allowance-text", "200.00 CNY of 8,000.00 CNY")
    assert clerk.page.input_value("#amount_cny") == ""
    assert clerk.page.input_value("#vehicle_plate") == "蒙H12345"
    assert clerk.complaints == []
    assert [url for url in clerk.requests if not url.startswith(clerk.market.address + "/")] == []
    assert clerk.printed_points() == [(298, 420)], "A6, one page"
    clerk.page.select_option("#paper", "A5")
    assert clerk.printed_points() == [(420, 595)], "A5, one page"


def test_a_double_click_posts_once(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter()
    keys = clerk.posts()
    clerk.page.dblclick("#post")
    clerk.page.evaluate("document.querySelector('#line').requestSubmit()")
    clerk.receipt()
    clerk.page.wait_for_timeout(500)
    assert len(keys) == 1
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_after_a_lost_answer_the_retry_posts_once(clerk: Counter) -> None:
    """The server has recorded it, and the answer never came."""
    clerk.open()
    clerk.find()
    clerk.enter()
    keys = clerk.posts()

    def lose(route: Any) -> None:
        route.fetch()
        route.abort("connectionreset")

    clerk.page.route("**/v1/transactions", lose, times=1)
    clerk.page.click("#post")
    clerk.page.wait_for_selector("#retry")
    assert "not known" in clerk.text("#refusal")
    assert clerk.page.is_disabled("#amount_cny")
    assert len(clerk.market.statement(clerk.resident)) == 1
    clerk.page.reload()
    clerk.page.wait_for_selector("#retry")
    clerk.page.click("#retry")
    clerk.receipt()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    (posted,) = clerk.market.statement(clerk.resident)
    assert posted["transaction_id"] in clerk.text("#receipt")
    assert clerk.page.is_enabled("#amount_cny")


def test_offline_it_posts_once_when_the_line_is_back(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter()
    clerk.page.wait_for_selector("#verdict.exempt")
    clerk.context.set_offline(True)
    clerk.page.click("#post")
    clerk.page.wait_for_selector("#retry")
    assert clerk.market.statement(clerk.resident) == []
    clerk.context.set_offline(False)
    clerk.receipt()
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_a_citizen_number_in_a_field_of_the_line_is_refused_in_words(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter(vehicle_plate="152501199001011238")
    clerk.page.click("#post")
    clerk.wait_for_text("#refusal", "A citizen number stands in a text")
    assert "152501199001011238" not in clerk.text("#refusal")
    assert clerk.market.statement(clerk.resident) == []
    clerk.page.fill("#vehicle_plate", "蒙H12345")
    clerk.post()
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_a_refusal_is_final_and_the_next_try_takes_a_new_key(clerk: Counter) -> None:
    """Another desk uses the allowance between the verdict and the post."""
    clerk.open()
    clerk.find()
    clerk.enter("8000")
    clerk.page.select_option("#over_allowance", "refuse")
    keys = clerk.posts()

    def elsewhere(route: Any) -> None:
        body = a_trade(resident_id=clerk.resident, traded_at=clerk.page.input_value("#traded_at") + ":00+08:00")
        keyed = {**clerk.market.admin, "Idempotency-Key": f"elsewhere-{clerk.resident}"}
        assert clerk.market.server.ask("POST", "/v1/transactions", body, keyed)[0] == 201
        route.continue_()

    clerk.page.route("**/v1/transactions", elsewhere, times=1)
    clerk.page.click("#post")
    clerk.page.wait_for_selector("#refusal h3")
    assert "Not posted" in clerk.text("#refusal")
    clerk.page.fill("#amount_cny", "7000")
    clerk.post()
    assert len(set(keys)) == 2
    assert len(clerk.market.statement(clerk.resident)) == 2


def test_what_the_verdict_refuses_is_not_posted(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("9000")
    clerk.page.select_option("#over_allowance", "refuse")
    posts = clerk.posts()
    clerk.page.click("#post")
    clerk.wait_for_text("#refusal", "The allowance does not cover this trade")
    assert posts == []
    assert clerk.focused() == "quantity_kg"
    clerk.page.fill("#amount_cny", "8000")
    clerk.post()
    assert len(posts) == 1


def test_a_line_goes_to_nobody_whom_the_number_field_does_not_show(clerk: Counter) -> None:
    clerk.open()
    assert clerk.page.is_disabled("#post")
    clerk.find()
    clerk.enter()
    clerk.page.wait_for_selector("#verdict.exempt")
    assert clerk.page.is_enabled("#post")
    posts = clerk.posts()
    other = f"R{next(clerk.market.unused):08d}"
    clerk.page.fill("#who-is", other)
    assert clerk.page.is_disabled("#post")
    assert "Find the resident first" in clerk.text("#verdict")
    assert clerk.page.get_attribute("#post", "aria-describedby") == "verdict"
    assert clerk.text("#resident") == ""
    clerk.page.press("#amount_cny", "Enter")
    clerk.page.evaluate("document.querySelector('#line').requestSubmit()")
    clerk.page.wait_for_timeout(300)
    assert posts == []
    clerk.page.press("#who-is", "Enter")
    clerk.wait_for_text("#resident", other)
    clerk.page.wait_for_selector("#verdict.exempt")
    # A script that changes the field tells nobody.
    clerk.page.evaluate("document.querySelector('#who-is').value = 'R00000001'")
    clerk.page.click("#post")
    clerk.wait_for_text("#refusal", "Find the resident first")
    assert posts == []
    clerk.page.press("#who-is", "Enter")
    clerk.wait_for_text("#resident", "R00000001")
    assert clerk.market.statement(clerk.resident) == clerk.market.statement(other) == []


def test_who_is_found_after_another_number_was_typed_is_not_taken(clerk: Counter) -> None:
    clerk.open()
    clerk.enter()
    waiting: list[Any] = []

    def hold(route: Any) -> None:
        waiting.append(route)

    clerk.page.route(f"**/v1/residents/{clerk.resident}", hold, times=1)
    clerk.page.fill("#who-is", clerk.resident)
    clerk.page.press("#who-is", "Enter")
    clerk.page.fill("#who-is", "R0000000")
    waiting[0].continue_()
    clerk.page.wait_for_timeout(300)
    assert clerk.page.input_value("#who-is") == "R0000000"
    assert clerk.text("#resident") == ""
    assert clerk.page.is_disabled("#post")
