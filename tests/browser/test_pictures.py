"""A picture of every page, in every language, light and dark, wide and on a phone, to be looked at.

`HUSHI_PICTURES=folder python -m pytest tests/browser/test_pictures.py` keeps them. With `HUSHI_PICTURES_OF=URL`,
`HUSHI_PICTURES_KEY` and `HUSHI_PICTURES_ASK` they are of a running service, such as that of `make run`: so
docs/dashboard.png was made (ytd=2024-04-30, English, light, wide). Pages that are printed are kept as PDF.
"""

import itertools
import os
import pathlib
import struct
from typing import Any

import pytest

from tests.browser.clerks import QUESTION, Bureau, Clerk
from tests.browser.delivered import choose_goods, deliver, process, register_enterprise

ASK = os.environ.get("HUSHI_PICTURES_ASK", QUESTION)
SIZES = {"wide": (1280, 900), "phone": (360, 800)}

PAGES = {
    "dashboard": (f"/?{ASK}&lang={{lang}}", "#filters #origin-MN"),
    "empty": ("/?period=2020&lang={lang}", "#note:not([hidden])"),
    "error": ("/?from=2024-05-01&to=2024-01-01&lang={lang}", "#state:not([hidden])"),
    "record": ("/record?lang={lang}", "html[data-ready]"),
    "transactions": ("/transactions?from=2024-06-01&to=2024-06-30&lang={lang}", "#rows tbody"),
    "entry": ("/transactions?from=2024-06-01&to=2024-06-30&lang={lang}", "#rows tbody"),
    "handover": ("/transactions?view=handover&from=2024-06-01&to=2024-06-30&lang={lang}", "#handover-rows"),
    "residents": ("/residents?lang={lang}", "html[data-ready]"),
    "found": ("/residents?lang={lang}", "html[data-ready]"),
    "trucks": ("/consignments?lang={lang}", "html[data-ready]"),
    "split": ("/consignments?lang={lang}", "html[data-ready]"),
    "enterprises": ("/enterprises?lang={lang}", "html[data-ready]"),
    "transfers": ("/transfers?lang={lang}", "html[data-ready]"),
    "note": ("/transfers?lang={lang}", "html[data-ready]"),
    "batch": ("/transfers?lang={lang}", "html[data-ready]"),
    "counter": ("/record?lang={lang}", "html[data-ready]"),
    "question": ("/record?lang={lang}", "html[data-ready]"),
    "bulletin": ("/v1/reports/bulletin?month=2024-04&format=html&lang={lang}", "#days"),
    "refusal": ("/nowhere?lang={lang}", ".refusal"),
    "signin": ("/signin?lang={lang}", "#key"),
    "docs": ("/docs", "main"),
}
"""The address of each page, and what is there once it can be looked at."""


_truck_numbers = itertools.count(1)
"""All pictures are of one service, whose list of trucks has several pages."""

POSTED = {"trucks", "split", "enterprises", "transfers", "note", "batch"}
"""Pages that something is written for: nothing is, into a service that runs already."""

RARE = {"empty", "error", "refusal", "docs"}
RARE_LOOKS = {("light", "wide"), ("dark", "phone")}
"""Pages that few see are looked at in two ways only: pictures take time. The reference is in English."""


def _find(page: Any) -> None:
    page.fill("#who-is", "R00000001")
    page.press("#who-is", "Enter")
    page.wait_for_selector("#allowance-text")


def _propose(page: Any) -> None:
    """A truck is registered, and a split of it among a group is proposed."""
    number = next(_truck_numbers)
    page.select_option("#register-0-category", "meat")
    goods = {"0-commodity": "熟牛肉", "0-hs_code": "16025010", "0-quantity_kg": "60", "0-amount_cny": "1000.20"}
    truck = {"consignment": f"EL-2026-{number:04d}", "vehicle_plate": "蒙H12345", "seller": "乌兰巴托肉类公司"}
    for name, value in {**goods, **truck}.items():
        page.fill(f"#register-{name}", value)
    page.click("#register-send")
    page.wait_for_selector("#truck:not([hidden])")
    page.select_option("#split-group_id", "G000001")
    page.select_option("#split-policy", "even")
    page.click("#split-send")
    page.wait_for_selector("#split-post:enabled")


def _split(page: Any) -> None:
    """And it is posted; its list is shown, and the mandates of a representative below."""
    _propose(page)
    page.click("#split-post")
    page.wait_for_selector("#proposal-tools #print")
    page.locator("#truck-title").scroll_into_view_if_needed()


def _open(page: Any) -> None:
    page.click("#rows tbody a")
    page.wait_for_selector("#qr", timeout=15_000)


def _show_resident(page: Any) -> None:
    page.fill("#find-who", "R00000001")
    page.press("#find-who", "Enter")
    page.wait_for_selector("#allowance-text")
    page.click("#changing summary")
    page.select_option("#change-status", "cancelled")
    page.click("#open-G000001")
    page.wait_for_selector("#group-members tbody tr")


def _search(page: Any) -> None:
    page.fill("#find-who", "阿拉坦")
    page.press("#find-who", "Enter")
    page.wait_for_selector("#found button")


