"""The monthly bulletin: as data, as a workbook, and as a page that prints on A4 and needs nothing beside itself."""

import base64
import hashlib
import importlib.resources
from functools import partial
from typing import Any

import orjson
from flask import Response, g, render_template

from schemas.bulletin import BulletinQuerySchema, BulletinSchema, bulletin_document, workbook_of
from schemas.bulletin.charts import LEFT, WIDTH, charts_of
from schemas.bulletin.sheets import Cell, sheets_of
from schemas.bulletin.words import word
from schemas.bulletin.workbook import footer_of
from service.demo.mark import is_demo
from service.http.market import market
from service.http.refusal_pages import TAGS
from service.http.reports import HTML_MEDIA_TYPE, XLSX_MEDIA_TYPE, Export, answer_report
from service.http.routes import JSON_MEDIA_TYPE, Routes

routes = Routes("Reports")

_STYLE = (importlib.resources.files("service.http") / "templates/bulletin.css").read_text("utf-8")
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
    exports: dict[str, Export] = {
        JSON_MEDIA_TYPE: lambda document, _: orjson.dumps(document),
        HTML_MEDIA_TYPE: lambda document, _: _page_of(document, lang),
        XLSX_MEDIA_TYPE: lambda document, _: workbook_of(document, lang, is_demo=is_demo(market().ledger)),
    }
    response = answer_report(
        query,
        lambda question, _: market().reporter.bulletin(question.period),
        lambda bulletin, position: bulletin_document(bulletin, g.today, position),
        exports,
    )
    if response.mimetype == HTML_MEDIA_TYPE:
        response.headers.update(_PAGE_HEADERS)
    return response


def _page_of(document: dict[str, Any], lang: str) -> bytes:
    demo = is_demo(market().ledger)
    return render_template(
        "bulletin.html",
        document=document,
        tag=TAGS[lang],
        word=partial(word, lang=lang),
        style=_STYLE,
        sheets=sheets_of(document, lang),
        charts=charts_of(document, lang),
        demo=demo,
        footer=footer_of(document, lang, is_demo=demo),
        shown=_shown,
        width=WIDTH,
        left=LEFT,
    ).encode()


def _shown(cell: Cell) -> str:
    """A value as it is printed: thousands apart, decimals as they are, a real minus."""
    if cell.value is None or cell.kind == "text":
        return cell.note if cell.value is None else str(cell.value)
    whole, dot, decimals = str(cell.value).partition(".")
    return f"{int(whole):,}{dot}{decimals}".replace("-", "−") if whole != "-0" else f"−0{dot}{decimals}"
