"""The limits on the pages are the limits of the API: they are compared with its schemas, and tried against it."""

import json
import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from schemas.choices import OneOf
from schemas.fields import Text, TradingDay
from schemas.residents import ReasonSchema, ResidentListQuerySchema
from schemas.transactions import TradeSchema
from service.domain.cells import DIMENSIONS
from service.domain.money import CNY_LENGTH_MAX, CNY_PATTERN, KG_LENGTH_MAX, KG_PATTERN
from service.http.sessions import LIFETIME
from service.http.web.catalogue import MODULE
from service.http.web.page_links import PAGES
from service.http.web.shell import STATIC, modules_of
from tests.builders import a_trade
from tests.conftest import Caller

ROOT = pathlib.Path(__file__).parents[2]
TEMPLATES = ROOT / "service/http/web/templates"
SCRIPTS = list(pathlib.Path(str(STATIC)).glob("*.js"))


def _limits(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="limits">(.+?)</script>', page)
    assert found is not None
    return json.loads(found[1])


@pytest.fixture
def stranger(call: Callable[..., Caller]) -> Caller:
    return call(None)


@pytest.mark.parametrize("path", [page.address for page in PAGES.values()])
def test_each_page_with_a_shell_is_told_the_limits_of_the_schemas(stranger: Caller, path: str) -> None:
    told = _limits(stranger.get(path).text)
    fields = TradeSchema().fields | ReasonSchema().fields
    texts = {name: field.length_max for name, field in fields.items() if isinstance(field, Text)}
    assert texts.items() <= told["lengths_max"].items()
    assert told["lengths_max"]["reason"] == 200
    over_allowance = fields["over_allowance"]
    assert isinstance(over_allowance, OneOf)
    assert told["over_allowance"] == list(over_allowance.choices)
    assert sorted(told["filters"]) == sorted(DIMENSIONS)
    limit: Any = ResidentListQuerySchema().fields["limit"]
    assert told["page_limit_max"] == limit.most
    assert str(TradingDay().deserialize(told["first_day"])) == told["first_day"]


def test_fields_of_the_clerks_page_are_as_long_as_the_schemas_say(stranger: Caller) -> None:
    page = stranger.get("/record").text
    shown = {name: int(length) for name, length in re.findall(r'<input id="(\w+)"[^>]* maxlength="(\d+)"', page)}
    lengths = _limits(page)["lengths_max"]
    assert set(shown) == {
        "commodity", "hs_code", "quantity_kg", "amount_cny", "consignment", "vehicle_plate", "seller", "reference",
    }  # fmt: skip
    assert shown == {name: lengths[name] for name in shown}


def test_the_api_takes_what_a_page_takes_and_no_more(stranger: Caller, call: Callable[..., Caller]) -> None:
    """A quote judges a body by the same schema as a post; its resident is unknown, which is told after the body."""
    writer = call("transactions:write")
    lengths = _limits(stranger.get("/record").text)["lengths_max"]
    for name in ("commodity", "consignment", "vehicle_plate", "reference", "seller"):
        fits = writer.post("/v1/transactions/quote", a_trade(**{name: "重" * lengths[name]}))
        too_long = writer.post("/v1/transactions/quote", a_trade(**{name: "重" * (lengths[name] + 1)}))
        assert fits.json is not None
        assert fits.json["code"] != "validation-failed", name
        assert too_long.json is not None
        assert [error["pointer"] for error in too_long.json["errors"]] == [f"/{name}"]


@pytest.mark.parametrize(
    ("pattern", "longest", "whole"),
    [(CNY_PATTERN, CNY_LENGTH_MAX, "9999999999.99"), (KG_PATTERN, KG_LENGTH_MAX, "9999999999.999")],
)
def test_money_and_weight_are_as_long_as_their_patterns(pattern: str, longest: int, whole: str) -> None:
    assert re.fullmatch(pattern, whole)
    assert len(whole) == longest
    for longer in (f"{whole}9", f"9{whole}"):
        assert re.fullmatch(pattern, longer) is None


def test_the_page_of_signing_in_says_how_long_a_session_lasts(stranger: Caller) -> None:
    hours = int(LIFETIME.total_seconds()) // 3600
    assert f"after {hours} hours" in stranger.get("/signin").text


def test_no_template_and_no_script_states_a_limit_of_its_own() -> None:
    stated = {
        "maxlength, minlength, pattern, min or max": r'\b(?:(?:max|min)length|pattern|min|max)[=:] ?"?\d',
        "a day": r"\b(?:19|20)\d\d-\d\d-\d\d\b",
        "the pattern of an id or a citizen number": r"R\[0-9\]|\\d\{1[78]\}|\[0-9\]\{1[78]\}",
        "a page's size": r"[?&]limit=\d",
    }
    found = [
        f"{path.name}: {what}"
        for path in [*TEMPLATES.glob("*.html"), *SCRIPTS]
        for what, pattern in stated.items()
        if re.search(pattern, _code(path.read_text("utf-8")))
    ]
    assert found == []


def _code(text: str) -> str:
    """A file without its comments, which may give examples."""
    return re.sub(r"^\s*(?://|\*|/\*\*).*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_a_browser_is_told_all_modules_of_a_page_at_once(stranger: Caller, page: str) -> None:
    """Each import of each module is told; those that are only loaded when they are needed are not."""
    told = modules_of(page)
    for name in {page, *told} - {MODULE}:
        text = (STATIC / f"{name}.js").read_text("utf-8")
        assert set(re.findall(r' from "\./([\w/]+)\.js"', text)) <= {page, *told}, name
    assert "vendor/qrcode" not in told
    shown = stranger.get(PAGES[page].address).text
    assert re.findall(r'<link rel="modulepreload" href="/static/([\w/]+)\.js">', shown) == told
