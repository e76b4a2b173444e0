"""The monthly bulletin: as data, as a workbook, and as a page that prints on A4 and needs nothing beside itself."""

import base64
import datetime
import hashlib
import importlib.resources
from functools import partial
from typing import Any

import orjson
from flask import Response, g, render_template

from service.demo.mark import is_demo
from service.http.api.reports import HTML_MEDIA_TYPE, XLSX_MEDIA_TYPE, Export, answer_report
from service.http.context import app_context
from service.http.routes import JSON_MEDIA_TYPE, Routes
from service.http.web.refusal_pages import TAGS
from service.queries.residents import name_groups
from service.rendering.bulletin import BulletinQuerySchema, BulletinSchema, Edition, bulletin_document, workbook_of
from service.rendering.bulletin.charts import LEFT, WIDTH, charts_of
from service.rendering.bulletin.sheets import BulletinCell, sheets_of
from service.rendering.bulletin.workbook import footer_of
from service.rendering.words import LANGUAGES, word

routes = Routes("Reports")

_STYLE = (importlib.resources.files("service.http.web") / "templates/bulletin.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@routes.get(
    "/v1/reports/bulletin",
    scope="reports:read",
    query=BulletinQuerySchema,
    answer=BulletinSchema,
    answers=(JSON_MEDIA_TYPE, HTML_MEDIA_TYPE, XLSX_MEDIA_TYPE),
)
def get_bulletin(query: dict[str, Any]) -> Response:
    """The monthly tables of a bureau, exact at one position; HTML prints on A4, XLSX has a sheet for each table."""
    lang = query["lang"]

    def edition() -> Edition:
        """Only for people: the JSON document needs nothing of it."""
        return Edition(lang, name_groups(app_context().ledger), is_demo(app_context().ledger))

    exports: dict[str, Export] = {
        JSON_MEDIA_TYPE: lambda document, _: orjson.dumps(document),
        HTML_MEDIA_TYPE: lambda document, _: _page_of(document, edition()),
        XLSX_MEDIA_TYPE: lambda document, _: workbook_of(document, edition()),
    }
    response = answer_report(
        query,
        lambda question, _: app_context().reporter.bulletin(question.period, g.today),
        lambda bulletin, position: bulletin_document(bulletin, g.today, position),
        exports,
    )
    if response.mimetype == HTML_MEDIA_TYPE:
        response.headers.update(_PAGE_HEADERS)
    return response


def _page_of(document: dict[str, Any], edition: Edition) -> bytes:
    lang = edition.lang
    return render_template(
        "bulletin.html",
        document=document,
        tag=TAGS[lang],
        word=partial(word, lang=lang),
        style=_STYLE,
        lang=lang,
        languages={each: word("language.name", each) for each in LANGUAGES},
        earlier=_month_before(document),
        later=_month_after(document),
        sheets=sheets_of(document, edition),
        charts=charts_of(document, lang),
        demo=edition.is_demo,
        footer=footer_of(document, edition),
        shown=_shown,
        width=WIDTH,
        left=LEFT,
    ).encode()


def _month_before(document: dict[str, Any]) -> str:
    """The month before. `previous_period` doesn't tell it: that of a month that is not over may begin earlier."""
    return f"{datetime.date.fromisoformat(document['period']['from']) - datetime.timedelta(days=1):%Y-%m}"


def _month_after(document: dict[str, Any]) -> str | None:
    """The next month, unless it has not begun. After the last month of the calendar there is none."""
    last = datetime.date.fromisoformat(document["period"]["to"])
    return f"{last + datetime.timedelta(days=1):%Y-%m}" if last < g.today else None


def _shown(cell: BulletinCell) -> str:
    """A value as it is printed: thousands apart, decimals as they are, a real minus."""
    if cell.value is None or cell.kind == "text":
        return cell.note if cell.value is None else str(cell.value)
    whole, dot, decimals = str(cell.value).partition(".")
    return f"{int(whole):,}{dot}{decimals}".replace("-", "−") if whole != "-0" else f"−0{dot}{decimals}"