def _pin(page: Any) -> None:
    """The goods and the truck of many residents are put away; one of them is found, and a weight may be two."""
    goods = {"commodity": "熟牛肉", "hs_code": "16025010", "price": "16.67", "vehicle_plate": "蒙H12345"}
    for name, value in {**goods, "consignment": "MN-2026-0417", "seller": "乌兰巴托肉类公司"}.items():
        page.fill(f"#{name}", value)
    for name, value in {"category": "meat", "origin": "MN"}.items():
        page.select_option(f"#{name}", value)
    page.click("#pin")
    _find(page)
    page.fill("#quantity_kg", "471.250")
    page.wait_for_selector("#quantity_kg-decimal")


def _ask(page: Any) -> None:
    """A taxed line, that is asked about and not posted; the next resident is scanned meanwhile."""
    page.click("#pin")
    _find(page)
    page.fill("#quantity_kg", "600")
    page.press("#quantity_kg", "Enter")
    page.wait_for_selector("#ask-yes:enabled")
    page.keyboard.type("R00000002")
    page.keyboard.press("Enter")
    page.wait_for_selector("#asking .waiting button")


DONE_THERE = {
    "record": _find,
    "counter": _pin,
    "question": _ask,
    "trucks": _propose,
    "split": _split,
    "enterprises": register_enterprise,
    "transfers": lambda page: choose_goods(page, _split),
    "note": lambda page: deliver(page, _split),
    "batch": lambda page: process(page, _split),
    "entry": _open,
    "residents": _show_resident,
    "found": _search,
}
"""The actions on a page before its picture is taken."""


class Elsewhere(Bureau):
    """A service that runs already, with one key for everything."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.key = os.environ["HUSHI_PICTURES_KEY"]

    def new_key(self, _scope: str) -> str:
        return self.key


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Any:
    """The service whose pages are pictured."""
    address = os.environ.get("HUSHI_PICTURES_OF")
    return Elsewhere(address) if address else request.getfixturevalue("bureau")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Where the pictures are put."""
    kept = os.environ.get("HUSHI_PICTURES")
    found = pathlib.Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    found.mkdir(exist_ok=True)
    return found


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_can_be_looked_at(place: Bureau, chromium: Any, folder: pathlib.Path, size: str, lang: str) -> None:
    wide, high = SIZES[size]
    officer = Clerk(place, chromium, viewport={"width": wide, "height": high}, locale=lang)
    officer.page.goto(f"{place.address}/signin?next=/#key={place.new_key('admin')}")
    officer.wait_for_report()
    for name, (address, ready) in PAGES.items():
        if (name == "docs" and lang != "en") or (name in POSTED and isinstance(place, Elsewhere)):
            continue
        officer.page.goto(place.address + address.format(lang=lang))
        officer.page.wait_for_selector(ready, state="attached")
        DONE_THERE.get(name, lambda _page: None)(officer.page)
        for scheme in ("light", "dark"):
            if name in RARE and (scheme, size) not in RARE_LOOKS:
                continue
            officer.page.emulate_media(color_scheme=scheme)
            picture = folder / f"{name}-{lang}-{scheme}-{size}.png"
            officer.page.screenshot(path=picture, full_page=size == "phone")
            shown = picture.read_bytes()
            assert struct.unpack(">I", shown[16:20]) == (wide,), "nothing makes the page wider than its window"
            assert len(shown) > 5_000, "there is something on it"
    officer.context.close()


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_what_is_printed_can_be_looked_at(place: Bureau, chromium: Any, folder: pathlib.Path, lang: str) -> None:
    officer = Clerk(place, chromium, color_scheme="dark", locale=lang)
    officer.page.goto(f"{place.address}/signin?next=/#key={place.new_key('admin')}")
    officer.wait_for_report()
    for name in ("dashboard", "residents", "bulletin", "transactions", "handover", "split", "note", "batch"):
        if name in POSTED and isinstance(place, Elsewhere):
            continue
        address, ready = PAGES[name]
        officer.page.goto(place.address + address.format(lang=lang))
        officer.page.wait_for_selector(ready, state="attached")
        DONE_THERE.get(name, lambda _page: None)(officer.page)
        printed = officer.page.pdf(path=folder / f"{name}-{lang}.pdf", format="A4", prefer_css_page_size=True)
        assert len(printed) > 20_000, "there is something on it"
    officer.context.close()


def test_receipts_can_be_looked_at(place: Bureau, chromium: Any, folder: pathlib.Path) -> None:
    """Of a trade and of its reversal; not in a service that runs already, where it would be posted for good."""
    if isinstance(place, Elsewhere):
        pytest.skip("nothing is posted into another service")
    clerk = Clerk(place, chromium, color_scheme="light", viewport={"width": 1280, "height": 1600})
    clerk.page.goto(f"{place.address}/signin?next=/record#key={place.new_key('admin')}")
    clerk.page.wait_for_selector("html[data-ready]")
    _find(clerk.page)
    for name, value in {"commodity": "冻马肉", "quantity_kg": "50", "amount_cny": "1000"}.items():
        clerk.page.fill(f"#{name}", value)
    for name, value in {"category": "meat", "origin": "MN"}.items():
        clerk.page.select_option(f"#{name}", value)
    clerk.page.click("#post")
    clerk.page.wait_for_selector("#qr", timeout=15_000)
    clerk.page.screenshot(path=folder / "receipt.png")
    clerk.page.pdf(path=folder / "receipt.pdf", prefer_css_page_size=True)
    clerk.page.click("#undo")
    clerk.page.fill("#reason", "称重有误")
    clerk.page.click("#reverse")
    clerk.page.click("#reverse-yes")
    clerk.page.wait_for_selector("#why-not")
    clerk.page.screenshot(path=folder / "reversal.png")
    clerk.context.close()
