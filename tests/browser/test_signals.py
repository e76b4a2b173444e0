"""The page of signals: a period is chosen, signals stand under their rules, and each leads to its trades."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_registration, a_trade
from tests.servers import environment_of_new_ledger, serving

RULES = 5
MAY = datetime.date(2024, 5, 3)


def _trades() -> Iterator[dict[str, Any]]:
    """A truck that one person declares, twenty days of one resident at the limit, and an unusual price."""
    for n in range(1, 23):
        yield a_trade(
            resident_id=f"R{n:08d}", amount_cny="7700.00", consignment="P-1", seller="Сайн ХХК",
            declarant_id="R00000023", traded_at="2024-05-31T10:00:00+08:00", quantity_kg="385",
        )  # fmt: skip
    for n in range(20):
        day = MAY + datetime.timedelta(days=n)
        yield a_trade(
            resident_id="R00000024", amount_cny="8000.00", quantity_kg="400", traded_at=f"{day}T10:00:00+08:00"
        )
    yield a_trade(
        amount_cny="900.00", quantity_kg="10", traded_at="2024-05-30T10:00:00+08:00", declarant_id="R00000023"
    )


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """A served market with a signal of each rule in May 2024."""
    folder = tmp_path_factory.mktemp("market")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Bureau(server, environment)
        found.key = found.new_key("admin")
        admin = {"Authorization": f"Bearer {found.key}"}
        for n in range(24):
            assert server.ask("POST", "/v1/residents", a_registration(n), admin)[0] == 201
        given = {"representative_id": "R00000023", "resident_ids": [f"R{n:08d}" for n in range(1, 23)]}
        given |= {"valid_from": "2024-01-01", "valid_until": "2024-12-31"}
        assert server.ask("POST", "/v1/mandates", given, admin)[0] == 201
        items = [{"key": f"t-{n}", **trade} for n, trade in enumerate(_trades())]
        status, answer, _ = server.ask("POST", "/v1/transactions/batch", {"items": items}, admin)
        assert (status, answer["refused"]) == (200, 0), answer
        yield found


class Inspector(Clerk):
    """A person at the page of signals."""

    def open(self, question: str = "period=2024-05", lang: str = "en", key: str | None = None) -> None:
        goes_to = f"/signals?{question}&lang={lang}".replace("?", "%3F").replace("&", "%26").replace("=", "%3D")
        self.page.goto(f"{self.bureau.address}/signin?next={goes_to}#key={key or self.bureau.key}")
        self.page.wait_for_selector("html[data-ready]")

    def readings(self) -> int:
        return len(self.bureau.report("/v1/audit?action=signals:read")["items"])

    def rules(self) -> list[str]:
        """The rules on the page, each with the number of its signals."""
        count = "all => all.map(each => `${each.dataset.rule} ${each.querySelectorAll('li').length}`)"
        return [str(one) for one in self.page.eval_on_selector_all("#found > section", count)]


@pytest.fixture
def inspector(market: Bureau, chromium: Any) -> Iterator[Inspector]:
    found = Inspector(market, chromium, color_scheme="light")
    yield found
    found.context.close()


def test_each_rule_stands_with_its_signals_and_what_they_do_not_say(inspector: Inspector) -> None:
    inspector.open()
    assert inspector.rules() == [
        "consignment-one-buyer 1", "key-many-residents 1", "resident-at-limit 1", "price-of-month 1",
        "never-self-declared 1",
    ]  # fmt: skip
    shown = inspector.page.inner_text("[data-rule=consignment-one-buyer]")
    assert "22 residents at the limit (a signal from 10 on)" in shown
    assert "One person declared for all of them: 阿****格 (R00000023)" in shown
    assert "trades: 22, residents: 22, 169,400.00 CNY" in shown
    assert "looks just like this" in shown
    assert "no verdict" in inspector.page.inner_text(".note")
    assert "20 days at the limit" in inspector.page.inner_text("[data-rule=resident-at-limit]")
    assert "highest price 90.00 CNY/kg (usual up to 20.00)" in inspector.page.inner_text("[data-rule=price-of-month]")
    assert inspector.complaints == []


def test_a_signal_leads_to_the_trades_behind_it(inspector: Inspector) -> None:
    inspector.open()
    inspector.page.click("[data-rule=consignment-one-buyer] li a")
    inspector.page.wait_for_selector("#rows tbody")
    assert inspector.page.locator("#rows tbody tr").count() == 22
    assert inspector.page.text_content("#found-title") == "Live trades: 22; reversals: 0"


def test_another_period_is_read_once_and_other_words_are_not(inspector: Inspector) -> None:
    inspector.open()
    before = inspector.readings()
    inspector.page.click(".languages [data-lang=zh]")
    assert inspector.page.inner_text("h1") == "核查线索"
    assert "满额边民 22 名" in inspector.page.inner_text("[data-rule=consignment-one-buyer]")
    inspector.page.click("#theme")
    assert inspector.readings() == before, "the audit has a reading for each question, and for nothing else"
    inspector.page.click("#earlier")
    inspector.page.wait_for_selector("#found[aria-busy=false]")
    inspector.wait_until("document.querySelectorAll('#found li').length === 0")
    assert inspector.readings() == before + 1
    assert "period=2024-04" in inspector.page.url
    assert inspector.page.locator("#found > section").count() == RULES


def test_a_rule_and_a_trade_point_narrow_the_page(inspector: Inspector) -> None:
    inspector.open()
    inspector.page.select_option("#rule", "price-of-month")
    inspector.wait_until("document.querySelectorAll('#found > section').length === 1")
    assert inspector.rules() == ["price-of-month 1"]
    inspector.page.go_back()
    inspector.wait_until("document.querySelectorAll('#found > section').length === 5")
    inspector.open("period=2024-05&trade_point=nowhere")
    assert inspector.page.inner_text("#refusal") != ""


def test_a_key_without_the_scope_is_told_so_and_reads_nothing(inspector: Inspector, market: Bureau) -> None:
    before = inspector.readings()
    inspector.open(key=market.new_key("reports:read"))
    assert "lacks the scope signals:read" in inspector.page.inner_text("#alert")
    assert inspector.readings() == before
    assert not inspector.page.locator(".pages [href='/signals'][data-needs]").count()


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_everybody_can_use_it_also_on_a_phone(inspector: Inspector, lang: str) -> None:
    inspector.open(lang=lang)
    assert inspector.violations() == []
    inspector.page.set_viewport_size({"width": 360, "height": 740})
    assert inspector.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert inspector.violations() == []
