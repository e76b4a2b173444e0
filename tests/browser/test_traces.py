"""The page of traces: a picture that the keyboard reaches, a table of the same figures, and the trades behind them."""

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import quote

import pytest

from tests.after_market import AfterMarket
from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_registration
from tests.servers import environment_of_new_ledger, serving
from tests.trace.served import Posting

TRUCKS = 14
LANGUAGES = {"zh": "加工批次", "en": "Processing batch", "mn": "боловсруулалт"}


class Traced(Bureau):
    """A served market with a batch of fourteen trucks, and a truck of which a part has gone on."""

    trades: list[str]
    """A trade of each truck."""
    part: str
    """The trade of which a part has gone on."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """Fills and serves it."""
    folder = tmp_path_factory.mktemp("traced")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Traced(server, environment)
        found.key = found.new_key("admin")
        posting = Posting(server, found.key)
        for n in range(3):
            assert posting.post("/v1/residents", a_registration(n)).status_code == 201
        after = AfterMarket(cast(Any, posting))
        maker, oil = after.enterprise(name="草原肉业"), after.enterprise(name="口岸商行", kinds=["trader"])
        found.trades = [
            after.trade(1 + n % 3, consignment=f"EL-{n:02d}", quantity_kg=str(50 + n), origin="MN" if n % 4 else "RU")
            for n in range(TRUCKS)
        ]
        [found.part] = [after.trade(3, consignment="EL-99")]
        sent = [after.transfer(maker, *found.trades[:8]), after.transfer(maker, *found.trades[8:])]
        line = {"transaction_id": found.part, "quantity_kg": "20"}
        after.transfer(oil, purpose="secondary_market", lines=[line])
        outputs = [{"commodity": "酱牛肉", "quantity_kg": "500", "amount_cny": "30000.00"}]
        outputs.append({"commodity": "骨", "quantity_kg": "40"})
        assert after.put_in(maker, *(one["transfer_id"] for one in sent), outputs=outputs).status_code == 201
        yield found


class Reader(Clerk):
    """A person who looks at traces."""

    def look(self, query: str) -> None:
        """Signs in, and opens the page of traces."""
        self.page.goto(f"{self.bureau.address}/signin?next={quote(f'/trace?{query}', safe='')}#key={self.bureau.key}")
        self.page.wait_for_selector("html[data-ready]")

    def rows(self, where: str) -> list[list[str]]:
        """The cells of a table's rows, as they are shown."""
        script = f"[...document.querySelectorAll('{where} tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
        rows: list[list[str]] = self.page.evaluate(script)
        return rows

    def boxes(self) -> list[str]:
        """What each box of the picture says of itself."""
        labels = "all => all.map(box => box.getAttribute('aria-label').replaceAll('\\u00a0', ' '))"
        said: list[str] = self.page.eval_on_selector_all("#picture .box", labels)
        return said


@pytest.fixture
def reader(market: Traced, chromium: Any) -> Iterator[Reader]:
    """A reader of English on a light screen."""
    found = Reader(market, chromium, color_scheme="light")
    yield found
    found.context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_batch_is_shown_as_a_picture_and_a_table_of_the_same_figures(reader: Reader, lang: str) -> None:
    reader.look(f"batch=B00000001&lang={lang}")
    assert LANGUAGES[lang] in reader.page.text_content("#subject")
    boxes = reader.boxes()
    assert len(boxes) == 2 + 12 + 2 + 1 + 1 + 2, "three of the fourteen trucks are one box"
    flows = reader.rows("#flows")
    assert len(flows) == reader.page.locator("#picture .ribbon").count()
    drawn = {(row[0], row[2]) for row in flows}
    assert any("草原肉业" in source and weight == "791.000" for source, weight in drawn)
    assert len(reader.rows("#all-flows")) == 14 + 14 + 2 + 1 + 2
    assert reader.violations() == []
    assert reader.complaints == []


