"""Recording in a real browser, against a real server: what a clerk at the counter finds, types, posts and reverses."""

import json
import pathlib
import re
import time
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.fields import Text
from schemas.residents import ReasonSchema
from schemas.transactions import TradeSchema
from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_citizen_number, a_registration, a_trade
from tests.servers import call_hushi, serving

CLERK_SCOPES = ("residents:read", "transactions:read", "transactions:write", "ledger:verify")
WORDS = pathlib.Path(__file__).parents[2] / "service/http/web/static/record_words.js"
RESIDENTS = 60


class Market(Bureau):
    """A served ledger with registered residents; each test takes one who has not traded yet."""

    def fill(self) -> None:
        """Registers the residents."""
        self.admin = {"Authorization": f"Bearer {self.new_key('admin')}"}
        self.clerk_key = self.key_with(*CLERK_SCOPES)
        self.unused = iter(range(1, RESIDENTS + 1))
        for n in range(RESIDENTS):
            assert self.server.ask("POST", "/v1/residents", a_registration(n), self.admin)[0] == 201

    def key_with(self, *scopes: str) -> str:
        asked = [word for scope in scopes for word in ("--scope", scope)]
        return call_hushi(self.environment, "keys", "create", "--name", "柜台", *asked).stdout.strip()

    def statement(self, resident_id: str) -> list[Any]:
        """What the ledger itself holds of a resident."""
        path = f"/v1/transactions?resident_id={resident_id}"
        status, document, _ = self.server.ask("GET", path, headers=self.admin)
        assert status == 200, document
        items: list[Any] = document["items"]
        return items


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A ledger without trades on SQLite, served by a process of its own."""
    from service.vault import create_secrets

    folder = tmp_path_factory.mktemp("counter")
    create_secrets(folder / "secrets.json")
    environment = {
        "HUSHI_DATABASE_URL": f"sqlite:///{folder}/ledger.db",
        "HUSHI_DATA_DIR": str(folder),
        "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
        "HUSHI_LOG_LEVEL": "WARNING",
    }
    with serving(environment, folder / "log") as server:
        found = Market(server, environment)
        found.fill()
        yield found


class Counter(Clerk):
    """A clerk at the counter."""

    def __init__(self, market: Market, chromium: Any, **settings: Any) -> None:
        super().__init__(market, chromium, **settings)
        self.market = market
        self.resident = f"R{next(market.unused):08d}"

    def open(self, key: str | None = None, lang: str = "en") -> None:
        goes_to = f"/record%3Flang%3D{lang}"
        self.page.goto(f"{self.bureau.address}/signin?next={goes_to}#key={key or self.market.clerk_key}")
        self.page.wait_for_selector("html[data-ready]")

    def find(self) -> None:
        self.page.fill("#who-is", self.resident)
        self.page.press("#who-is", "Enter")
        self.page.wait_for_selector("#allowance-text")

    def enter(self, amount: str = "1000", **more: str) -> None:
        for name, value in {"commodity": "冻马肉", "quantity_kg": "50", "amount_cny": amount, **more}.items():
            self.page.fill(f"#{name}", value)
        self.page.select_option("#category", "meat")
        self.page.select_option("#origin", "MN")

    def post(self) -> str:
        self.page.click("#post")
        return self.receipt()

    def receipt(self) -> str:
        self.page.wait_for_selector("#receipt:not([hidden])")
        return self.page.text_content("#receipt") or ""

    def text(self, selector: str) -> str:
        return (self.page.text_content(selector) or "").replace("\u00a0", " ")

    def wait_for_text(self, selector: str, said: str) -> None:
        """Until the page says it: a figure that is asked for again comes after what it was asked for."""
        until = time.monotonic() + 10
        while said not in self.text(selector):
            assert time.monotonic() < until, f"{selector} says {self.text(selector)!r}, not {said!r}"
            self.page.wait_for_timeout(10)

    def posts(self) -> list[Any]:
        """Notes from now on the keys with which trades are posted."""
        keys: list[Any] = []

        def note(request: Any) -> None:
            if request.method == "POST" and request.url.endswith("/v1/transactions"):
                keys.append(request.headers["idempotency-key"])

        self.page.on("request", note)
        return keys

    def printed_points(self) -> list[tuple[int, int]]:
        """The width and height of each page that would be printed."""
        printed = self.page.pdf(prefer_css_page_size=True)
        sizes = re.findall(rb"/MediaBox\s*\[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
        return [(round(float(width)), round(float(height))) for width, height in sizes]


@pytest.fixture
def clerk(market: Market, chromium: Any) -> Iterator[Counter]:
    """A clerk who reads English on a light screen."""
    found = Counter(market, chromium, color_scheme="light")
    yield found
    found.context.close()


def test_a_resident_is_found_by_citizen_number_and_by_id(clerk: Counter) -> None:
    clerk.open()
    number = a_citizen_number(int(clerk.resident[1:]) - 1)
    clerk.page.fill("#who-is", number)
    clerk.page.press("#who-is", "Enter")
    clerk.page.wait_for_selector("#allowance-text")
    said = clerk.text("#resident")
    assert clerk.resident in said
    assert "阿****格" in said
    assert "Active" in said
    assert "8,000.00 CNY of 8,000.00 CNY" in said
    assert clerk.page.get_attribute("[role=meter]", "aria-valuenow") == "8000.00"
    assert number not in clerk.page.content()
    assert clerk.page.input_value("#who-is") == clerk.resident
    clerk.page.fill("#who-is", clerk.resident)
    clerk.page.press("#who-is", "Enter")
    clerk.page.wait_for_selector("#allowance-text")
    assert clerk.complaints == []
    assert [url for url in clerk.requests if number in url] == []


def test_an_unknown_number_is_said_beside_the_field(clerk: Counter) -> None:
    clerk.open()
    clerk.page.fill("#who-is", "R99999999")
    clerk.page.press("#who-is", "Enter")
    clerk.page.wait_for_selector("#who-is[aria-invalid]")
    assert "Not found" in clerk.text("#who-is-error")
    clerk.page.fill("#who-is", "152501")
    clerk.page.press("#who-is", "Enter")
    clerk.wait_until("document.querySelector('#who-is-error').textContent.includes('18')")


def test_the_verdict_follows_the_typing(clerk: Counter) -> None:
    clerk.open()
    assert "Find the resident first" in clerk.text("#verdict")
    clerk.find()
    clerk.enter("1000")
    clerk.page.wait_for_selector("#verdict.exempt")
    assert "7,000.00 CNY" in clerk.text("#verdict")
    clerk.page.fill("#amount_cny", "9500.5")
    clerk.page.wait_for_selector("#verdict.partly_taxed")
    said = clerk.text("#verdict")
    assert "Exempt 8,000.00 CNY" in said
    assert "Taxable 1,500.50 CNY" in said
    assert "Left afterwards 0.00 CNY" in said
    clerk.page.select_option("#over_allowance", "refuse")
    clerk.page.wait_for_selector("#verdict.refused")
    assert "does not cover" in clerk.text("#verdict")
    assert clerk.page.get_attribute("#verdict", "aria-live") == "polite"
    assert clerk.market.statement(clerk.resident) == []


def test_what_is_wrong_stands_beside_its_field(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("12,5", hs_code="12")
    clerk.page.wait_for_selector("#amount_cny[aria-invalid]")
    assert clerk.text("#amount_cny-error")
    assert clerk.text("#hs_code-error")
    assert clerk.page.query_selector("#quantity_kg[aria-invalid]") is None
    clerk.page.fill("#amount_cny", "12.5")
    clerk.page.fill("#hs_code", "020500")
    clerk.page.wait_for_selector("#verdict.exempt")
    assert clerk.page.query_selector("#line [aria-invalid]") is None


def test_what_is_neither_a_number_nor_an_id_is_said_to_be_neither(clerk: Counter) -> None:
    clerk.open()
    clerk.page.fill("#who-is", "foo")
    clerk.page.press("#who-is", "Enter")
    clerk.page.wait_for_selector("#who-is[aria-invalid]")
    assert "or a resident id such as R00000001" in clerk.text("#who-is-error")
    assert clerk.complaints == []


def test_a_time_to_come_is_refused_in_the_time_of_the_market(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter(traded_at="2042-01-01T10:00")
    clerk.page.wait_for_selector("#traded_at[aria-invalid]")
    assert re.search(r"In Shanghai it is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", clerk.text("#traded_at-error"))
    assert "Something is not right yet" in clerk.text("#verdict")


def test_the_allowance_is_that_of_the_day_of_the_line(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("3000", traded_at="2024-04-03T10:00")
    clerk.page.press("#traded_at", "Tab")
    clerk.wait_for_text("#resident", "Allowance left on 3 April 2024")
    clerk.post()
    clerk.wait_for_text("#resident", "Allowance left today")
    assert "8,000.00 CNY of 8,000.00" in clerk.text("#allowance-text")


def test_who_may_not_trade_has_no_allowance_and_a_final_refusal(clerk: Counter) -> None:
    clerk.open()
    path, body = f"/v1/residents/{clerk.resident}/status", {"status": "cancelled", "reason": "moved"}
    assert clerk.market.server.ask("POST", path, body, clerk.market.admin)[0] == 200
    clerk.page.fill("#who-is", clerk.resident)
    clerk.page.press("#who-is", "Enter")
    clerk.wait_for_text("#resident", "not active today")
    assert clerk.page.query_selector("[role=meter]") is None
    clerk.enter()
    clerk.wait_for_text("#verdict", "This trade would be refused")
    clerk.page.click(".languages [data-lang=zh]")
    clerk.wait_for_text("#verdict", "此笔交易将被拒绝")
    assert not re.search("[A-Za-z]{4}", clerk.text("#verdict")), "said in one language"


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
        "async (proof) => (await import('/static/record_receipt.js')).essentials(proof).split('\\n')", proof
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


def test_a_session_that_ends_takes_no_line_away(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("1234.5", vehicle_plate="蒙H12345")
    clerk.page.wait_for_selector("#verdict.exempt")
    clerk.context.clear_cookies()
    clerk.page.fill("#reference", "152501199001011238")
    clerk.page.fill("#amount_cny", "1300")
    clerk.page.wait_for_selector("#sign-in-again")
    assert clerk.page.url.startswith(f"{clerk.market.address}/record")
    assert clerk.page.input_value("#amount_cny") == "1300"
    clerk.page.fill("#consignment", "C-7")
    clerk.page.click("#post")
    clerk.wait_for_text("#refusal", "sign in again")
    assert clerk.market.statement(clerk.resident) == []
    kept = clerk.page.evaluate("JSON.stringify({ ...sessionStorage })")
    assert "152501199001011238" not in kept, "no citizen number, in whichever field it was typed"
    clerk.page.click("#sign-in-again")
    clerk.page.wait_for_url("**/signin?next=*")
    clerk.page.fill("#key", clerk.market.clerk_key)
    clerk.page.press("#key", "Enter")
    clerk.page.wait_for_selector("#verdict.exempt")
    fields = ("amount_cny", "commodity", "vehicle_plate", "consignment", "category", "origin")
    typed = [clerk.page.input_value(f"#{name}") for name in fields]
    assert typed == ["1300", "冻马肉", "蒙H12345", "C-7", "meat", "MN"]
    assert clerk.page.evaluate("Object.keys(sessionStorage)") == [], "taken up, and kept no longer"
    clerk.post()
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_signing_in_again_in_another_tab_lets_this_one_go_on(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter()
    clerk.context.clear_cookies()
    clerk.page.fill("#amount_cny", "700")
    clerk.page.wait_for_selector("#sign-in-again")
    other = clerk.context.new_page()
    other.goto(f"{clerk.market.address}/signin?next=/record#key={clerk.market.clerk_key}")
    other.wait_for_selector("html[data-ready]")
    other.close()
    clerk.look_again()
    clerk.page.wait_for_selector("#verdict.exempt")
    assert clerk.page.query_selector("#sign-in-again") is None
    clerk.post()
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_a_refusal_is_final_and_the_next_try_takes_a_new_key(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("9000")
    clerk.page.select_option("#over_allowance", "refuse")
    keys = clerk.posts()
    clerk.page.click("#post")
    clerk.page.wait_for_selector("#refusal h3")
    assert "Not posted" in clerk.text("#refusal")
    clerk.page.fill("#amount_cny", "8000")
    clerk.post()
    assert len(set(keys)) == 2
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_a_trade_is_reversed_once_after_confirming(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("500")
    clerk.post()
    (posted,) = clerk.market.statement(clerk.resident)
    clerk.page.click("#undo")
    clerk.page.wait_for_selector("#reason")
    clerk.page.click("#reverse")
    assert "Give a reason" in clerk.text("#reason-error")
    clerk.page.fill("#reason", "称重有误")
    clerk.page.click("#reverse")
    clerk.page.click("#reverse-no")
    assert len(clerk.market.statement(clerk.resident)) == 1
    clerk.page.click("#reverse")
    clerk.page.click("#reverse-yes")
    clerk.page.wait_for_selector("#why-not")
    reversal, _ = clerk.market.statement(clerk.resident)
    assert reversal["reverses"] == posted["transaction_id"]
    clerk.wait_for_text("#receipt", "−500.00")
    clerk.wait_for_text("#allowance-text", "8,000.00 CNY of 8,000.00")
    clerk.page.fill("#transaction", posted["transaction_id"])
    clerk.page.press("#transaction", "Enter")
    clerk.wait_until("document.querySelector('#why-not')?.textContent.includes('already')")
    assert reversal["transaction_id"] in clerk.text("#why-not")
    assert clerk.page.query_selector("#reverse") is None
    clerk.page.fill("#transaction", reversal["transaction_id"])
    clerk.page.press("#transaction", "Enter")
    clerk.wait_until("document.querySelector('#why-not')?.textContent.includes('reversal')")


def test_reversing_what_another_clerk_has_reversed_names_the_reversal(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("500")
    clerk.post()
    (posted,) = clerk.market.statement(clerk.resident)
    clerk.page.click("#undo")
    clerk.page.fill("#reason", "重复")
    clerk.page.click("#reverse")
    path = f"/v1/transactions/{posted['transaction_id']}/reversal"
    keyed = {**clerk.market.admin, "Idempotency-Key": "another-clerk"}
    _, reversal, _ = clerk.market.server.ask("POST", path, {"reason": "重复"}, keyed)
    clerk.page.click("#reverse-yes")
    clerk.page.wait_for_selector("#not-reversed")
    assert "already" in clerk.text("#not-reversed")
    assert reversal["transaction_id"] in clerk.text("#not-reversed")


def _a_posted_trade(clerk: Counter) -> str:
    """Posted over the API, and its id typed into the page."""
    body = a_trade(resident_id=clerk.resident)
    keyed = {**clerk.market.admin, "Idempotency-Key": f"trade-of-{clerk.resident}"}
    status, posted, _ = clerk.market.server.ask("POST", "/v1/transactions", body, keyed)
    assert status == 201, posted
    clerk.page.fill("#transaction", posted["transaction_id"])
    clerk.page.press("#transaction", "Enter")
    clerk.page.wait_for_selector("#reason")
    return str(posted["transaction_id"])


def test_one_press_of_enter_asks_and_another_one_reverses(clerk: Counter) -> None:
    clerk.open()
    _a_posted_trade(clerk)
    clerk.page.fill("#reason", "称重有误")
    clerk.page.focus("#reason")
    for _ in range(5):  # Held down: the first press, and four repetitions of it.
        clerk.page.keyboard.down("Enter")
    clerk.page.wait_for_selector("#reverse-yes:enabled")
    clerk.wait_until("document.activeElement.id === 'reverse-yes'")
    for _ in range(3):
        clerk.page.keyboard.down("Enter")
    clerk.page.keyboard.up("Enter")
    clerk.page.wait_for_timeout(200)
    assert len(clerk.market.statement(clerk.resident)) == 1, "nothing is reversed by one key"
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_selector("#why-not")
    assert len(clerk.market.statement(clerk.resident)) == 2
    assert clerk.complaints == []


@pytest.mark.parametrize("how", ["two quick presses", "a double click"])
def test_what_comes_right_after_the_question_is_no_answer_to_it(clerk: Counter, how: str) -> None:
    clerk.open()
    _a_posted_trade(clerk)
    clerk.page.fill("#reason", "称重有误")
    if how == "a double click":
        clerk.page.dblclick("#reverse")
        clerk.page.evaluate("document.querySelector('#reverse-yes').click()")
    else:
        clerk.page.press("#reason", "Enter")
        clerk.page.keyboard.press("Enter")
        clerk.page.keyboard.press("Space")
    clerk.page.wait_for_selector("#reverse-yes:enabled")
    clerk.page.wait_for_timeout(200)
    assert len(clerk.market.statement(clerk.resident)) == 1
    clerk.page.click("#reverse-no")
    assert clerk.page.input_value("#reason") == "称重有误"


def test_the_enter_of_an_input_method_sends_nothing(clerk: Counter) -> None:
    clerk.open()
    _a_posted_trade(clerk)
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


def test_with_another_id_in_its_field_no_trade_is_shown_to_be_reversed(clerk: Counter) -> None:
    clerk.open()
    trade = _a_posted_trade(clerk)
    clerk.page.fill("#reason", "称重有误")
    clerk.page.fill("#transaction", trade[:-1])
    assert clerk.page.query_selector("#reverse") is None
    assert clerk.text("#reversible") == ""


def test_fields_take_as_many_characters_as_the_api_does(clerk: Counter) -> None:
    limits = {name: field.length_max for name, field in TradeSchema().fields.items() if isinstance(field, Text)}
    limits["reason"] = ReasonSchema().fields["reason"].length_max  # type: ignore[attr-defined] # (it is a Text)
    clerk.open()
    trade = _a_posted_trade(clerk)
    shown = clerk.page.eval_on_selector_all(
        "input[maxlength]", "all => Object.fromEntries(all.map(e => [e.id, e.maxLength]))"
    )
    typed = {name: shown[name] for name in limits if name in shown}
    assert typed == {
        name: limits[name] for name in ("commodity", "consignment", "vehicle_plate", "reference", "reason")
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


def test_signing_out_ends_the_session_or_says_that_it_did_not(clerk: Counter) -> None:
    clerk.open()
    cookie = {"Cookie": "; ".join(f"{each['name']}={each['value']}" for each in clerk.context.cookies())}
    refused = {"status": 503, "json": {"code": "unavailable", "detail": "The disk is full."}}
    clerk.page.route("**/signout", lambda route: route.fulfill(**refused), times=1)
    clerk.page.click("#signout")
    clerk.wait_for_text("#ended", "Signing out failed, and the session goes on")
    assert clerk.market.server.ask("GET", "/session", headers=cookie)[0] == 200
    clerk.page.click("#signout")
    clerk.page.wait_for_url("**/signin?next=%2Frecord")
    assert clerk.market.server.ask("GET", "/session", headers=cookie)[0] == 401


def test_without_the_scope_the_page_names_it(clerk: Counter) -> None:
    clerk.open(clerk.market.key_with("residents:read"))
    assert "transactions:write" in clerk.text("#missing")
    assert clerk.page.is_hidden("#entering")
    assert clerk.page.is_hidden("#reversing")
    clerk.find()
    assert clerk.complaints == []


def test_a_key_that_may_only_write_posts_by_resident_id(clerk: Counter) -> None:
    clerk.open(clerk.market.key_with("transactions:write"))
    assert "residents:read" in clerk.text("#missing")
    clerk.page.fill("#who-is", clerk.resident)
    clerk.page.press("#who-is", "Enter")
    clerk.enter()
    clerk.page.wait_for_selector("#verdict.exempt")
    assert "transactions:read" in clerk.post()
    assert clerk.complaints == []


def test_the_pages_lead_to_each_other(clerk: Counter) -> None:
    clerk.open()
    assert clerk.page.is_hidden(".pages a[href='/']"), "a counter's key sees no reports"
    clerk.open(clerk.market.key_with("admin"))
    assert clerk.page.get_attribute(".pages [aria-current=page]", "href") == "/record"
    assert clerk.page.eval_on_selector_all(".pages a", "all => all.map(a => a.textContent)") == ["Statistics", "Record"]
    clerk.page.click(".pages a[href='/']")
    clerk.page.wait_for_url(re.compile(rf"{clerk.market.address}/(\?.*)?$"))
    clerk.page.click(".pages a[href='/record']")
    clerk.page.wait_for_selector("html[data-ready]")


def test_without_a_session_it_leads_to_signing_in_and_back(clerk: Counter) -> None:
    clerk.page.goto(f"{clerk.market.address}/record")
    clerk.page.wait_for_url("**/signin?next=%2Frecord")
    clerk.page.fill("#key", clerk.market.clerk_key)
    clerk.page.press("#key", "Enter")
    clerk.page.wait_for_selector("html[data-ready]")
    assert clerk.page.url == f"{clerk.market.address}/record"


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_every_word_is_said_in_every_language(lang: str, clerk: Counter) -> None:
    entries = re.findall(r'^  "?([\w.:-]+)"?: (\[.*\]),$', WORDS.read_text("utf-8"), re.MULTILINE)
    assert len(entries) > 80
    assert [name for name, texts in entries if len(json.loads(texts)) != 3] == []
    clerk.open(lang=lang)
    said = clerk.page.inner_text("body")
    assert re.findall(r"\b(?:field|code|error|list|verdict|status|scope|reverse|quote)\.[a-z_]+", said) == []


def test_axe_finds_nothing(market: Market, chromium: Any) -> None:
    clerk = Counter(market, chromium, viewport={"width": 360, "height": 800})
    clerk.open()
    assert clerk.violations() == []
    clerk.find()
    clerk.enter("12,5")
    clerk.page.wait_for_selector("#amount_cny[aria-invalid]")
    assert clerk.violations() == []
    clerk.page.fill("#amount_cny", "10")
    clerk.page.wait_for_selector("#verdict.exempt")
    clerk.post()
    clerk.page.wait_for_selector("#qr", timeout=15_000)
    clerk.page.click("#undo")
    clerk.page.fill("#reason", "x")
    clerk.page.click("#reverse")
    for width in (360, 1280):
        clerk.page.set_viewport_size({"width": width, "height": 800})
        assert clerk.violations() == []
        assert clerk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling to the side"
    clerk.context.close()
