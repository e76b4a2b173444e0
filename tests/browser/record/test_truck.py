"""A truck for 53 residents: a scan, a weight and Enter for each, and the goods typed once."""

from decimal import ROUND_HALF_UP, Decimal

from tests.browser.record.counters import Counter, Market
from tests.builders import a_registration

RESIDENTS = 53
KEYS_MAX = 320
FIRST = 2_000
PRICE = "16.67"
TRUCK = {
    "commodity": "熟牛肉", "hs_code": "16025010", "price": PRICE, "consignment": "MN-2026-0417",
    "vehicle_plate": "蒙H12345", "seller": "乌兰巴托肉类公司",
}  # fmt: skip


def _register(market: Market, count: int) -> list[str]:
    bodies = [a_registration(FIRST + n) for n in range(count)]
    return [market.server.ask("POST", "/v1/residents", body, market.admin)[1]["resident_id"] for body in bodies]


def _goods(clerk: Counter) -> None:
    for name, value in TRUCK.items():
        clerk.page.fill(f"#{name}", value)
    clerk.page.select_option("#category", "meat")
    clerk.page.select_option("#origin", "MN")


def test_a_truck_of_53_residents_takes_53_scans_and_320_keys(clerk: Counter) -> None:
    residents = _register(clerk.market, RESIDENTS)
    clerk.open()
    _goods(clerk)
    clerk.page.click("#pin")
    clerk.page.click("#who-is")
    scans = keys = 0
    weights = [f"{400 + n}.{n % 10}" for n in range(RESIDENTS)]
    for resident, weight in zip(residents, weights, strict=True):
        clerk.scan(resident)
        scans += 1
        for key in [*weight, "Enter"]:
            clerk.page.keyboard.press(key)
            keys += 1
    clerk.wait_for_text("#posted", residents[-1])
    assert scans == RESIDENTS
    assert keys <= KEYS_MAX
    for resident, weight in zip(residents, weights, strict=True):
        (entry,) = clerk.market.statement(resident)
        amount = (Decimal(weight) * Decimal(PRICE)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        told = {name: entry[name] for name in ("commodity", "hs_code", "consignment", "vehicle_plate", "seller")}
        assert told == {name: value for name, value in TRUCK.items() if name != "price"}
        assert (entry["quantity_kg"], entry["amount_cny"]) == (f"{weight}00", str(amount)), resident
        assert entry["category"] == "meat"


def test_a_pinned_line_is_put_away_and_survives_a_reload(clerk: Counter) -> None:
    clerk.open()
    clerk.page.click("#pin")
    assert clerk.focused() == "category", "goods that are not known can't be pinned"
    _goods(clerk)
    clerk.page.click("#pin")
    assert clerk.page.is_hidden("#commodity")
    assert clerk.focused() == "quantity_kg"
    clerk.page.reload()
    clerk.page.wait_for_selector("html[data-ready]")
    said = clerk.text("#pinned-line")
    for part in (
        "熟牛肉",
        "16025010",
        "Mongolia",
        "16.67 CNY / kg",
        "MN-2026-0417",
        "蒙H12345",
        "乌兰巴托肉类公司",
        "Imports",
        "Meat",
    ):
        assert part in said
    clerk.page.click("#pin")
    assert clerk.page.input_value("#vehicle_plate") == "蒙H12345"


def test_what_is_refused_in_a_pinned_line_is_shown(clerk: Counter) -> None:
    clerk.open()
    _goods(clerk)
    clerk.page.fill("#hs_code", "0205")
    clerk.page.click("#pin")
    clerk.scan(clerk.resident)
    clerk.wait_for_text("#resident", clerk.resident)
    clerk.page.keyboard.type("10")
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_selector("#hs_code[aria-invalid]")
    assert clerk.page.is_visible("#hs_code")
    assert clerk.page.get_attribute("#pin", "aria-pressed") == "false"


def test_direction_seller_and_trade_point_can_be_chosen(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.page.select_option("#direction", "export")
    clerk.enter("500", seller="二连浩特商贸")
    clerk.page.select_option("#origin", "CN")
    clerk.page.select_option("#trade_point", "erenhot-city")
    clerk.page.wait_for_selector("#verdict.export")
    clerk.post()
    (entry,) = clerk.market.statement(clerk.resident)
    told = [entry[name] for name in ("direction", "origin", "seller", "trade_point")]
    assert told == ["export", "CN", "二连浩特商贸", "erenhot-city"]
    clerk.page.select_option("#direction", "import")
    assert "CN" not in clerk.page.eval_on_selector_all("#origin option", "all => all.map(each => each.value)")
    assert clerk.page.input_value("#origin") == "", "what is imported does not come from home"