def test_the_keyboard_reaches_each_box_and_its_figures_stand_in_text(reader: Reader) -> None:
    reader.look("batch=B00000001&lang=en")
    reader.page.focus("#by-amount_cny")
    reader.page.keyboard.press("Tab")
    for said in reader.boxes():
        assert reader.page.evaluate("document.activeElement.getAttribute('aria-label')").replace("\u00a0", " ") == said
        assert reader.page.text_content("#readout").replace("\u00a0", " ") == said
        assert reader.page.locator("#picture .ribbon.on").count() > 0
        reader.page.keyboard.press("Tab")
    named = (
        "svg => ['labelled', 'described'].map(by => svg.getElementById(svg.getAttribute(`aria-${by}by`)).textContent)"
    )
    name, description = reader.page.eval_on_selector("#picture svg", named)
    assert name == "Flow of goods"
    assert description.startswith("From left to right: Origin, Truck, Transfer, Enterprise, Processing batch, Output.")


def test_boxes_lead_to_other_traces_and_back(reader: Reader) -> None:
    reader.look("batch=B00000001&lang=en")
    reader.page.click("#picture a.consignment")
    reader.page.wait_for_selector("html[data-ready]")
    assert reader.page.text_content("#subject").startswith("Truck EL-")
    assert "Other goods in the same batches" in " ".join(reader.boxes())
    reader.page.click("#picture a.output >> nth=0")
    reader.page.wait_for_selector("html[data-ready]")
    assert reader.page.text_content("#subject") == "Output 1 of processing batch B00000001"


def test_a_truck_says_what_has_not_gone_on(reader: Reader) -> None:
    reader.look("lang=en")
    assert reader.page.is_hidden("#found")
    reader.page.select_option("#of", "consignment")
    reader.page.fill("#id", "EL-99")
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_selector("#picture svg")
    assert "Truck EL-99: 50.000 kg, 1,000.00 CNY; 30.000 kg of it stay here" in reader.boxes()
    assert ["Truck EL-99", "stays here", "30.000", "600.00"] in reader.rows("#flows")
    assert "consignment=EL-99" in reader.page.url
    assert reader.page.evaluate("document.activeElement.id") == "subject"


def test_a_trade_is_found_from_its_entry(reader: Reader, market: Traced) -> None:
    reader.look("lang=en")
    reader.page.goto(f"{market.address}/transactions?entry={market.part}&lang=en")
    reader.page.click("#to-trace")
    reader.page.wait_for_selector("#picture svg")
    assert reader.page.text_content("#subject") == f"Trade {market.part}"
    [row] = reader.rows("#trades")
    assert row[1:3] == ["R00000003", "阿****格"]


def test_what_does_not_exist_is_said(reader: Reader) -> None:
    reader.look("batch=B00000099&lang=en")
    assert reader.page.text_content("#refused") == "There is no such one."
    assert reader.page.is_hidden("#found")


@pytest.mark.parametrize("query", ["batch=B00000001&lang=mn", "consignment=EL-99&lang=zh"])
def test_on_a_phone_the_columns_stand_below_each_other(market: Traced, chromium: Any, query: str) -> None:
    phone = Reader(market, chromium, viewport={"width": 390, "height": 800}, color_scheme="light")
    phone.look(query)
    assert phone.page.locator("#picture svg.tall").count() == 1
    assert phone.page.evaluate("document.getElementById('trace').scrollWidth <= innerWidth")
    inside = "all => all.every(text => text.getBoundingClientRect().right <= innerWidth)"
    assert phone.page.eval_on_selector_all("#picture text", inside)
    assert phone.violations() == []
    phone.context.close()


def test_texts_of_the_picture_do_not_lie_on_each_other(reader: Reader, market: Traced) -> None:
    for query in ("batch=B00000001&lang=zh", "batch=B00000001&lang=mn", f"transaction={market.trades[0]}"):
        reader.look(query)
        overlapping = reader.page.eval_on_selector_all("#picture .names text", OVERLAPPING)
        assert overlapping == [], query


OVERLAPPING = """texts => {
    const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
    return boxes.flatMap(([name, one], n) => boxes.slice(n + 1).filter(([, other]) =>
        one.left + 1 < other.right && other.left + 1 < one.right &&
        one.top + 3 < other.bottom && other.top + 3 < one.bottom
    ).map(([other]) => [name, other]));
}"""
