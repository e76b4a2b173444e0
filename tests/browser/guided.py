"""The market that the clerk's guide shows, and the person who takes its pictures. All people are invented."""

import pathlib
import re
from typing import Any

from service.rendering.words import catalogue
from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_registration, a_trade
from tests.servers import call_hushi

PADDING_PX = 12
SIZE_MAX = 150_000
SIZE_MIN = 3_000
NAMES = (
    "苏日娜",
    "那顺乌力吉",
    "王秀兰",
    "巴特尔",
    "乌云其木格",
    "李志强",
    "斯琴高娃",
    "赵国庆",
    "阿拉坦其其格",
    "陈建军",
)
CLERK = "一号窗口"
GROUP = "陶力互助组"
MEMBERS = [f"R{n:08d}" for n in range(1, 7)]
SCOPES = (
    "residents:read", "residents:write", "transactions:read", "transactions:write", "ledger:verify", "reports:read",
)  # fmt: skip
USUAL = ("22.00", "22.50", "21.80", "22.20")


SENTENCES = ("brief", "phrase", "report", "bulletin", "rules")
"""Words that no page of a guide has; some of them are nothing but a place for a figure."""


def is_word(quoted: str) -> bool:
    """Whether a page says this; `{count}` in a word is a figure, and a button that asks more ends with an ellipsis."""
    said = [re.escape(word) for key, word in catalogue()["zh"].items() if key.split(".")[0] not in SENTENCES]
    patterns = [re.sub(r"\\{[a-z_]+\\}", ".+", word) for word in said]
    return any(re.fullmatch(f"{pattern}…?", quoted) for pattern in patterns)


class Guided(Bureau):
    """A served ledger with residents, a group, and the usual price of one commodity."""

    def fill(self) -> None:
        """Registers the people, and posts enough trades of earlier days that a price can be unusual."""
        made = call_hushi(self.environment, "keys", "create", "--name", "备案窗口", "--scope", "admin")
        self.admin = {"Authorization": f"Bearer {made.stdout.strip()}"}
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        self.clerk_key = call_hushi(self.environment, "keys", "create", "--name", CLERK, *scopes).stdout.strip()
        for n, name in enumerate(NAMES):
            self.send("/v1/residents", a_registration(n, name=name, settlement=("陶力嘎查", "锡林社区")[n % 2]))
        self.send("/v1/groups", {"name": GROUP, "kind": "mutual_aid"})
        self.send("/v1/groups/G000001/members", {"resident_ids": MEMBERS})

    def send(self, path: str, body: Any) -> Any:
        """Posts a body as the administrator, and returns the document."""
        status, answer, _ = self.server.ask("POST", path, body, self.admin)
        assert status in (200, 201), answer
        return answer

    def make_price_usual(self, commodity: str, day: str) -> None:
        """Posts trades of a commodity at about one price, on a day before."""
        at = f"{day}T09:00:00+08:00"
        trades = [
            a_trade(key=f"usual-{n}", resident_id=f"R{7 + n % 3:08d}", commodity=commodity, hs_code="02050000",
                    quantity_kg=str(1 + n), amount_cny=str(round((1 + n) * float(USUAL[n % 4]), 2)), traded_at=at)
            for n in range(24)
        ]  # fmt: skip
        status, answer, _ = self.server.ask("POST", "/v1/transactions/batch", {"items": trades}, self.admin)
        assert (status, answer["refused"]) == (200, 0), answer


class Guide(Clerk):
    """Somebody who walks through the pages in Chinese and takes the pictures of the guide."""

    def __init__(self, place: Guided, chromium: Any, folder: pathlib.Path) -> None:
        super().__init__(place, chromium, color_scheme="light", locale="zh", viewport={"width": 1000, "height": 1400})
        self.place = place
        self.folder = folder
        self.taken: set[str] = set()

    def open(self, page: str) -> None:
        """Opens a page as the clerk of the guide, signed in."""
        self.page.goto(f"{self.bureau.address}/signin?next=/{page}%3Flang%3Dzh#key={self.place.clerk_key}")
        self.page.wait_for_selector("html[data-ready]")

    def fill(self, form: str, **values: str) -> None:
        """Types into fields whose ids begin with the name of a form, or chooses in them."""
        for name, value in values.items():
            field = self.page.locator(f"#{form}{name}")
            if field.evaluate("field => field.nodeName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def text(self, selector: str) -> str:
        return (self.page.text_content(selector) or "").replace("\u00a0", " ")

    def picture(self, name: str, *selectors: str) -> None:
        """Takes a picture of what holds all these elements, and nothing else."""
        self.page.evaluate("document.activeElement.blur()")
        self.page.mouse.move(0, 0)
        self.page.evaluate("scrollTo(0, 0)")
        boxes = [self.page.locator(selector).first.bounding_box() for selector in selectors]
        assert all(boxes), f"{name}: {selectors} must be in sight"
        left = min(box["x"] for box in boxes) - PADDING_PX
        top = min(box["y"] for box in boxes) - PADDING_PX
        right = max(box["x"] + box["width"] for box in boxes) + PADDING_PX
        bottom = max(box["y"] + box["height"] for box in boxes) + PADDING_PX
        clip = {"x": max(0, left), "y": max(0, top), "width": right - max(0, left), "height": bottom - max(0, top)}
        path = self.folder / f"{name}.png"
        self.page.screenshot(path=path, clip=clip, full_page=True, animations="disabled", caret="hide")
        size = path.stat().st_size
        assert SIZE_MIN < size <= SIZE_MAX, f"{name}: {size} bytes"
        assert name not in self.taken
        self.taken.add(name)
